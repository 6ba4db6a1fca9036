#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

namespace scenecast {
namespace {

[[noreturn]] void fail(int code, const std::string& socket) {
  throw std::system_error(code, std::generic_category(), socket);
}

}  // namespace

void sendDatagram(const std::string& socket, const std::string& message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool isAbstract = !socket.empty() && socket[0] == '@';
  const bool isPath = !socket.empty() && socket[0] == '/';
  // A path needs its terminating zero; the length of an abstract name is that of the address.
  const size_t longest = sizeof(address.sun_path) - (isPath ? 1 : 0);
  if ((!isPath && !isAbstract) || socket.size() < 2 || socket.size() > longest) fail(EINVAL, socket);
  std::memcpy(address.sun_path, socket.data(), socket.size());
  if (isAbstract) address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (isPath ? 1 : 0));

  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail(errno, socket);
  const ssize_t sent = ::sendto(descriptor, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  const int code = errno;
  ::close(descriptor);
  if (sent < 0) fail(code, socket);
}

}  // namespace scenecast

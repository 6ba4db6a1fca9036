#include "wake.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "napi/error.h"

namespace scenecast {

Wake::Wake() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw Error("INTERNAL", "no descriptor is left for an eventfd");
}

Wake::~Wake() { close(descriptor_); }

void Wake::set() { eventfd_write(descriptor_, 1); }

void Wake::clear() {
  eventfd_t count;
  eventfd_read(descriptor_, &count);
}

bool Wake::isSet() const {
  pollfd entry{descriptor_, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

}  // namespace scenecast

// The protocol of sd_notify(3): one datagram to a Unix socket. Free of N-API.
#pragma once

#include <string>

namespace scenecast {

// Sends without waiting. `socket` is a path, or the name of an abstract socket after '@'.
// Throws std::system_error: EAGAIN if the receiver's queue is full, EINVAL for any other form of socket.
void sendDatagram(const std::string& socket, const std::string& message);

}  // namespace scenecast

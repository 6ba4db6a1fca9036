// The thread of one open device. Every call to the device is made here, so that a driver which hangs holds up nobody
// else; with nothing to do it sleeps. The thread is never waited for without a limit.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "wake.h"

namespace scenecast {

class DeviceThread {
 public:
  using Job = std::function<void()>;

  DeviceThread();
  // Ends the thread after the jobs it was given; does not wait for it.
  ~DeviceThread();
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  // Runs the job after those before it. A job must not throw.
  void post(Job job);
  // What a waiting job polls beside its device.
  const std::shared_ptr<Wake>& wake() const;
  // Asks the running job to stop and takes no more jobs; waits up to `limit` for the thread's end.
  bool end(std::chrono::milliseconds limit);

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace scenecast

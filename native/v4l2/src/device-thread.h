// The thread of one open device. It makes every call to the device, so that a driver that hangs blocks nothing else. It
// sleeps while it has no job, and nothing waits for it without a time limit.
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
  // Ends the thread after its pending jobs; does not wait for it.
  ~DeviceThread();
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  // Runs the job after those before it. A job must not throw.
  void post(Job job);
  // A waiting job polls this together with its device.
  const std::shared_ptr<Wake>& wake() const;
  // Asks the running job to stop and takes no more jobs; waits up to `limit` for the thread's end.
  bool end(std::chrono::milliseconds limit);

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace scenecast

#include "device-thread.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace scenecast {

// Also owned by the thread: one that hangs in its driver may outlive everything else.
struct DeviceThread::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool isEnding = false;
  bool hasEnded = false;
  std::shared_ptr<Wake> wake = std::make_shared<Wake>();
};

DeviceThread::DeviceThread() : state_(std::make_shared<State>()) {
  std::thread([state = state_] { run(state); }).detach();
}

DeviceThread::~DeviceThread() { end(std::chrono::milliseconds(0)); }

void DeviceThread::run(const std::shared_ptr<State>& state) {
  pthread_setname_np(pthread_self(), "v4l2-camera");  // shown by ps and top
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->changed.wait(lock, [&] { return state->isEnding || !state->jobs.empty(); });
    if (state->jobs.empty()) break;
    Job job = std::move(state->jobs.front());
    state->jobs.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
  state->hasEnded = true;
  state->changed.notify_all();
}

void DeviceThread::post(Job job) {
  const std::lock_guard lock(state_->mutex);
  if (state_->isEnding) return;
  state_->jobs.push_back(std::move(job));
  state_->changed.notify_all();
}

const std::shared_ptr<Wake>& DeviceThread::wake() const { return state_->wake; }

bool DeviceThread::end(std::chrono::milliseconds limit) {
  state_->wake->set();
  std::unique_lock lock(state_->mutex);
  state_->isEnding = true;
  state_->changed.notify_all();
  return state_->changed.wait_for(lock, limit, [&] { return state_->hasEnded; });
}

}  // namespace scenecast

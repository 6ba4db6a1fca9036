// The threads that compute graphs, kept from one graph to the next: without a pool, ggml creates and joins threads for
// every token and every square.
#pragma once

#include <algorithm>
#include <memory>

#include "ggml-backend.h"
#include "ggml.h"
#include "thread-limit.h"

namespace scenecast {

class ThreadPool {
 public:
  // `poll` is how long idle threads spin before they sleep: 0 (not at all) to 100. Throws BACKEND_MISSING, or
  // LOAD_FAILED if the threads cannot be created. Without `isLimited` all compute, whatever else runs.
  ThreadPool(int threads, int poll, bool isLimited);

  ggml_threadpool_t get() const { return pool_.get(); }

  // Returns work(count), which computes graphs on `count` of the threads: as many as wanted, or fewer while other
  // processes need the CPUs. One call at a time.
  template <typename Work>
  auto compute(int wanted, const Work& work) {
    if (!isLimited_) return work(wanted);
    const int count = std::min(wanted, limit_.threads());
    const Usage before = usage();
    const auto result = work(count);
    measured(count, before, usage());
    return result;
  }

 private:
  using Free = void (*)(ggml_threadpool_t);
  // Of this process.
  struct Usage {
    double wallMs;
    double cpuMs;
    long preemptions;
  };
  static Usage usage();
  void measured(int count, const Usage& before, const Usage& after);

  std::unique_ptr<ggml_threadpool, Free> pool_;
  const int max_;
  const bool isLimited_;
  ThreadLimit limit_;
};

}  // namespace scenecast

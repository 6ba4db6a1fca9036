// The threads that compute graphs, kept from one graph to the next: without a pool, ggml creates and joins threads for
// every token and every square.
#pragma once

#include <memory>

#include "ggml-backend.h"
#include "ggml.h"

namespace scenecast {

class ThreadPool {
 public:
  // `poll` is how long idle threads spin before they sleep: 0 (not at all) to 100. Throws BACKEND_MISSING, or
  // LOAD_FAILED if the threads cannot be created.
  ThreadPool(int threads, int poll);

  ggml_threadpool_t get() const { return pool_.get(); }

 private:
  using Free = void (*)(ggml_threadpool_t);
  std::unique_ptr<ggml_threadpool, Free> pool_;
};

}  // namespace scenecast

// How many threads may compute: fewer while other processes keep CPUs busy. After each operation ggml's threads wait
// for the slowest of them, spinning. So a thread that has lost its CPU holds up all others: with a thread for each of
// two CPUs, one other busy process costs three quarters of the speed, but only half of it with one thread.
#pragma once

namespace scenecast {

// What a computation took.
struct ComputeUse {
  int threads;
  double wallMs;
  double cpuMs;      // of all threads
  long preemptions;  // how often a thread lost its CPU to another process
};

// A policy without a clock of its own: the same measurements give the same limits.
class ThreadLimit {
 public:
  explicit ThreadLimit(int maxThreads) : max_(maxThreads), threads_(maxThreads) {}

  // Max. threads of the next computation.
  int threads() const { return threads_; }

  // Adds a computation on threads() threads or fewer. True: the limit has changed.
  bool add(const ComputeUse& use);

 private:
  bool change(int threads);

  // Sums since the limit was last judged.
  struct Window {
    double wallMs = 0;
    double threadMs = 0;  // threads x wallMs
    double cpuMs = 0;
    long preemptions = 0;
  };

  const int max_;
  int threads_;
  Window window_;
  double reducedMs_ = 0;  // computed since the limit was lowered
  double retryMs_ = 0;    // after how much of that all threads are tried again
};

}  // namespace scenecast

#include "thread-limit.h"

#include <algorithm>
#include <cmath>

namespace scenecast {
namespace {

// The limit is judged once in this time. Shorter, and a cron job looks like a busy process.
constexpr double kWindowMs = 100;
// Without other processes, threads lose up to 0.15 CPUs; another busy process takes half a CPU or more.
constexpr double kMaxLostCpus = 0.35;
// Longer than a time slice of the scheduler. Threads also wait idly, such as while a graph is built: a wait counts as
// lost only as far as preemptions can explain it.
constexpr double kSliceMs = 5;
// A try costs up to a third of a second where it fails, and is repeated ever more rarely.
constexpr double kFirstRetryMs = 200;
constexpr double kMaxRetryMs = 15000;

}  // namespace

bool ThreadLimit::add(const ComputeUse& use) {
  window_.wallMs += use.wallMs;
  window_.threadMs += use.threads * use.wallMs;
  window_.cpuMs += use.cpuMs;
  window_.preemptions += use.preemptions;
  if (threads_ < max_) reducedMs_ += use.wallMs;
  if (window_.wallMs < kWindowMs) return false;
  const Window window = window_;
  window_ = {};
  const double lostMs = std::min(window.threadMs - window.cpuMs, window.preemptions * kSliceMs);
  const double lostCpus = lostMs / window.wallMs;
  const double used = window.threadMs / window.wallMs;
  if (lostCpus > kMaxLostCpus && used > 1) {
    retryMs_ =
        threads_ < max_ || retryMs_ == 0 ? std::max(retryMs_, kFirstRetryMs) : std::min(retryMs_ * 2, kMaxRetryMs);
    return change(std::max(1, static_cast<int>(std::floor(used - lostCpus))));
  }
  if (threads_ == max_) {
    retryMs_ = 0;
    return false;
  }
  return reducedMs_ >= retryMs_ && change(max_);
}

bool ThreadLimit::change(int threads) {
  reducedMs_ = 0;
  if (threads == threads_) return false;
  threads_ = threads;
  return true;
}

}  // namespace scenecast

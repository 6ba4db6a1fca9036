#include "thread-pool.h"

#include <sys/resource.h>

#include <chrono>
#include <string>

#include "log.h"
#include "napi/error.h"

namespace scenecast {
namespace {

// The CPU module is loaded at run time, so its functions are looked up by name.
template <typename Function>
Function cpuFunction(const char* name) {
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) throw Error("BACKEND_MISSING", "no CPU module is loaded: call loadBackends first");
  void* address = ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
  if (address == nullptr) throw Error("BACKEND_MISSING", std::string("the CPU module has no ") + name);
  return reinterpret_cast<Function>(address);
}

}  // namespace

ThreadPool::ThreadPool(int threads, int poll, bool isLimited)
    : pool_(nullptr, cpuFunction<Free>("ggml_threadpool_free")), max_(threads), isLimited_(isLimited), limit_(threads) {
  ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  params.poll = static_cast<uint32_t>(poll);
  pool_.reset(cpuFunction<ggml_threadpool_t (*)(ggml_threadpool_params*)>("ggml_threadpool_new")(&params));
  if (!pool_) throw Error("LOAD_FAILED", std::to_string(threads) + " threads could not be created");
}

ThreadPool::Usage ThreadPool::usage() {
  using Ms = std::chrono::duration<double, std::milli>;
  rusage use = {};
  getrusage(RUSAGE_SELF, &use);
  const auto msOf = [](const timeval& time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; };
  return {Ms(std::chrono::steady_clock::now().time_since_epoch()).count(), msOf(use.ru_utime) + msOf(use.ru_stime),
          use.ru_nivcsw};
}

void ThreadPool::measured(int count, const Usage& before, const Usage& after) {
  if (!limit_.add(
          {count, after.wallMs - before.wallMs, after.cpuMs - before.cpuMs, after.preemptions - before.preemptions})) {
    return;
  }
  const std::string counts = std::to_string(limit_.threads()) + " of " + std::to_string(max_) + " threads";
  logLine("warn", limit_.threads() < max_ ? "other processes keep CPUs busy: computing on " + counts
                                          : "computing on " + counts + " again");
}

}  // namespace scenecast

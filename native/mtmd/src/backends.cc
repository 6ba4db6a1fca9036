#include "backends.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <mutex>

#include "ggml-backend.h"
#include "napi/error.h"

namespace scenecast {
namespace {

std::mutex loadMutex;
std::string loadedPath;

bool isDirectory(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

void loadBackends(const std::string& path) {
  const std::lock_guard<std::mutex> lock(loadMutex);
  if (!loadedPath.empty()) {
    if (path == loadedPath) return;
    throw Error("BACKEND_LOADED", "the CPU module of " + loadedPath + " is loaded: it cannot be replaced by " + path);
  }
  if (isDirectory(path)) {
    ggml_backend_load_all_from_path(path.c_str());
  } else {
    ggml_backend_load(path.c_str());
  }
  if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
    throw Error("BACKEND_MISSING", "no CPU module could be loaded from " + path);
  }
  loadedPath = path;
}

CpuBackend cpuBackend() {
  ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) throw Error("BACKEND_MISSING", "no CPU module is loaded: call loadBackends first");
  CpuBackend result;
  result.name = ggml_backend_dev_description(device);
  ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(device);
  void* address = ggml_backend_reg_get_proc_address(registry, "ggml_backend_get_features");
  if (address == nullptr) return result;
  Dl_info library;
  if (dladdr(address, &library) != 0 && library.dli_fname != nullptr) result.module = library.dli_fname;
  auto* getFeatures = reinterpret_cast<ggml_backend_get_features_t>(address);
  for (auto* feature = getFeatures(registry); feature != nullptr && feature->name != nullptr; feature++) {
    result.features.emplace_back(feature->name, feature->value);
  }
  return result;
}

}  // namespace scenecast

// ggml's CPU kernels are modules that are loaded at run time, once per process.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace scenecast {

struct CpuBackend {
  std::string module;                                         // path of the loaded module
  std::string name;                                           // of the processor
  std::vector<std::pair<std::string, std::string>> features;  // e.g. {"AVX2", "1"}: compiled in and usable
};

// Loads the module `path`, or, if `path` is a folder, the module of that folder that suits the processor best.
// The same path again is a no-op. Throws BACKEND_MISSING if nothing could be loaded, BACKEND_LOADED if another
// path was loaded before (two CPU modules in one process do not mix).
void loadBackends(const std::string& path);

// Throws BACKEND_MISSING if no CPU module is loaded.
CpuBackend cpuBackend();

}  // namespace scenecast

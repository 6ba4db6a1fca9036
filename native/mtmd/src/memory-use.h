// What a model takes of the memory, in bytes, by what it is for.
#pragma once

#include <cstdint>

namespace scenecast {

struct MemoryUse {
  uint64_t weights = 0;          // of the text model, as they lie in the file
  uint64_t repackedWeights = 0;  // of the text model, copied into the order the CPU's kernels want
  uint64_t context = 0;          // the KV cache, or what a recurrent model has instead
  uint64_t compute = 0;          // the text model's largest graph
  uint64_t vision = 0;           // weights and graph; the graph is there from the first picture on
};

}  // namespace scenecast

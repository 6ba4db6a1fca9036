// Memory use of a model in bytes, by purpose.
#pragma once

#include <cstdint>

namespace scenecast {

struct MemoryUse {
  uint64_t weights = 0;          // of the text model, as stored in the file
  uint64_t repackedWeights = 0;  // of the text model, copied into the order the CPU's kernels want
  uint64_t context = 0;          // the KV cache, or a recurrent model's state
  uint64_t compute = 0;          // the text model's largest graph
  uint64_t vision = 0;           // weights and graph; the graph is allocated by the first picture
};

}  // namespace scenecast

// llama.cpp's own quantiser: one GGUF file in, another out.
#pragma once

#include <string>

#include "load-options.h"

namespace scenecast {

struct QuantizeOptions {
  std::string inputPath;   // text model or mmproj, F32, F16 or BF16
  std::string outputPath;  // overwritten
  std::string type;        // as llama-quantize names it, e.g. "Q4_K_M"
  int threads = 1;
};

// Blocks until the file is written. Throws INVALID_ARGUMENT (a path that is not absolute, both the same, an unknown
// type), what GgufFile throws of the input, or QUANTIZE_FAILED; after an error the file at `outputPath` is unusable.
void quantize(const QuantizeOptions& options, const ProgressCallback& onProgress);

}  // namespace scenecast

// Options for loading an engine. Plain data; the code that uses a value checks it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "llama.h"

namespace scenecast {

// Called with the fraction loaded (0 to 1), on the thread that loads.
using ProgressCallback = std::function<void(double fraction)>;

struct LoadOptions {
  std::string textPath;
  std::string mmprojPath;
  uint32_t contextSize = 4096;  // positions
  uint32_t batchSize = 2048;    // max. positions per call of llama_decode
  uint32_t ubatchSize = 576;    // max. positions computed at once: a LLaVA tile is not split
  int threads = 4;              // while generating token by token
  int threadsBatch = 4;         // while encoding and prefilling
  bool limitThreads = true;     // compute on fewer threads while other processes keep CPUs busy
  int poll = 0;                 // how long idle threads spin before they sleep, 0 to 100
  llama_flash_attn_type flashAttention = LLAMA_FLASH_ATTN_TYPE_AUTO;
  llama_flash_attn_type visionFlashAttention = LLAMA_FLASH_ATTN_TYPE_AUTO;
  int imageMaxTokens = 0;  // of a picture, where the model leaves a choice; 0: the model's own limit
  int imageMaxTiles = 0;  // of a picture, besides its overview, where the model cuts tiles; 1: none; 0: the model's own
  ggml_type kvType = GGML_TYPE_F16;
  bool repack = true;  // weights are copied into the order the CPU's kernels want, where there is one
  bool useMmap = true;
  bool useMlock = false;
  // Loads the files' headers but no weights, to plan with: the engine reports counts and sizes, and cannot decode.
  bool noAlloc = false;
};

}  // namespace scenecast

// What determines how many operations a transformer takes, from the header of its file.
#pragma once

#include <cstdint>
#include <string>

#include "gguf-file.h"

namespace scenecast {

struct TransformerShape {
  int blocks = 0;
  int attentionWidth = 0;  // of all heads
  uint64_t weights = 0;    // of all blocks' matrices
  std::string weightType;  // of most of them, e.g. "q8_0"; empty if there are none
};

TransformerShape textShape(const GgufFile& text);
TransformerShape towerShape(const GgufFile& mmproj);

// Of the matrices between tower and language model.
uint64_t projectorWeights(const GgufFile& mmproj);

}  // namespace scenecast

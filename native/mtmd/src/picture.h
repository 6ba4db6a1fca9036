// Pictures for models whose embeddings Scenecast does not arrange itself: libmtmd cuts the picture and adds the text
// between its parts, and each part is encoded and decoded in turn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text-decoder.h"
#include "vision-tower.h"

namespace scenecast {

struct PictureInput {
  std::string before;  // text; may be empty
  bool addSpecial = false;
  std::vector<uint8_t> rgb;  // height x width x 3 bytes
  int width = 0;
  int height = 0;
};

struct PictureTokens {
  int image = 0;   // embeddings
  int prompt = 0;  // text before the picture, and the picture's delimiters
  double packMs = 0;
  double encodeMs = 0;
};

// Appends text and picture to the sequence. Throws CONTEXT_FULL before anything is encoded, INVALID_ARGUMENT,
// ENCODE_FAILED, CANCELLED or DECODE_FAILED; after any error the sequence is the same as before the call, or empty if
// the model cannot roll back.
PictureTokens decodePicture(TextDecoder& text, VisionTower& vision, const PictureInput& input);

// Cells of the context that a picture takes, its delimiters included. Throws INVALID_ARGUMENT or ENCODE_FAILED.
int countPictureTokens(const VisionTower& vision, int width, int height);

// Patches of each square that the tower encodes for a picture. Throws INVALID_ARGUMENT or ENCODE_FAILED.
std::vector<int32_t> countPatches(const VisionTower& vision, int width, int height);

}  // namespace scenecast

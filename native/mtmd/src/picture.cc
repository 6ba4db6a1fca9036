#include "picture.h"

#include <chrono>

#include "napi/error.h"

namespace scenecast {
namespace {

using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

bool isText(const mtmd_input_chunk* chunk) { return mtmd_input_chunk_get_type(chunk) == MTMD_INPUT_CHUNK_TYPE_TEXT; }

PictureTokens count(const mtmd::input_chunks& chunks) {
  PictureTokens tokens;
  for (size_t i = 0; i < chunks.size(); i++) {
    const auto size = static_cast<int>(mtmd_input_chunk_get_n_tokens(chunks[i]));
    (isText(chunks[i]) ? tokens.prompt : tokens.image) += size;
  }
  return tokens;
}

// As libmtmd's mtmd_helper_decode_image_chunk places them.
std::vector<llama_pos> gridPositions(const mtmd_input_chunk* chunk, int start, size_t size) {
  const mtmd_image_tokens* tokens = mtmd_input_chunk_get_tokens_image(chunk);
  std::vector<llama_pos> positions(size * 4);
  for (size_t i = 0; i < size; i++) {
    const mtmd_decoder_pos position = mtmd_image_tokens_get_decoder_pos(tokens, start, i);
    positions[i] = static_cast<llama_pos>(position.t);
    positions[i + size] = static_cast<llama_pos>(position.y);
    positions[i + size * 2] = static_cast<llama_pos>(position.x);
    positions[i + size * 3] = static_cast<llama_pos>(position.z);
  }
  return positions;
}

void decodeText(TextDecoder& text, const mtmd_input_chunk* chunk) {
  size_t size = 0;
  const llama_token* tokens = mtmd_input_chunk_get_tokens_text(chunk, &size);
  if (size > 0) text.decodeTokens({tokens, tokens + size}, false);
}

void decodeImage(TextDecoder& text, const VisionTower& vision, const mtmd_input_chunk* chunk, const float* values) {
  const size_t size = mtmd_input_chunk_get_n_tokens(chunk);
  ImageRows rows;
  rows.values = values;
  rows.count = static_cast<int>(size);
  if (text.positionsPerEmbedding() > 1) rows.positions = gridPositions(chunk, text.position(), size);
  rows.advance = mtmd_input_chunk_get_n_pos(chunk);
  rows.nonCausal = vision.isNonCausal(chunk);
  text.decodeImage(rows);
}

}  // namespace

PictureTokens decodePicture(TextDecoder& text, VisionTower& vision, const PictureInput& input) {
  const auto start = Clock::now();
  const mtmd::input_chunks chunks(
      vision.layOut(input.before, input.addSpecial, &input.rgb, input.width, input.height).release());
  PictureTokens tokens = count(chunks);
  tokens.packMs = msSince(start);
  const int needed = tokens.image + tokens.prompt;
  if (needed > text.contextSize() - text.usedCells()) {
    throw Error("CONTEXT_FULL", std::to_string(text.usedCells()) + " positions are used and " + std::to_string(needed) +
                                    " are needed, the context holds " + std::to_string(text.contextSize()));
  }
  const int before = text.position();
  try {
    for (size_t i = 0; i < chunks.size(); i++) {
      if (isText(chunks[i])) {
        decodeText(text, chunks[i]);
        continue;
      }
      const auto encodeStart = Clock::now();
      const float* values = vision.encode(chunks[i]);
      tokens.encodeMs += msSince(encodeStart);
      decodeImage(text, vision, chunks[i], values);
    }
  } catch (...) {
    text.rollBack(before);
    throw;
  }
  text.checkpoint();
  return tokens;
}

int countPictureTokens(const VisionTower& vision, int width, int height) {
  const PictureTokens tokens = count(vision.layOut("", false, nullptr, width, height).release());
  return tokens.image + tokens.prompt;
}

std::vector<int32_t> countPatches(const VisionTower& vision, int width, int height) {
  const auto pixelsOfPatch =
      static_cast<size_t>(vision.info().patchSize) * static_cast<size_t>(vision.info().patchSize);
  const mtmd::input_chunks chunks(vision.layOut("", false, nullptr, width, height).release());
  std::vector<int32_t> patches;
  for (size_t i = 0; i < chunks.size(); i++) {
    if (isText(chunks[i])) continue;
    const mtmd_image_tokens* tokens = mtmd_input_chunk_get_tokens_image(chunks[i]);
    for (size_t index = 0; const size_t pixels = mtmd_image_tokens_get_n_pixels(tokens, index); index++) {
      patches.push_back(static_cast<int32_t>(pixels / pixelsOfPatch));
    }
  }
  return patches;
}

}  // namespace scenecast

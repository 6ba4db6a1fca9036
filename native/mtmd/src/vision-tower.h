// The vision encoder and projector: pixels in, embeddings for the language model out. The caller decides
// how an image is cut and how its embeddings are arranged.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "load-options.h"
#include "mtmd.h"
#include "thread-pool.h"

namespace scenecast {

struct VisionInfo {
  std::string projectorType;                       // e.g. "mlp"
  int imageSize = 0;                               // side of the square the encoder sees, pixels
  int patchSize = 0;                               // side of a patch, pixels
  std::string mergeType;                           // "spatial_unpad" or "flat"
  std::vector<std::pair<int, int>> gridPinpoints;  // {width, height} of the canvases a frame may be fitted to
  std::array<float, 3> mean = {};                  // of the normalised red, green and blue, 0 to 1
  std::array<float, 3> standardDeviation = {};
  bool usesMrope = false;   // the text model wants 2-D positions for images
  bool nonCausal = false;   // image embeddings want non-causal attention
  bool takesLimit = false;  // LoadOptions::imageMaxTokens or imageMaxTiles has an effect
  bool hasClassAttention = false;
};

struct AttendedTile {
  std::vector<float> embeddings;  // patches x width
  // The class token's attention to each patch in the last block that runs, the mean over the heads; its attention to
  // itself is what they lack of 1.
  std::vector<float> classAttention;
};

class VisionTower {
 public:
  // `model` and `cancelled` must outlive this. Throws LOAD_FAILED, or CANCELLED.
  VisionTower(const LoadOptions& options, const llama_model* model, const std::atomic<bool>& cancelled,
              const ProgressCallback& onProgress);

  // Replaces the threads that encoding computes on; `threads` must outlive this.
  void computeOn(ThreadPool& threads);

  const VisionInfo& info() const { return info_; }

  // Pillow's resize with the model's filter (bicubic), exact to the bit. `rgb` is width x height x 3 bytes.
  // Throws INVALID_ARGUMENT.
  std::vector<uint8_t> resize(const std::vector<uint8_t>& rgb, int width, int height, int toWidth, int toHeight) const;

  // Encodes one square of imageSize x imageSize x 3 bytes into patches x width floats, row by row.
  // Throws INVALID_ARGUMENT, CANCELLED or ENCODE_FAILED.
  std::vector<float> encodeTile(const std::vector<uint8_t>& rgb);
  // The same embeddings, and what the class token attends to. Throws NO_CLASS_ATTENTION, or what encodeTile() throws.
  AttendedTile encodeAttendedTile(const std::vector<uint8_t>& rgb);

  // `before` and the picture as libmtmd lays them out for this model: text chunks (with the delimiters of slices and
  // rows) and image chunks. Without `rgb` the chunks can be counted, not encoded. Throws INVALID_ARGUMENT or
  // ENCODE_FAILED.
  mtmd::input_chunks_ptr layOut(const std::string& before, bool addSpecial, const std::vector<uint8_t>* rgb, int width,
                                int height) const;
  // The embeddings of an image chunk that has pixels, valid until the next call. Throws CANCELLED or ENCODE_FAILED.
  const float* encode(const mtmd_input_chunk* chunk);
  // Whether a chunk needs non-causal attention.
  bool isNonCausal(const mtmd_input_chunk* chunk) const;
  uint64_t memory() const;
  // Number of embeddings that must be decoded at once: 1 if chunks can be split.
  int largestChunk() const;

 private:
  void limitPictures(int maxTokens, int maxTiles);

  const bool noAlloc_;
  const int maxThreads_;
  ThreadPool* pool_ = nullptr;
  const std::atomic<bool>& cancelled_;
  size_t width_ = 0;
  mtmd::context_ptr context_;
  VisionInfo info_;
};

}  // namespace scenecast

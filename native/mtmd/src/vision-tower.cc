#include "vision-tower.h"

#include <algorithm>
#include <cmath>

#include "clip-impl.h"
#include "clip-model.h"
#include "log.h"
#include "mtmd-image.h"
#include "napi/error.h"

namespace scenecast {
namespace {

constexpr int kMaxSide = 65536;  // libmtmd's own limit for a resize

VisionInfo describe(mtmd_context* context) {
  const clip_ctx* clip = mtmd_get_vision_clip_ctx(context);
  const clip_hparams& parameters = *clip_get_hparams(clip);
  VisionInfo info;
  const projector_type type = clip_get_projector_type(clip);
  // libmtmd finds this one by its tensors in files that say mlp, and has no name for it.
  info.projectorType = type == PROJECTOR_TYPE_MLP_NORM ? "mlp_norm" : PROJECTOR_TYPE_NAMES[type];
  info.imageSize = parameters.image_size;
  info.patchSize = parameters.patch_size;
  info.mergeType = clip_patch_merge_type(clip);
  for (const auto& size : parameters.image_res_candidates) info.gridPinpoints.emplace_back(size.width, size.height);
  for (size_t i = 0; i < 3; i++) {
    info.mean[i] = parameters.image_mean[i];
    info.standardDeviation[i] = parameters.image_std[i];
  }
  info.hasClassAttention = clip_has_class_attention(clip);
  info.usesMrope = mtmd_decode_use_mrope(context);
  info.nonCausal = mtmd_decode_use_non_causal(context, nullptr);
  return info;
}

void checkSize(int width, int height) {
  if (width <= 0 || height <= 0 || width > kMaxSide || height > kMaxSide) {
    throw Error("INVALID_ARGUMENT", std::to_string(width) + "x" + std::to_string(height) + " is not an image size");
  }
}

void checkPixels(const std::vector<uint8_t>& rgb, int width, int height) {
  checkSize(width, height);
  const size_t expected = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
  if (rgb.size() != expected) {
    throw Error("INVALID_ARGUMENT", "an RGB image of " + std::to_string(width) + "x" + std::to_string(height) +
                                        " has " + std::to_string(expected) + " bytes, not " +
                                        std::to_string(rgb.size()));
  }
}

void limitTiles(clip_hparams& parameters, bool isSmolVlm, int maxTiles) {
  const int side = parameters.image_size;
  if (isSmolVlm) {
    // A square picture has the most tiles.
    const int perSide = std::max(1, static_cast<int>(std::sqrt(maxTiles)));
    parameters.image_longest_edge = std::min(parameters.image_longest_edge, perSide * side);
    return;
  }
  const int own = parameters.preproc_max_tiles;
  parameters.preproc_max_tiles = own > 0 ? std::min(own, maxTiles) : maxTiles;
  auto& canvases = parameters.image_res_candidates;
  canvases.erase(std::remove_if(canvases.begin(), canvases.end(),
                                [&](const clip_image_size& canvas) {
                                  return (canvas.width / side) * (canvas.height / side) > maxTiles;
                                }),
                 canvases.end());
}

}  // namespace

VisionTower::VisionTower(const LoadOptions& options, const llama_model* model, const std::atomic<bool>& cancelled,
                         const ProgressCallback& onProgress)
    : noAlloc_(options.noAlloc),
      maxThreads_(options.threadsBatch),
      cancelled_(cancelled),
      width_(static_cast<size_t>(llama_model_n_embd_inp(model))) {
  struct Progress {
    const std::atomic<bool>& cancelled;
    const ProgressCallback& tell;
  } progress{cancelled, onProgress};

  mtmd_context_params params = mtmd_context_params_default();
  params.use_gpu = false;
  params.print_timings = false;
  params.repack = options.repack;
  params.warmup = options.noAlloc;  // computes nothing: it measures the graph, as otherwise the first picture does
  params.n_threads = options.threadsBatch;
  params.flash_attn_type = options.visionFlashAttention;
  params.progress_callback_user_data = &progress;
  params.progress_callback = [](float fraction, void* data) {
    const auto& target = *static_cast<Progress*>(data);
    target.tell(fraction);
    return !target.cancelled.load();
  };
  const ErrorCapture errors;
  const auto init = options.noAlloc ? mtmd_init_without_weights : mtmd_init_from_file;
  context_.reset(init(options.mmprojPath.c_str(), model, params));
  if (cancelled) throw Error("CANCELLED", "loading " + options.mmprojPath + " was cancelled");
  if (!context_) throw Error("LOAD_FAILED", options.mmprojPath + ": " + errors.text("libmtmd could not load it"));
  clip_ctx* clip = mtmd_get_vision_clip_ctx(context_.get());
  if (clip == nullptr) throw Error("NO_VISION", options.mmprojPath + " is a projector without a vision encoder");
  info_ = describe(context_.get());
  limitPictures(options.imageMaxTokens, options.imageMaxTiles);
  clip_set_abort_callback(
      clip, [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load(); },
      const_cast<std::atomic<bool>*>(&cancelled_));
}

void VisionTower::computeOn(ThreadPool& threads) {
  clip_set_threadpool(mtmd_get_vision_clip_ctx(context_.get()), threads.get());
  pool_ = &threads;
}

std::vector<uint8_t> VisionTower::resize(const std::vector<uint8_t>& rgb, int width, int height, int toWidth,
                                         int toHeight) const {
  checkPixels(rgb, width, height);
  if (toWidth <= 0 || toHeight <= 0 || toWidth > kMaxSide || toHeight > kMaxSide) {
    throw Error("INVALID_ARGUMENT", "cannot resize to " + std::to_string(toWidth) + "x" + std::to_string(toHeight));
  }
  clip_image_u8 image;
  image.set_size({width, height}, /*is_placeholder=*/false);
  image.cpy_buf(rgb);
  // Instructions without slices: libmtmd only stretches the image to the "overview" size.
  mtmd_image_preprocessor_llava_uhd::slice_instructions instructions = {};
  instructions.overview_size = {toWidth, toHeight};
  const mtmd_image_preprocessor_llava_uhd preprocessor(mtmd_get_vision_clip_ctx(context_.get()));
  return preprocessor.slice_image(image, instructions).overview.get_ro_buf();
}

std::vector<float> VisionTower::encodeTile(const std::vector<uint8_t>& rgb) {
  checkPixels(rgb, info_.imageSize, info_.imageSize);
  const auto side = static_cast<uint32_t>(info_.imageSize);
  const mtmd::bitmap bitmap(side, side, rgb.data());
  const mtmd_bitmap* bitmaps[] = {bitmap.ptr.get()};
  const std::string marker = mtmd_get_marker(context_.get());
  const mtmd_input_text text = {marker.c_str(), marker.size(), /*add_special=*/false, /*parse_special=*/false};
  const mtmd::input_chunks chunks(mtmd_input_chunks_init());
  {
    const ErrorCapture errors;
    // A bitmap no larger than the encoder's square becomes one image chunk, unsliced and unscaled.
    if (mtmd_tokenize(context_.get(), chunks.ptr.get(), &text, bitmaps, 1) != 0 || chunks.size() != 1 ||
        mtmd_input_chunk_get_type(chunks[0]) != MTMD_INPUT_CHUNK_TYPE_IMAGE) {
      throw Error("ENCODE_FAILED", errors.text("libmtmd does not take the tile as one image"));
    }
  }
  const float* values = encode(chunks[0]);
  return {values, values + mtmd_input_chunk_get_n_tokens(chunks[0]) * width_};
}

AttendedTile VisionTower::encodeAttendedTile(const std::vector<uint8_t>& rgb) {
  if (!info_.hasClassAttention) {
    throw Error("NO_CLASS_ATTENTION",
                "the projector (" + info_.projectorType + ") is not LLaVA's (mlp), or its tower has no class token");
  }
  clip_ctx* clip = mtmd_get_vision_clip_ctx(context_.get());
  struct Wanted {
    clip_ctx* clip;
    explicit Wanted(clip_ctx* wanting) : clip(wanting) { clip_want_class_attention(clip, true); }
    ~Wanted() { clip_want_class_attention(clip, false); }
  } const wanted(clip);
  std::vector<float> embeddings = encodeTile(rgb);
  return {std::move(embeddings), clip_class_attention(clip)};
}

const float* VisionTower::encode(const mtmd_input_chunk* chunk) {
  if (noAlloc_) throw Error("NO_WEIGHTS", "the model was loaded without its weights: it encodes nothing");
  const ErrorCapture errors;
  if (cancelled_) throw Error("CANCELLED", "the encode was cancelled");
  const int status = pool_->compute(maxThreads_, [&](int count) {
    mtmd_set_n_threads(context_.get(), count);
    return mtmd_encode_chunk(context_.get(), chunk);
  });
  if (cancelled_) throw Error("CANCELLED", "the encode was cancelled");
  if (status != 0) throw Error("ENCODE_FAILED", errors.text("libmtmd could not encode the picture"));
  return mtmd_get_output_embd(context_.get());
}

mtmd::input_chunks_ptr VisionTower::layOut(const std::string& before, bool addSpecial, const std::vector<uint8_t>* rgb,
                                           int width, int height) const {
  checkSize(width, height);
  if (rgb != nullptr) checkPixels(*rgb, width, height);
  const mtmd::bitmap bitmap(static_cast<uint32_t>(width), static_cast<uint32_t>(height),
                            rgb == nullptr ? nullptr : rgb->data());
  const mtmd_input_text text = {before.c_str(), before.size(), /*add_special=*/false, /*parse_special=*/true};
  const mtmd_input_part textPart = {&text, nullptr};
  const mtmd_input_part picturePart = {nullptr, bitmap.ptr.get()};
  const mtmd_input_part* parts[] = {&textPart, &picturePart};
  const size_t skipped = before.empty() ? 1 : 0;
  mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
  const ErrorCapture errors;
  if (mtmd_tokenize_from_parts(context_.get(), chunks.get(), parts + skipped, 2 - skipped, addSpecial) != 0) {
    throw Error("ENCODE_FAILED", errors.text("libmtmd cannot lay out the picture"));
  }
  return chunks;
}

uint64_t VisionTower::memory() const {
  uint64_t bytes = 0;
  for (const auto& [device, size] : clip_get_mem_usage(mtmd_get_vision_clip_ctx(context_.get()))) bytes += size;
  return bytes;
}

bool VisionTower::isNonCausal(const mtmd_input_chunk* chunk) const {
  return mtmd_decode_use_non_causal(context_.get(), chunk);
}

int VisionTower::largestChunk() const {
  if (!info_.nonCausal) return 1;
  // libmtmd reports no upper bound. The token counts of large pictures of several shapes give one, as libmtmd fits each
  // to its limits.
  size_t largest = 1;
  for (const auto& [width, height] :
       {std::pair(info_.imageSize, info_.imageSize), std::pair(4096, 4096), std::pair(4096, 2304),
        std::pair(2304, 4096), std::pair(8192, 1024), std::pair(1024, 8192)}) {
    const mtmd::input_chunks chunks(layOut("", false, nullptr, width, height).release());
    for (size_t i = 0; i < chunks.size(); i++) {
      if (mtmd_input_chunk_get_type(chunks[i]) != MTMD_INPUT_CHUNK_TYPE_IMAGE) continue;
      largest = std::max(largest, mtmd_input_chunk_get_n_tokens(chunks[i]));
    }
  }
  return static_cast<int>(largest);
}

void VisionTower::limitPictures(int maxTokens, int maxTiles) {
  clip_ctx* clip = mtmd_get_vision_clip_ctx(context_.get());
  // The object behind the const pointer is not const, and the preprocessors read it for each picture.
  auto& parameters = const_cast<clip_hparams&>(*clip_get_hparams(clip));
  const projector_type type = clip_get_projector_type(clip);
  const bool isSmolVlm = type == PROJECTOR_TYPE_IDEFICS3 && parameters.image_longest_edge > 0;
  const bool hasTiles =
      isSmolVlm || type == PROJECTOR_TYPE_LFM2 || type == PROJECTOR_TYPE_INTERNVL || type == PROJECTOR_TYPE_MINICPMV;
  info_.takesLimit = hasTiles || parameters.image_max_pixels > 0;
  if (hasTiles) {
    if (maxTiles > 0) limitTiles(parameters, isSmolVlm, maxTiles);
    return;
  }
  if (!info_.takesLimit || maxTokens <= 0) return;
  // libmtmd's own image_max_tokens replaces a model's limit, and so may raise it; this only lowers it.
  const int64_t area = int64_t{parameters.patch_size} * parameters.patch_size * parameters.n_merge * parameters.n_merge;
  const int64_t pixels = std::min<int64_t>(parameters.image_max_pixels, maxTokens * std::max<int64_t>(area, 1));
  parameters.image_max_pixels = static_cast<int>(pixels);
  parameters.image_min_pixels = std::min(parameters.image_min_pixels, parameters.image_max_pixels);
}

}  // namespace scenecast

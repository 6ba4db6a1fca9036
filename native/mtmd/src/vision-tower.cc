#include "vision-tower.h"

#include "clip-impl.h"
#include "clip-model.h"
#include "error.h"
#include "log.h"
#include "mtmd-image.h"

namespace scenecast {
namespace {

constexpr int kMaxSide = 65536;  // libmtmd's own limit for a resize

VisionInfo describe(mtmd_context* context) {
  const clip_ctx* clip = mtmd_get_vision_clip_ctx(context);
  const clip_hparams& parameters = *clip_get_hparams(clip);
  VisionInfo info;
  info.projectorType = PROJECTOR_TYPE_NAMES[clip_get_projector_type(clip)];
  info.imageSize = parameters.image_size;
  info.patchSize = parameters.patch_size;
  info.mergeType = clip_patch_merge_type(clip);
  for (const auto& size : parameters.image_res_candidates) info.gridPinpoints.emplace_back(size.width, size.height);
  for (size_t i = 0; i < 3; i++) {
    info.mean[i] = parameters.image_mean[i];
    info.standardDeviation[i] = parameters.image_std[i];
  }
  info.usesMrope = mtmd_decode_use_mrope(context);
  info.nonCausal = mtmd_decode_use_non_causal(context, nullptr);
  return info;
}

void checkPixels(const std::vector<uint8_t>& rgb, int width, int height) {
  if (width <= 0 || height <= 0 || width > kMaxSide || height > kMaxSide) {
    throw Error("INVALID_ARGUMENT", std::to_string(width) + "x" + std::to_string(height) + " is not an image size");
  }
  const size_t expected = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
  if (rgb.size() != expected) {
    throw Error("INVALID_ARGUMENT", "an RGB image of " + std::to_string(width) + "x" + std::to_string(height) +
                                        " has " + std::to_string(expected) + " bytes, not " +
                                        std::to_string(rgb.size()));
  }
}

}  // namespace

VisionTower::VisionTower(const LoadOptions& options, const llama_model* model, const std::atomic<bool>& cancelled,
                         const ProgressCallback& onProgress)
    : cancelled_(cancelled), width_(static_cast<size_t>(llama_model_n_embd_inp(model))) {
  struct Progress {
    const std::atomic<bool>& cancelled;
    const ProgressCallback& tell;
  } progress{cancelled, onProgress};

  mtmd_context_params params = mtmd_context_params_default();
  params.use_gpu = false;
  params.print_timings = false;
  params.warmup = false;
  params.n_threads = options.threadsBatch;
  params.flash_attn_type = options.visionFlashAttention;
  params.progress_callback_user_data = &progress;
  params.progress_callback = [](float fraction, void* data) {
    const auto& target = *static_cast<Progress*>(data);
    target.tell(fraction);
    return !target.cancelled.load();
  };
  const ErrorCapture errors;
  context_.reset(mtmd_init_from_file(options.mmprojPath.c_str(), model, params));
  if (cancelled) throw Error("CANCELLED", "loading " + options.mmprojPath + " was cancelled");
  if (!context_) throw Error("LOAD_FAILED", options.mmprojPath + ": " + errors.text("libmtmd could not load it"));
  clip_ctx* clip = mtmd_get_vision_clip_ctx(context_.get());
  if (clip == nullptr) throw Error("NO_VISION", options.mmprojPath + " is a projector without a vision encoder");
  info_ = describe(context_.get());
  clip_set_abort_callback(
      clip, [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load(); },
      const_cast<std::atomic<bool>*>(&cancelled_));
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
  const ErrorCapture errors;
  // A bitmap no larger than the encoder's square becomes one image chunk, unsliced and unscaled.
  if (mtmd_tokenize(context_.get(), chunks.ptr.get(), &text, bitmaps, 1) != 0 || chunks.size() != 1 ||
      mtmd_input_chunk_get_type(chunks[0]) != MTMD_INPUT_CHUNK_TYPE_IMAGE) {
    throw Error("ENCODE_FAILED", errors.text("libmtmd does not take the tile as one image"));
  }
  if (cancelled_) throw Error("CANCELLED", "the encode was cancelled");
  const int status = mtmd_encode_chunk(context_.get(), chunks[0]);
  if (cancelled_) throw Error("CANCELLED", "the encode was cancelled");
  if (status != 0) throw Error("ENCODE_FAILED", errors.text("libmtmd could not encode the tile"));
  const float* values = mtmd_get_output_embd(context_.get());
  return {values, values + mtmd_input_chunk_get_n_tokens(chunks[0]) * width_};
}

}  // namespace scenecast

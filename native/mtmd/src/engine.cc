#include "engine.h"

#include <algorithm>

#include "build-info.h"
#include "gguf-file.h"
#include "napi/error.h"

namespace scenecast {
namespace {

// Published files (llama.cpp's legacy converter) call it model.image_newline, v0.5.0 looks for v.image_newline.
std::vector<float> readImageNewline(const GgufFile& mmproj, int width) {
  for (const char* name : {"v.image_newline", "model.image_newline"}) {
    if (!mmproj.hasTensor(name)) continue;
    auto values = mmproj.values(name);
    if (values.size() != static_cast<size_t>(width)) {
      throw Error("WIDTH_MISMATCH", mmproj.path() + ": " + name + " has " + std::to_string(values.size()) +
                                        " values, the text model's embeddings have " + std::to_string(width));
    }
    return values;
  }
  return {};
}

}  // namespace

Engine::Engine(const LoadOptions& options, const ProgressCallback& onProgress, const std::atomic<bool>& stop) {
  info_.cpu = cpuBackend();
  const ModelFiles files(options.textPath, options.mmprojPath);
  const double total = static_cast<double>(files.text.sizeBytes() + files.mmproj.sizeBytes());
  const double textShare = static_cast<double>(files.text.sizeBytes()) / total;
  text_ = std::make_unique<TextDecoder>(options, cancelled_, [&](double fraction) {
    if (stop) cancel();
    onProgress(fraction * textShare);
  });
  vision_ = std::make_unique<VisionTower>(options, text_->model(), cancelled_, [&](double fraction) {
    if (stop) cancel();
    onProgress(textShare + fraction * (1 - textShare));
  });
  text_->createContext(options, vision_->largestChunk());
  if (!options.noAlloc) {
    threads_ = std::make_unique<ThreadPool>(std::max(options.threads, options.threadsBatch), options.poll,
                                            options.limitThreads);
    text_->computeOn(*threads_);
    vision_->computeOn(*threads_);
  }
  if (!options.noAlloc) imageNewline_ = readImageNewline(files.mmproj, text_->width());
  info_.text = text_->vocabulary().info();
  info_.vision = vision_->info();
  info_.textShape = textShape(files.text);
  info_.towerShape = towerShape(files.mmproj);
  info_.projectorWeights = projectorWeights(files.mmproj);
  info_.mmprojSizeBytes = files.mmproj.sizeBytes();
  info_.hasImageNewline = files.mmproj.hasTensor("v.image_newline") || files.mmproj.hasTensor("model.image_newline");
  info_.build = std::string("llama.cpp v") + SCENECAST_LLAMA_VERSION + " (" + llama_build_info() + ")";
  setSampler(SamplerOptions{});
  onProgress(1.0);
}

MemoryUse Engine::memory() const {
  MemoryUse use = text_->memory();
  use.vision = vision_->memory();
  return use;
}

void Engine::setSampler(const SamplerOptions& options) {
  sampler_ = std::make_unique<Sampler>(text_->vocabulary().get(), text_->allowedTokens(), options);
}

int32_t Engine::sample() { return sample(nullptr); }

int32_t Engine::sample(double* probability) {
  if (!text_->hasLogits()) {
    throw Error("NO_LOGITS", "there are no logits to sample from: decode with logitsLast first");
  }
  return sampler_->sample(text_->context(), -1, probability);
}

std::vector<float> Engine::logits() {
  if (!text_->hasLogits()) throw Error("NO_LOGITS", "there are no logits: decode with logitsLast first");
  const float* last = llama_get_logits_ith(text_->context(), -1);
  return {last, last + llama_vocab_n_tokens(text_->vocabulary().get())};
}

int32_t Engine::step(int32_t token) {
  text_->decodeTokens({token}, true);
  return sample();
}

Generation Engine::generate(int maxTokens, const GenerateOptions& options) {
  Generation result;
  for (;;) {
    double probability = 1;
    const int32_t token = sample(options.wantsProbability ? &probability : nullptr);
    result.probability *= probability;
    result.ended = options.stopAtEnd && text_->vocabulary().isEndOfGeneration(token);
    if (result.ended) return result;
    result.tokens.push_back(token);
    if (static_cast<int>(result.tokens.size()) >= maxTokens) return result;
    text_->decodeTokens({token}, true);
  }
}

}  // namespace scenecast

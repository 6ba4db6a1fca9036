// One loaded vision-language model. Not thread-safe: one call at a time, except for cancel(), position() and the
// const members, which may be called while another call runs.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "backends.h"
#include "load-options.h"
#include "sampler.h"
#include "text-decoder.h"
#include "thread-pool.h"
#include "transformer-shape.h"
#include "vision-tower.h"
#include "vocabulary.h"

namespace scenecast {

struct EngineInfo {
  TextInfo text;
  VisionInfo vision;
  TransformerShape textShape;
  TransformerShape towerShape;
  uint64_t projectorWeights = 0;
  uint64_t mmprojSizeBytes = 0;
  bool hasImageNewline = false;
  CpuBackend cpu;
  std::string build;  // llama.cpp's version
};

// Tokens that the model generated.
struct Generation {
  std::vector<int32_t> tokens;  // without the end token
  bool ended = false;           // the model ended its answer; else it reached the limit
  // The product of the tokens' probabilities, each among those that the grammar allowed there. 1 if not wanted.
  double probability = 1;
};

struct GenerateOptions {
  bool stopAtEnd = true;  // else it goes on past an end token
  bool wantsProbability = false;
};

class Engine {
 public:
  // Checks both files, loads both models. `stop` aborts the load once it is true. Throws what ModelFiles,
  // TextDecoder and VisionTower throw, and BACKEND_MISSING.
  Engine(const LoadOptions& options, const ProgressCallback& onProgress, const std::atomic<bool>& stop);

  const EngineInfo& info() const { return info_; }
  // The learned row separator, width floats, or empty if the model has none.
  const std::vector<float>& imageNewline() const { return imageNewline_; }
  TextDecoder& text() { return *text_; }
  const TextDecoder& text() const { return *text_; }
  VisionTower& vision() { return *vision_; }

  MemoryUse memory() const;

  void setSampler(const SamplerOptions& options);
  // Throws NO_LOGITS if the last decode asked for none, or if the sequence was cut afterwards.
  int32_t sample();
  // The logits of the last decode, one for each token of the vocabulary. Throws NO_LOGITS as sample() does.
  std::vector<float> logits();
  // Decodes one token and samples the next.
  int32_t step(int32_t token);
  // Samples and decodes until the model ends its answer or `maxTokens` are generated, the last of which is not decoded.
  // Throws what sample() and decodeTokens() throw.
  Generation generate(int maxTokens, const GenerateOptions& options);

  // Makes the running call end with CANCELLED; has no effect on later calls, which begin with resume().
  void cancel() { cancelled_ = true; }
  void resume() { cancelled_ = false; }

 private:
  int32_t sample(double* probability);

  std::atomic<bool> cancelled_{false};
  std::vector<float> imageNewline_;
  std::unique_ptr<ThreadPool> threads_;  // outlives what computes on it
  std::unique_ptr<TextDecoder> text_;
  std::unique_ptr<VisionTower> vision_;
  std::unique_ptr<Sampler> sampler_;
  EngineInfo info_;
};

}  // namespace scenecast

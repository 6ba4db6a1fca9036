// Picks the next token from the last logits.
#pragma once

#include <cstdint>
#include <string>

#include "allowed-tokens.h"
#include "llama-cpp.h"

namespace scenecast {

struct SamplerOptions {
  float temperature = 0.0f;    // 0: always the likeliest token
  int32_t topK = 40;           // 0: off
  float topP = 0.95f;          // 1: off
  float minP = 0.05f;          // 0: off
  float repeatPenalty = 1.0f;  // 1: off
  int32_t repeatLastN = 64;    // number of last tokens that the penalty covers
  uint32_t seed = 0;
  std::string grammar;  // GBNF with a rule `root`; empty: no constraint
};

class Sampler {
 public:
  // `allowed` must outlive this. Throws INVALID_ARGUMENT for values outside their range, BAD_GRAMMAR if the grammar
  // does not parse.
  Sampler(const llama_vocab* vocab, AllowedTokens& allowed, const SamplerOptions& options);

  // Samples from the context's logits at `row` of the last batch (-1: the last) and remembers the choice (penalty,
  // grammar, random state). If `probability` is given, it becomes the choice's among the tokens that the grammar
  // allows; all tokens that end the answer are one choice. Throws SAMPLE_FAILED if the grammar allows nothing more.
  int32_t sample(llama_context* context, int row = -1, double* probability = nullptr);

 private:
  double probabilityOf(int32_t token, const float* logits);

  const llama_vocab* vocab_;
  AllowedTokens& allowed_;
  llama_sampler_ptr chain_;
  llama_sampler_ptr grammar_;  // null without a grammar
  std::string state_;          // the grammar's text and the tokens it has accepted
};

}  // namespace scenecast

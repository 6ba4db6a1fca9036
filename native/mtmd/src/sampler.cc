#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "napi/error.h"

namespace scenecast {
namespace {

void check(bool valid, const char* message) {
  if (!valid) throw Error("INVALID_ARGUMENT", message);
}

void setLogits(std::vector<llama_token_data>& candidates, const float* logits) {
  for (size_t i = 0; i < candidates.size(); i++) candidates[i] = {static_cast<llama_token>(i), logits[i], 0.0f};
}

}  // namespace

Sampler::Sampler(const llama_vocab* vocab, AllowedTokens& allowed, const SamplerOptions& options)
    : vocab_(vocab), allowed_(allowed), state_(options.grammar) {
  check(std::isfinite(options.temperature) && options.temperature >= 0, "temperature must be 0 or more");
  check(options.topK >= 0, "topK must be 0 or more");
  check(options.topP > 0 && options.topP <= 1, "topP must be above 0 and at most 1");
  check(options.minP >= 0 && options.minP <= 1, "minP must be from 0 to 1");
  check(std::isfinite(options.repeatPenalty) && options.repeatPenalty > 0, "repeatPenalty must be above 0");
  check(options.repeatLastN >= 0, "repeatLastN must be 0 or more");

  chain_.reset(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  auto add = [this](llama_sampler* sampler) { llama_sampler_chain_add(chain_.get(), sampler); };
  if (options.repeatPenalty != 1.0f && options.repeatLastN > 0) {
    add(llama_sampler_init_penalties(llama_vocab_n_tokens(vocab), options.repeatLastN, options.repeatPenalty, 0.0f,
                                     0.0f));
  }
  if (options.temperature == 0.0f) {
    add(llama_sampler_init_greedy());
  } else {
    if (options.topK > 0) add(llama_sampler_init_top_k(options.topK));
    if (options.topP < 1.0f) add(llama_sampler_init_top_p(options.topP, 1));
    if (options.minP > 0.0f) add(llama_sampler_init_min_p(options.minP, 1));
    add(llama_sampler_init_temp(options.temperature));
    add(llama_sampler_init_dist(options.seed));
  }
  if (!options.grammar.empty()) {
    grammar_.reset(llama_sampler_init_grammar(vocab, options.grammar.c_str(), "root"));
    if (!grammar_) throw Error("BAD_GRAMMAR", "the grammar does not parse, or has no rule named root");
  }
}

int32_t Sampler::sample(llama_context* context, int row, double* probability) {
  const float* logits = llama_get_logits_ith(context, row);
  if (logits == nullptr) throw Error("NO_LOGITS", "there are no logits to sample from");
  std::vector<llama_token_data> candidates(static_cast<size_t>(llama_vocab_n_tokens(vocab_)));
  auto choose = [&](bool constrained) {
    setLogits(candidates, logits);
    llama_token_data_array array = {candidates.data(), candidates.size(), /*selected=*/-1, /*sorted=*/false};
    if (constrained) llama_sampler_apply(grammar_.get(), &array);
    llama_sampler_apply(chain_.get(), &array);
    if (array.selected < 0) throw Error("SAMPLE_FAILED", "no token could be chosen");
    return array.data[array.selected];
  };
  llama_token_data chosen = choose(false);
  if (grammar_) {
    // Testing one token is cheap, masking the whole vocabulary is not: do it only if the free choice is refused.
    llama_token_data single = {chosen.id, 1.0f, 0.0f};
    llama_token_data_array one = {&single, 1, -1, false};
    llama_sampler_apply(grammar_.get(), &one);
    if (single.logit == -INFINITY) {
      chosen = choose(true);
      if (chosen.logit == -INFINITY) throw Error("SAMPLE_FAILED", "the grammar allows no further token");
    }
  }
  if (probability != nullptr) *probability = probabilityOf(chosen.id, logits);
  if (grammar_) {
    llama_sampler_accept(grammar_.get(), chosen.id);
    state_ += '\0' + std::to_string(chosen.id);
  }
  llama_sampler_accept(chain_.get(), chosen.id);
  return chosen.id;
}

double Sampler::probabilityOf(int32_t token, const float* logits) {
  const bool ends = llama_vocab_is_eog(vocab_, token);
  double chosen = 0;
  double all = 0;
  const auto add = [&](int32_t other) {
    const double weight = std::exp(static_cast<double>(logits[other]) - logits[token]);
    all += weight;
    if (other == token || (ends && llama_vocab_is_eog(vocab_, other))) chosen += weight;
  };
  if (grammar_) {
    for (const int32_t other : allowed_.next(grammar_.get(), state_)) add(other);
  } else {
    for (int32_t other = 0; other < llama_vocab_n_tokens(vocab_); other++) add(other);
  }
  return chosen / all;
}

}  // namespace scenecast

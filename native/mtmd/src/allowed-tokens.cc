#include "allowed-tokens.h"

#include <cmath>

namespace scenecast {
namespace {

// Grammars of free text allow most of the vocabulary everywhere: all that is kept is dropped beyond 4 MiB of tokens.
constexpr size_t kMaxKeptTokens = 1 << 20;

}  // namespace

const std::vector<int32_t>& AllowedTokens::next(llama_sampler* grammar, const std::string& state) {
  const auto kept = kept_.find(state);
  if (kept != kept_.end()) return kept->second;
  std::vector<llama_token_data> all(static_cast<size_t>(llama_vocab_n_tokens(vocab_)));
  for (size_t i = 0; i < all.size(); i++) all[i] = {static_cast<llama_token>(i), 0.0f, 0.0f};
  llama_token_data_array array = {all.data(), all.size(), /*selected=*/-1, /*sorted=*/false};
  llama_sampler_apply(grammar, &array);
  std::vector<int32_t> allowed;
  for (const auto& candidate : all) {
    if (candidate.logit != -INFINITY) allowed.push_back(candidate.id);
  }
  if (keptTokens_ + allowed.size() > kMaxKeptTokens) {
    kept_.clear();
    keptTokens_ = 0;
  }
  keptTokens_ += allowed.size();
  return kept_[state] = std::move(allowed);
}

}  // namespace scenecast

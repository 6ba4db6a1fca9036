// Which tokens a grammar allows. Finding them means testing the whole vocabulary, so they are kept: the answers to
// standing questions pass through few states of their grammars, again and again.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "llama-cpp.h"

namespace scenecast {

class AllowedTokens {
 public:
  explicit AllowedTokens(const llama_vocab* vocab) : vocab_(vocab) {}

  // The tokens that `grammar` allows next. `state` must tell its text and the tokens that it has accepted. The
  // reference is valid until the next call.
  const std::vector<int32_t>& next(llama_sampler* grammar, const std::string& state);

 private:
  const llama_vocab* vocab_;
  std::unordered_map<std::string, std::vector<int32_t>> kept_;
  size_t keptTokens_ = 0;
};

}  // namespace scenecast

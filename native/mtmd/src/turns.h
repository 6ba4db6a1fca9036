// Several turns that continue the same sequence (a picture): prefilled in one batch and generated side by side, each in
// a fork of its own that shares the sequence's cells.
#pragma once

#include <cstdint>
#include <vector>

#include "sampler.h"
#include "text-decoder.h"

namespace scenecast {

struct Turn {
  std::vector<int32_t> prompt;  // at least one token
  SamplerOptions sampler;
  int maxTokens = 1;
  // A guess of the tokens to come, such as the last answer. Verified in batches: it changes how fast the answer comes,
  // not the answer (save near ties, as batches of other sizes round differently).
  std::vector<int32_t> draft;
  bool wantsProbability = false;
};

struct TurnResult {
  std::vector<int32_t> tokens;  // without the end token
  bool ended = false;           // the model ended its answer; else it reached the limit
  // The product of the chosen tokens' probabilities, each among those that the grammar allowed there. 1 if not wanted.
  double probability = 1;
  int drafted = 0;   // tokens of the draft that were verified
  int accepted = 0;  // of these, those that the model chose too
};

struct TurnsResult {
  std::vector<TurnResult> turns;
  double prefillMs = 0;
  double generateMs = 0;
};

// Max. turns at once; 0: this model cannot be forked.
int maxTurns(const TextDecoder& text);

// Afterwards the sequence is as before. Throws INVALID_ARGUMENT, CONTEXT_FULL (before anything is decoded, if the
// prompts and limits of all turns together do not fit), and what Sampler and TextDecoder::decodeForks throw.
TurnsResult runTurns(TextDecoder& text, const std::vector<Turn>& turns);

}  // namespace scenecast

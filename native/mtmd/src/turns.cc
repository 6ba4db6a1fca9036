#include "turns.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "napi/error.h"

namespace scenecast {
namespace {

constexpr int kMaxDraft = 16;        // tokens of one turn that are verified at once
constexpr size_t kAnchorLength = 2;  // tokens that must match for a draft to be resumed elsewhere

// Proposes the next tokens: those that follow in the draft where the last generated tokens stand. (Prompt lookup
// decoding, Saxena 2023, with the draft in place of the prompt.)
class Drafter {
 public:
  explicit Drafter(const std::vector<int32_t>& draft) : draft_(&draft) {}

  // The proposal after `generated`, at most `limit` tokens.
  std::vector<int32_t> propose(const std::vector<int32_t>& generated, int limit) {
    if (lost_ && !anchor(generated)) return {};
    const size_t count = std::min(draft_->size() - next_, static_cast<size_t>(std::max(0, std::min(length_, limit))));
    return {draft_->begin() + next_, draft_->begin() + next_ + count};
  }

  // Of `proposed` tokens the model chose the first `accepted`.
  void verified(int proposed, int accepted) {
    next_ += accepted;
    lost_ = accepted < proposed;
    // Long while the draft holds, short after it has failed.
    length_ = lost_ ? std::max(2, accepted + 1) : kMaxDraft;
  }

  // A token was generated that had not been proposed.
  void passed(int32_t token) {
    if (!lost_ && next_ < draft_->size() && (*draft_)[next_] == token) {
      next_++;
    } else {
      lost_ = true;
    }
  }

 private:
  // Finds where the last generated tokens stand in the draft, nearest after the place where it was lost.
  bool anchor(const std::vector<int32_t>& generated) {
    if (generated.size() < kAnchorLength) return false;
    const auto last = generated.end() - kAnchorLength;
    const auto found =
        std::search(draft_->begin() + std::min(next_, draft_->size()), draft_->end(), last, generated.end());
    if (found == draft_->end()) return false;
    next_ = static_cast<size_t>(found - draft_->begin()) + kAnchorLength;
    lost_ = false;
    return true;
  }

  const std::vector<int32_t>* draft_;
  size_t next_ = 0;
  int length_ = kMaxDraft;
  bool lost_ = false;
};

// One turn while it is generated.
struct Running {
  const Turn* turn;
  TurnResult* result;
  int sequence;
  int position;               // of the first token in `feed`
  std::vector<int32_t> feed;  // to be decoded next: what is known, then what is proposed
  size_t proposed = 0;        // how many of `feed` are proposed
  size_t firstRow = 0;        // of `feed` in the batch
  std::unique_ptr<Sampler> sampler;
  Drafter drafter;
  bool isDone = false;

  Running(const Turn& turn, TurnResult& result, int sequence, int position, TextDecoder& text)
      : turn(&turn),
        result(&result),
        sequence(sequence),
        position(position),
        feed(turn.prompt),
        sampler(std::make_unique<Sampler>(text.vocabulary().get(), text.allowedTokens(), turn.sampler)),
        drafter(turn.draft) {}

  // Decodes what of the prompt does not fit into one batch with those of all `count` turns.
  void shorten(TextDecoder& text, size_t count) {
    const size_t share = static_cast<size_t>(text.batchSize() - text.maxOutputs()) / count;
    while (feed.size() > share) {
      const size_t size = std::min(feed.size() - 1, static_cast<size_t>(text.batchSize()));
      std::vector<TextDecoder::ForkToken> tokens;
      for (size_t i = 0; i < size; i++) tokens.push_back({feed[i], position + static_cast<int>(i), sequence, false});
      text.decodeForks(tokens);
      feed.erase(feed.begin(), feed.begin() + static_cast<std::ptrdiff_t>(size));
      position += static_cast<int>(size);
    }
  }

  void propose(int limit) {
    const int left = turn->maxTokens - static_cast<int>(result->tokens.size()) - 1;
    const auto tokens = drafter.propose(result->tokens, std::min(left, limit));
    proposed = tokens.size();
    feed.insert(feed.end(), tokens.begin(), tokens.end());
  }

  // Reads the logits of what was fed; what the model does not confirm is cut off again.
  void advance(TextDecoder& text) {
    const size_t known = feed.size() - proposed;
    size_t accepted = 0;
    int32_t token = 0;
    for (;; accepted++) {
      double probability = 1;
      token = sampler->sample(text.context(), static_cast<int>(firstRow + known - 1 + accepted),
                              turn->wantsProbability ? &probability : nullptr);
      result->probability *= probability;
      if (text.vocabulary().isEndOfGeneration(token)) {
        result->ended = isDone = true;
      } else {
        result->tokens.push_back(token);
        isDone = static_cast<int>(result->tokens.size()) >= turn->maxTokens;
      }
      if (isDone || accepted == proposed || feed[known + accepted] != token) break;
    }
    result->drafted += static_cast<int>(proposed);
    result->accepted += static_cast<int>(accepted);
    if (proposed > 0) drafter.verified(static_cast<int>(proposed), static_cast<int>(accepted));
    if (accepted == proposed) drafter.passed(token);
    position += static_cast<int>(known + accepted);
    if (accepted < proposed) text.cutFork(sequence, position);
    feed = {token};
    proposed = 0;
  }
};

double msSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void check(const TextDecoder& text, const std::vector<Turn>& turns) {
  if (turns.empty() || turns.size() > static_cast<size_t>(maxTurns(text))) {
    throw Error("INVALID_ARGUMENT", "there must be 1 to " + std::to_string(maxTurns(text)) + " turns");
  }
  int64_t needed = 0;
  for (const Turn& turn : turns) {
    if (turn.prompt.empty()) throw Error("INVALID_ARGUMENT", "a turn needs a prompt");
    for (const int32_t token : turn.prompt) text.vocabulary().checkToken(token);
    for (const int32_t token : turn.draft) text.vocabulary().checkToken(token);
    needed += static_cast<int64_t>(turn.prompt.size()) + turn.maxTokens;
  }
  if (needed > text.contextSize() - text.usedCells()) {
    throw Error("CONTEXT_FULL", std::to_string(text.usedCells()) + " positions are used and " + std::to_string(needed) +
                                    " are needed, the context holds " + std::to_string(text.contextSize()));
  }
}

}  // namespace

int maxTurns(const TextDecoder& text) {
  return text.canFork() ? std::min(TextDecoder::kMaxForks, text.maxOutputs()) : 0;
}

TurnsResult runTurns(TextDecoder& text, const std::vector<Turn>& turns) {
  check(text, turns);
  TurnsResult result;
  result.turns.resize(turns.size());
  std::vector<Running> running;
  running.reserve(turns.size());
  for (size_t i = 0; i < turns.size(); i++) {
    running.emplace_back(turns[i], result.turns[i], static_cast<int>(i) + 1, text.position(), text);
  }
  auto start = std::chrono::steady_clock::now();
  const TextDecoder::Forks forks(text, static_cast<int>(turns.size()));
  for (Running& one : running) one.shorten(text, running.size());
  for (bool isFirst = true; !running.empty(); isFirst = false) {
    std::vector<TextDecoder::ForkToken> rows;
    const int draftLimit = text.maxOutputs() / static_cast<int>(running.size()) - 1;
    for (Running& one : running) {
      one.propose(draftLimit);
      one.firstRow = rows.size();
      const size_t firstLogits = one.feed.size() - one.proposed - 1;
      for (size_t i = 0; i < one.feed.size(); i++) {
        rows.push_back({one.feed[i], one.position + static_cast<int>(i), one.sequence, i >= firstLogits});
      }
    }
    text.decodeForks(rows);
    for (Running& one : running) one.advance(text);
    running.erase(std::remove_if(running.begin(), running.end(), [](const Running& one) { return one.isDone; }),
                  running.end());
    (isFirst ? result.prefillMs : result.generateMs) += msSince(start);
    start = std::chrono::steady_clock::now();
  }
  return result;
}

}  // namespace scenecast

// How TextDecoder rolls back (it cuts the sequence, or restores a checkpoint if the memory cannot be cut) and forks.
#include <algorithm>

#include "llama-ext.h"
#include "napi/error.h"
#include "text-decoder.h"

namespace scenecast {
namespace {

// Checkpoints of a recurrent model: before the picture, after it, and some to spare.
constexpr size_t kMaxCheckpoints = 4;

}  // namespace

MemoryUse TextDecoder::memory() const {
  MemoryUse use;
  for (const auto& [type, bytes] : llama_get_memory_breakdown(context_.get())) {
    (ggml_backend_buft_is_host(type) ? use.weights : use.repackedWeights) += bytes.model;
    use.context += bytes.context;
    use.compute += bytes.compute;
  }
  return use;
}

void TextDecoder::checkpoint() {
  if (!llama_model_is_recurrent(model_.get()) && !llama_model_is_hybrid(model_.get())) return;
  if (!checkpoints_.empty() && checkpoints_.back().position == position()) return;
  std::vector<uint8_t> state(llama_state_seq_get_size_ext(context(), 0, LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY));
  const size_t size =
      llama_state_seq_get_data_ext(context(), state.data(), state.size(), 0, LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY);
  if (size != state.size()) return;  // truncate reports it if a checkpoint is missing
  checkpoints_.push_back({position(), std::move(state)});
  if (checkpoints_.size() > kMaxCheckpoints) checkpoints_.pop_front();
}

// Cuts the memory, or restores a checkpoint if it cannot be cut. False: nothing has changed.
bool TextDecoder::cut(int position) {
  llama_memory_t memory = llama_get_memory(context());
  if (!llama_memory_seq_rm(memory, 0, position, -1)) {
    const auto found = std::find_if(checkpoints_.begin(), checkpoints_.end(),
                                    [&](const Checkpoint& known) { return known.position == position; });
    if (found == checkpoints_.end()) return false;
    const auto& state = found->state;
    if (llama_state_seq_set_data_ext(context(), state.data(), state.size(), 0, LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY) ==
            0 ||
        !llama_memory_seq_rm(memory, 0, position, -1)) {
      return false;
    }
  }
  while (!grids_.empty() && grids_.back().start >= position) grids_.pop_back();
  while (!checkpoints_.empty() && checkpoints_.back().position > position) checkpoints_.pop_back();
  position_ = position;
  return true;
}

void TextDecoder::rollBack(int position) {
  llama_synchronize(context());
  hasLogits_ = false;
  if (position > this->position()) return;  // emptied by a roll-back within this one
  if (!cut(position)) clear();
}

void TextDecoder::truncate(int position) {
  if (position < 0 || position > this->position()) {
    throw Error("INVALID_ARGUMENT", "cannot truncate to " + std::to_string(position) + ", the sequence has " +
                                        std::to_string(this->position()) + " positions");
  }
  if (position == this->position()) return;
  for (const Grid& grid : grids_) {
    if (position > grid.start && position < grid.start + grid.positions) {
      throw Error("INVALID_ARGUMENT", "cannot truncate to " + std::to_string(position) + ", which is inside a picture");
    }
  }
  if (!cut(position)) {
    throw Error("TRUNCATE_FAILED", "this model's memory cannot be cut at " + std::to_string(position));
  }
  hasLogits_ = false;
}

bool TextDecoder::canFork() const {
  return !llama_model_is_recurrent(model_.get()) && !llama_model_is_hybrid(model_.get());
}

TextDecoder::Forks::Forks(TextDecoder& text, int count) : text_(text), count_(count) {
  if (!text.canFork()) throw Error("INVALID_ARGUMENT", "a recurrent model cannot be forked");
  text.hasLogits_ = false;
  llama_memory_t memory = llama_get_memory(text.context());
  for (int sequence = 1; sequence <= count; sequence++) llama_memory_seq_cp(memory, 0, sequence, -1, -1);
}

TextDecoder::Forks::~Forks() {
  llama_synchronize(text_.context());
  llama_memory_t memory = llama_get_memory(text_.context());
  for (int sequence = 1; sequence <= count_; sequence++) llama_memory_seq_rm(memory, sequence, -1, -1);
}

void TextDecoder::cutFork(int sequence, int position) {
  llama_memory_seq_rm(llama_get_memory(context()), sequence, position, -1);
}

void TextDecoder::clear() {
  llama_memory_clear(llama_get_memory(context()), /*data=*/false);
  position_ = 0;
  grids_.clear();
  checkpoints_.clear();
  hasLogits_ = false;
}

}  // namespace scenecast

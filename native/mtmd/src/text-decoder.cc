#include "text-decoder.h"

#include <algorithm>
#include <climits>

#include "error.h"
#include "log.h"

namespace scenecast {
namespace {

llama_load_mode loadMode(const LoadOptions& options) {
  if (options.useMmap) return options.useMlock ? LLAMA_LOAD_MODE_MMAP_MLOCK : LLAMA_LOAD_MODE_MMAP;
  return options.useMlock ? LLAMA_LOAD_MODE_MLOCK : LLAMA_LOAD_MODE_NONE;
}

bool isSet(void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load(); }

}  // namespace

TextDecoder::TextDecoder(const LoadOptions& options, const std::atomic<bool>& cancelled,
                         const ProgressCallback& onProgress)
    : cancelled_(cancelled) {
  struct Progress {
    const std::atomic<bool>& cancelled;
    const ProgressCallback& tell;
  } progress{cancelled, onProgress};

  llama_model_params modelParams = llama_model_default_params();
  modelParams.n_gpu_layers = 0;
  modelParams.load_mode = loadMode(options);
  modelParams.progress_callback_user_data = &progress;
  modelParams.progress_callback = [](float fraction, void* data) {
    const auto& target = *static_cast<Progress*>(data);
    target.tell(fraction);
    return !target.cancelled.load();
  };
  const ErrorCapture errors;
  model_.reset(llama_model_load_from_file(options.textPath.c_str(), modelParams));
  if (cancelled) throw Error("CANCELLED", "loading " + options.textPath + " was cancelled");
  if (!model_) throw Error("LOAD_FAILED", options.textPath + ": " + errors.text("llama.cpp could not load it"));
  if (!llama_model_has_decoder(model_.get())) {
    throw Error("LOAD_FAILED", options.textPath + " is not a generating language model");
  }

  llama_context_params params = llama_context_default_params();
  params.n_ctx = options.contextSize;
  params.n_batch = std::min(options.batchSize, options.contextSize);
  params.n_ubatch = std::min(options.ubatchSize, params.n_batch);
  params.n_seq_max = 1;
  params.n_outputs_max = 1;  // only a last position ever needs logits
  params.n_threads = options.threads;
  params.n_threads_batch = options.threadsBatch;
  params.flash_attn_type = options.flashAttention;
  params.type_k = options.kvType;
  params.type_v = options.kvType;
  params.offload_kqv = false;
  params.op_offload = false;
  params.abort_callback = isSet;
  params.abort_callback_data = const_cast<std::atomic<bool>*>(&cancelled_);
  context_.reset(llama_init_from_model(model_.get(), params));
  if (!context_) {
    throw Error("LOAD_FAILED", options.textPath + ": no context of " + std::to_string(options.contextSize) +
                                   " positions: " + errors.text("llama.cpp gives no reason"));
  }
  batchSize_ = static_cast<int>(llama_n_batch(context_.get()));
}

std::vector<int32_t> TextDecoder::tokenize(const std::string& text, bool addSpecial, bool parseSpecial) const {
  if (text.size() >= INT_MAX) throw Error("INVALID_ARGUMENT", "the text is too long to tokenise");
  const auto size = static_cast<int32_t>(text.size());
  std::vector<int32_t> tokens(text.size() + 8);
  auto run = [&] {
    return llama_tokenize(vocab(), text.data(), size, tokens.data(), static_cast<int32_t>(tokens.size()), addSpecial,
                          parseSpecial);
  };
  int32_t count = run();
  if (count < 0 && count != INT32_MIN) {  // too little room: the negated count says how much is needed
    tokens.resize(static_cast<size_t>(-count));
    count = run();
  }
  if (count < 0) throw Error("INVALID_ARGUMENT", "the text could not be tokenised");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

void TextDecoder::checkToken(int32_t token) const {
  const int32_t size = llama_vocab_n_tokens(vocab());
  if (token < 0 || token >= size) {
    throw Error("INVALID_ARGUMENT", "token " + std::to_string(token) + " is outside the vocabulary of " +
                                        std::to_string(size));
  }
}

std::string TextDecoder::piece(int32_t token, bool special) const {
  checkToken(token);
  std::string text(64, '\0');
  auto run = [&] {
    return llama_token_to_piece(vocab(), token, text.data(), static_cast<int32_t>(text.size()), 0, special);
  };
  int32_t size = run();
  if (size < 0) {
    text.resize(static_cast<size_t>(-size));
    size = run();
  }
  text.resize(static_cast<size_t>(std::max(size, 0)));
  return text;
}

bool TextDecoder::isEndOfGeneration(int32_t token) const {
  checkToken(token);
  return llama_vocab_is_eog(vocab(), token);
}

void TextDecoder::decodeTokens(const std::vector<int32_t>& tokens, bool logitsLast) {
  for (const int32_t token : tokens) checkToken(token);
  decode(tokens.data(), nullptr, static_cast<int>(tokens.size()), logitsLast);
}

void TextDecoder::decodeEmbeddings(const std::vector<float>& values, bool logitsLast) {
  const auto rowSize = static_cast<size_t>(width());
  if (values.size() % rowSize != 0) {
    throw Error("INVALID_ARGUMENT", std::to_string(values.size()) + " values are not rows of " +
                                        std::to_string(rowSize));
  }
  decode(nullptr, values.data(), static_cast<int>(values.size() / rowSize), logitsLast);
}

void TextDecoder::decode(const int32_t* tokens, const float* values, int count, bool logitsLast) {
  if (count == 0) throw Error("INVALID_ARGUMENT", "there is nothing to decode");
  const int start = position();
  if (count > contextSize() - start) {
    throw Error("CONTEXT_FULL", std::to_string(start) + " positions are used and " + std::to_string(count) +
                                    " are needed, the context holds " + std::to_string(contextSize()));
  }
  hasLogits_ = false;
  const int most = std::min(count, batchSize_);
  llama_seq_id sequence = 0;
  std::vector<llama_pos> positions(most);
  std::vector<int32_t> sequenceCounts(most, 1);
  std::vector<llama_seq_id*> sequences(most, &sequence);
  std::vector<int8_t> wantsLogits(most, 0);
  for (int done = 0; done < count;) {
    const int size = std::min(most, count - done);
    for (int i = 0; i < size; i++) positions[i] = start + done + i;
    wantsLogits[size - 1] = logitsLast && done + size == count;
    llama_batch batch = {};
    batch.n_tokens = size;
    // llama_decode does not write to its input.
    batch.token = tokens == nullptr ? nullptr : const_cast<int32_t*>(tokens + done);
    batch.embd = values == nullptr ? nullptr : const_cast<float*>(values + static_cast<size_t>(done) * width());
    batch.pos = positions.data();
    batch.n_seq_id = sequenceCounts.data();
    batch.seq_id = sequences.data();
    batch.logits = wantsLogits.data();
    const ErrorCapture errors;
    const int status = cancelled_ ? 2 : llama_decode(context(), batch);
    if (status != 0) {
      rollBack(start);
      if (status == 2) throw Error("CANCELLED", "the decode was cancelled");
      throw Error("DECODE_FAILED", "llama_decode failed (" + std::to_string(status) + "): " +
                                       errors.text("llama.cpp gives no reason"));
    }
    done += size;
    position_ = start + done;
  }
  hasLogits_ = logitsLast;
}

void TextDecoder::rollBack(int position) {
  llama_synchronize(context());
  if (llama_memory_seq_rm(llama_get_memory(context()), 0, position, -1)) {
    position_ = position;
  } else {
    clear();
  }
}

void TextDecoder::truncate(int position) {
  if (position < 0 || position > this->position()) {
    throw Error("INVALID_ARGUMENT", "cannot truncate to " + std::to_string(position) + ", the sequence has " +
                                        std::to_string(this->position()) + " positions");
  }
  if (position == this->position()) return;
  if (!llama_memory_seq_rm(llama_get_memory(context()), 0, position, -1)) {
    throw Error("TRUNCATE_FAILED", "this model's memory cannot be cut at " + std::to_string(position));
  }
  position_ = position;
  hasLogits_ = false;
}

void TextDecoder::clear() {
  llama_memory_clear(llama_get_memory(context()), /*data=*/false);
  position_ = 0;
  hasLogits_ = false;
}

}  // namespace scenecast

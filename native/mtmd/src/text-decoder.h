// The language model: tokens and embeddings in, logits out, one sequence whose length the decoder counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "llama-cpp.h"
#include "load-options.h"

namespace scenecast {

class TextDecoder {
 public:
  // Loads the model and makes its context. `cancelled` is read while loading and decoding and must outlive this.
  // Throws LOAD_FAILED, or CANCELLED.
  TextDecoder(const LoadOptions& options, const std::atomic<bool>& cancelled, const ProgressCallback& onProgress);

  const llama_model* model() const { return model_.get(); }
  const llama_vocab* vocab() const { return llama_model_get_vocab(model_.get()); }
  llama_context* context() { return context_.get(); }
  // Positions the context can hold: llama.cpp may round what was asked for up.
  int contextSize() const { return static_cast<int>(llama_n_ctx(context_.get())); }
  // Width of an input embedding.
  int width() const { return llama_model_n_embd_inp(model_.get()); }

  // `addSpecial` adds what the model's tokenizer adds by itself (the begin token); `parseSpecial` reads special
  // tokens written as text. Throws INVALID_ARGUMENT for text of 2 GiB and more.
  std::vector<int32_t> tokenize(const std::string& text, bool addSpecial, bool parseSpecial) const;
  // The bytes a token stands for; may be part of a UTF-8 character. With `special`, control tokens have text too.
  std::string piece(int32_t token, bool special) const;
  bool isEndOfGeneration(int32_t token) const;

  // Number of positions in the sequence; grows while a decode runs, so it can be read from another thread.
  int position() const { return position_.load(); }
  // True if the last decode left logits to sample from.
  bool hasLogits() const { return hasLogits_; }

  // Appends to the sequence, in batches. With `logitsLast` the last position gets logits. Throws CONTEXT_FULL
  // before anything is decoded, INVALID_ARGUMENT, CANCELLED or DECODE_FAILED; whatever it throws, the sequence
  // is afterwards what it was before the call (or, where the model cannot roll back, empty).
  void decodeTokens(const std::vector<int32_t>& tokens, bool logitsLast);
  // `values` holds count x width() floats, row by row.
  void decodeEmbeddings(const std::vector<float>& values, bool logitsLast);

  // Drops everything from `position` on. Throws INVALID_ARGUMENT if it lies beyond the end or is negative, and
  // TRUNCATE_FAILED if this model's memory cannot be cut (the sequence is then unchanged).
  void truncate(int position);
  void clear();

 private:
  void decode(const int32_t* tokens, const float* values, int count, bool logitsLast);
  void rollBack(int position);
  void checkToken(int32_t token) const;

  const std::atomic<bool>& cancelled_;
  int batchSize_ = 0;
  llama_model_ptr model_;
  llama_context_ptr context_;
  std::atomic<int> position_{0};
  bool hasLogits_ = false;
};

}  // namespace scenecast

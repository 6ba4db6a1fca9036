// The language model: tokens and embeddings in, logits out, one sequence whose length the decoder counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "allowed-tokens.h"
#include "llama-cpp.h"
#include "load-options.h"
#include "memory-use.h"
#include "thread-pool.h"
#include "vocabulary.h"

namespace scenecast {

// One image chunk as the language model reads it.
struct ImageRows {
  const float* values = nullptr;  // count x width floats, row by row
  int count = 0;
  // With M-RoPE 4 x count: all times, then rows, columns and zeros. Else empty: one position after the other.
  std::vector<llama_pos> positions;
  int advance = 0;  // positions the sequence grows by: fewer than `count` with M-RoPE
  bool nonCausal = false;
};

class TextDecoder {
 public:
  // Loads the model. `cancelled` is read while loading and decoding and must outlive this.
  // Throws LOAD_FAILED, or CANCELLED.
  TextDecoder(const LoadOptions& options, const std::atomic<bool>& cancelled, const ProgressCallback& onProgress);

  // Creates the context. Call once, before the methods below. `largestChunk` is the number of embeddings that must be
  // computed at once, regardless of the options: 1 if any number can be. Throws LOAD_FAILED.
  void createContext(const LoadOptions& options, int largestChunk);

  // The threads that decoding computes on. Call after createContext; `threads` must outlive this.
  void computeOn(ThreadPool& threads);

  const llama_model* model() const { return model_.get(); }
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  AllowedTokens& allowedTokens() { return *allowedTokens_; }
  llama_context* context() { return context_.get(); }
  // Positions the context can hold: llama.cpp may round the requested number up.
  int contextSize() const { return static_cast<int>(llama_n_ctx(context_.get())); }
  // Max. positions per call of llama_decode.
  int batchSize() const { return batchSize_; }
  // Positions computed at once.
  int ubatchSize() const { return static_cast<int>(llama_n_ubatch(context_.get())); }
  // Excludes the vision tower.
  MemoryUse memory() const;
  // Width of an input embedding.
  int width() const { return llama_model_n_embd_inp(model_.get()); }

  // Number of positions in the sequence; grows while a decode runs, so it can be read from another thread.
  int position() const { return position_.load(); }
  // Cells of the context in use: with M-RoPE more than positions, as a picture's share theirs.
  int usedCells() const;
  // Positions an embedding has: 4 with M-RoPE, else 1.
  int positionsPerEmbedding() const;
  // True if the last decode left logits to sample from.
  bool hasLogits() const { return hasLogits_; }

  // Appends to the sequence, in batches. With `logitsLast` the last position gets logits. Throws CONTEXT_FULL
  // before anything is decoded, INVALID_ARGUMENT, CANCELLED or DECODE_FAILED; after any error the sequence is the
  // same as before the call, or empty if the model cannot roll back.
  void decodeTokens(const std::vector<int32_t>& tokens, bool logitsLast);
  // `values` holds count x width() floats, row by row.
  void decodeEmbeddings(const std::vector<float>& values, bool logitsLast);
  // Like decodeEmbeddings, without logits. Non-causal chunks have at most `largestChunk` rows (see createContext).
  void decodeImage(const ImageRows& rows);

  // Recurrent models cannot be forked.
  static constexpr int kMaxForks = 8;
  // Max. logits that one decode of forks can leave.
  int maxOutputs() const { return maxOutputs_; }
  bool canFork() const;
  struct ForkToken {
    int32_t token;
    int position;
    int sequence;  // 1 to the number of forks
    bool wantsLogits;
  };
  // Sequences 1 to `count` share all positions of this one while the object lives, and are dropped with it.
  class Forks {
   public:
    Forks(TextDecoder& text, int count);
    ~Forks();
    Forks(const Forks&) = delete;
    Forks& operator=(const Forks&) = delete;

   private:
    TextDecoder& text_;
    const int count_;
  };
  // Appends tokens to forks, each fork's in order of position. The logits of the i-th token are those of row i. At most
  // maxOutputs() of them may want logits. Throws CANCELLED or DECODE_FAILED; the forks can then only be dropped.
  void decodeForks(const std::vector<ForkToken>& tokens);
  // Drops a fork's positions from `position` on.
  void cutFork(int sequence, int position);

  // Drops everything from `position` on. Throws INVALID_ARGUMENT if it lies beyond the end, inside a picture with
  // M-RoPE, or is negative, and TRUNCATE_FAILED if this model's memory cannot be cut there (the sequence is then
  // unchanged). A recurrent or hybrid model can return to where a decode without logits ended, the last few times.
  void truncate(int position);
  // Like truncate, after a failed decode; empties the sequence if it cannot be cut.
  void rollBack(int position);
  void clear();
  // Lets a recurrent or hybrid model return to this position; no effect on other models.
  void checkpoint();

 private:
  // llama_decode on the pool's threads.
  int compute(const llama_batch& batch);
  // `grid` is ImageRows::positions or null; `advance` 0: as many positions as rows.
  void decode(const int32_t* tokens, const float* values, int count, bool logitsLast, const llama_pos* grid,
              int advance);
  bool cut(int position);

  struct Checkpoint {
    int position;
    std::vector<uint8_t> state;
  };
  // A picture whose cells share positions.
  struct Grid {
    int start;
    int positions;
    int cells;
  };

  const std::atomic<bool>& cancelled_;
  const bool noAlloc_;
  const int threads_;
  const int threadsBatch_;
  ThreadPool* pool_ = nullptr;
  int batchSize_ = 0;
  int maxOutputs_ = 1;
  llama_model_ptr model_;
  std::unique_ptr<Vocabulary> vocabulary_;
  std::unique_ptr<AllowedTokens> allowedTokens_;
  llama_context_ptr context_;
  std::atomic<int> position_{0};
  bool hasLogits_ = false;
  std::vector<Grid> grids_;             // in order of position
  std::deque<Checkpoint> checkpoints_;  // in order of position
};

}  // namespace scenecast

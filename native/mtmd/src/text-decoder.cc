#include "text-decoder.h"

#include <algorithm>
#include <climits>

#include "log.h"
#include "napi/error.h"

namespace scenecast {
namespace {

llama_load_mode loadMode(const LoadOptions& options) {
  if (options.noAlloc) return LLAMA_LOAD_MODE_NONE;
  if (options.useMmap) return options.useMlock ? LLAMA_LOAD_MODE_MMAP_MLOCK : LLAMA_LOAD_MODE_MMAP;
  return options.useMlock ? LLAMA_LOAD_MODE_MLOCK : LLAMA_LOAD_MODE_NONE;
}

bool isSet(void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load(); }

}  // namespace

TextDecoder::TextDecoder(const LoadOptions& options, const std::atomic<bool>& cancelled,
                         const ProgressCallback& onProgress)
    : cancelled_(cancelled), noAlloc_(options.noAlloc), threads_(options.threads), threadsBatch_(options.threadsBatch) {
  struct Progress {
    const std::atomic<bool>& cancelled;
    const ProgressCallback& tell;
  } progress{cancelled, onProgress};

  llama_model_params modelParams = llama_model_default_params();
  modelParams.n_gpu_layers = 0;
  modelParams.load_mode = loadMode(options);
  modelParams.use_extra_bufts = options.repack;
  modelParams.no_alloc = options.noAlloc;
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
  vocabulary_ = std::make_unique<Vocabulary>(model_.get());
  allowedTokens_ = std::make_unique<AllowedTokens>(vocabulary_->get());
}

void TextDecoder::createContext(const LoadOptions& options, int largestChunk) {
  const auto minBatch = static_cast<uint32_t>(largestChunk);
  if (minBatch > options.contextSize) {
    throw Error("LOAD_FAILED", options.textPath + ": a picture needs " + std::to_string(minBatch) +
                                   " positions at once, the context has " + std::to_string(options.contextSize));
  }
  llama_context_params params = llama_context_default_params();
  params.n_ctx = options.contextSize;
  params.n_batch = std::max(std::min(options.batchSize, options.contextSize), minBatch);
  params.n_ubatch = std::max(std::min(options.ubatchSize, params.n_batch), minBatch);
  params.n_seq_max = canFork() ? 1 + kMaxForks : 1;
  params.kv_unified = true;  // forks share cells
  // Half a batch, so that there is room for prompts.
  maxOutputs_ = canFork() ? std::clamp(static_cast<int>(params.n_batch) / 2, 1, 24) : 1;
  // llama.cpp makes room for one output per sequence.
  params.n_outputs_max = std::max(static_cast<uint32_t>(maxOutputs_), params.n_seq_max);
  params.flash_attn_type = options.flashAttention;
  params.type_k = options.kvType;
  params.type_v = options.kvType;
  params.swa_full = true;  // a sliding window that forgets could not be rolled back
  params.offload_kqv = false;
  params.op_offload = false;
  params.abort_callback = isSet;
  params.abort_callback_data = const_cast<std::atomic<bool>*>(&cancelled_);
  const ErrorCapture errors;
  context_.reset(llama_init_from_model(model_.get(), params));
  if (!context_) {
    throw Error("LOAD_FAILED", options.textPath + ": no context of " + std::to_string(options.contextSize) +
                                   " positions: " + errors.text("llama.cpp gives no reason"));
  }
  batchSize_ = static_cast<int>(llama_n_batch(context_.get()));
}

void TextDecoder::computeOn(ThreadPool& threads) {
  llama_attach_threadpool(context_.get(), threads.get(), threads.get());
  pool_ = &threads;
}

int TextDecoder::compute(const llama_batch& batch) {
  return pool_->compute(batch.n_tokens == 1 ? threads_ : threadsBatch_, [&](int count) {
    // It logs each call.
    if (llama_n_threads(context()) != count || llama_n_threads_batch(context()) != count) {
      llama_set_n_threads(context(), count, count);
    }
    return llama_decode(context(), batch);
  });
}

void TextDecoder::decodeTokens(const std::vector<int32_t>& tokens, bool logitsLast) {
  for (const int32_t token : tokens) vocabulary_->checkToken(token);
  decode(tokens.data(), nullptr, static_cast<int>(tokens.size()), logitsLast, nullptr, 0);
  if (!logitsLast) checkpoint();
}

void TextDecoder::decodeEmbeddings(const std::vector<float>& values, bool logitsLast) {
  const auto rowSize = static_cast<size_t>(width());
  if (values.size() % rowSize != 0) {
    throw Error("INVALID_ARGUMENT",
                std::to_string(values.size()) + " values are not rows of " + std::to_string(rowSize));
  }
  decode(nullptr, values.data(), static_cast<int>(values.size() / rowSize), logitsLast, nullptr, 0);
  if (!logitsLast) checkpoint();
}

void TextDecoder::decodeImage(const ImageRows& rows) {
  if (!rows.nonCausal) {
    decode(nullptr, rows.values, rows.count, false, rows.positions.empty() ? nullptr : rows.positions.data(),
           rows.advance);
    return;
  }
  // llama.cpp aborts the process on this.
  if (rows.count > static_cast<int>(llama_n_ubatch(context()))) {
    throw Error("DECODE_FAILED", "a picture of " + std::to_string(rows.count) + " embeddings must be computed at " +
                                     "once, and only " + std::to_string(llama_n_ubatch(context())) + " can be");
  }
  struct NonCausal {
    llama_context* context;
    explicit NonCausal(llama_context* target) : context(target) { llama_set_causal_attn(context, false); }
    ~NonCausal() { llama_set_causal_attn(context, true); }
  } const nonCausal(context());
  decode(nullptr, rows.values, rows.count, false, rows.positions.empty() ? nullptr : rows.positions.data(),
         rows.advance);
}

void TextDecoder::decodeForks(const std::vector<ForkToken>& tokens) {
  if (noAlloc_) throw Error("NO_WEIGHTS", "the model was loaded without its weights: it decodes nothing");
  const int count = static_cast<int>(tokens.size());
  std::vector<int32_t> ids(count);
  std::vector<llama_pos> positions(count);
  std::vector<llama_seq_id> sequenceIds(count);
  std::vector<int32_t> sequenceCounts(count, 1);
  std::vector<llama_seq_id*> sequences(count);
  std::vector<int8_t> wantsLogits(count);
  for (int i = 0; i < count; i++) {
    ids[i] = tokens[i].token;
    positions[i] = tokens[i].position;
    sequenceIds[i] = tokens[i].sequence;
    sequences[i] = &sequenceIds[i];
    wantsLogits[i] = tokens[i].wantsLogits;
  }
  llama_batch batch = {};
  batch.n_tokens = count;
  batch.token = ids.data();
  batch.pos = positions.data();
  batch.n_seq_id = sequenceCounts.data();
  batch.seq_id = sequences.data();
  batch.logits = wantsLogits.data();
  const ErrorCapture errors;
  const int status = cancelled_ ? 2 : compute(batch);
  if (status == 2) throw Error("CANCELLED", "the decode was cancelled");
  if (status != 0) {
    throw Error("DECODE_FAILED",
                "llama_decode failed (" + std::to_string(status) + "): " + errors.text("llama.cpp gives no reason"));
  }
}

int TextDecoder::positionsPerEmbedding() const {
  const llama_rope_type type = llama_model_rope_type(model_.get());
  return type == LLAMA_ROPE_TYPE_MROPE || type == LLAMA_ROPE_TYPE_IMROPE ? 4 : 1;
}

int TextDecoder::usedCells() const {
  int cells = position();
  for (const Grid& grid : grids_) cells += grid.cells - grid.positions;
  return cells;
}

void TextDecoder::decode(const int32_t* tokens, const float* values, int count, bool logitsLast, const llama_pos* grid,
                         int advance) {
  if (noAlloc_) throw Error("NO_WEIGHTS", "the model was loaded without its weights: it decodes nothing");
  if (count == 0) throw Error("INVALID_ARGUMENT", "there is nothing to decode");
  const int start = position();
  if (count > contextSize() - usedCells()) {
    throw Error("CONTEXT_FULL", std::to_string(usedCells()) + " positions are used and " + std::to_string(count) +
                                    " are needed, the context holds " + std::to_string(contextSize()));
  }
  hasLogits_ = false;
  // What llama.cpp computes at once: between two calls, the number of threads may change.
  const int maxBatch = std::min(count, ubatchSize());
  // For tokens, llama.cpp repeats the position for each of M-RoPE's dimensions; for embeddings it expects all of them.
  const int dimensions = values == nullptr ? 1 : positionsPerEmbedding();
  llama_seq_id sequence = 0;
  std::vector<llama_pos> positions(static_cast<size_t>(maxBatch) * dimensions);
  std::vector<int32_t> sequenceCounts(maxBatch, 1);
  std::vector<llama_seq_id*> sequences(maxBatch, &sequence);
  std::vector<int8_t> wantsLogits(maxBatch, 0);
  for (int done = 0; done < count;) {
    const int size = std::min(maxBatch, count - done);
    for (int dimension = 0; dimension < dimensions; dimension++) {
      for (int i = 0; i < size; i++) {
        positions[dimension * size + i] = grid == nullptr ? start + done + i : grid[dimension * count + done + i];
      }
    }
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
    const int status = cancelled_ ? 2 : compute(batch);
    if (status != 0) {
      rollBack(start);
      if (status == 2) throw Error("CANCELLED", "the decode was cancelled");
      throw Error("DECODE_FAILED",
                  "llama_decode failed (" + std::to_string(status) + "): " + errors.text("llama.cpp gives no reason"));
    }
    done += size;
    if (grid == nullptr) position_ = start + done;
  }
  if (grid != nullptr) {
    position_ = start + advance;
    grids_.push_back({start, advance, count});
  }
  hasLogits_ = logitsLast;
}

}  // namespace scenecast

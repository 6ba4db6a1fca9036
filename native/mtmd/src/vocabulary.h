// A language model's tokens and chat template. The information about the model comes from its metadata, so it is also
// available if only the vocabulary is loaded. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chat-template.h"
#include "llama-cpp.h"

namespace scenecast {

struct TextInfo {
  std::string architecture;
  std::string name;
  std::string quant;      // e.g. "Q4_K - Medium"
  std::string tokenizer;  // "llama" is SentencePiece, "gpt2" byte pairs
  std::optional<std::string> chatTemplate;
  int width = 0;      // of an embedding
  int headCount = 0;  // 0 if it differs between blocks
  int keyValueHeadCount = 0;
  int vocabularySize = 0;
  int trainedContextSize = 0;
  uint64_t sizeBytes = 0;
  uint64_t parameters = 0;
  bool addsBeginToken = false;
};

class Vocabulary {
 public:
  // `model` must outlive this.
  explicit Vocabulary(const llama_model* model);

  const TextInfo& info() const { return info_; }
  const llama_vocab* get() const { return vocab_; }

  // `addSpecial` adds the tokens that the model's tokenizer adds by default (the begin token); `parseSpecial` reads
  // special tokens written as text. Throws INVALID_ARGUMENT for text of 2 GiB and more.
  std::vector<int32_t> tokenize(const std::string& text, bool addSpecial, bool parseSpecial) const;
  // The bytes a token stands for; may be part of a UTF-8 character. With `special`, control tokens have text too.
  std::string piece(int32_t token, bool special) const;
  bool isEndOfGeneration(int32_t token) const;
  // Throws INVALID_ARGUMENT if there is no such token.
  void checkToken(int32_t token) const;

  // Throws NO_TEMPLATE if the model has none and `source` is empty, else what ChatTemplate throws.
  std::string applyChatTemplate(const std::vector<ChatMessage>& messages, const std::string& source,
                                bool addGenerationPrompt) const;

 private:
  const llama_vocab* vocab_;
  TextInfo info_;
  mutable std::mutex templateMutex_;
  mutable std::map<std::string, std::unique_ptr<ChatTemplate>> templates_;
};

// A text model's file; only the vocabulary and the metadata are read.
class VocabularyFile {
 public:
  // Throws what GgufFile throws, NOT_A_TEXT_MODEL or LOAD_FAILED.
  explicit VocabularyFile(const std::string& path);

  const Vocabulary& vocabulary() const { return *vocabulary_; }

 private:
  llama_model_ptr model_;
  std::unique_ptr<Vocabulary> vocabulary_;
};

}  // namespace scenecast

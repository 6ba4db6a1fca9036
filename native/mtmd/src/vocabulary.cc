#include "vocabulary.h"

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "gguf-file.h"
#include "log.h"
#include "napi/error.h"

namespace scenecast {
namespace {

constexpr size_t kMaxTemplates = 16;

std::string metadata(const llama_model* model, const std::string& key) {
  char value[512] = {};
  return llama_model_meta_val_str(model, key.c_str(), value, sizeof value) < 0 ? "" : value;
}

// 0 if the key is missing or an array.
int number(const llama_model* model, const std::string& key) { return std::atoi(metadata(model, key).c_str()); }

TextInfo describe(const llama_model* model) {
  const llama_vocab* vocab = llama_model_get_vocab(model);
  TextInfo info;
  info.architecture = metadata(model, "general.architecture");
  const std::string& of = info.architecture;
  info.name = metadata(model, "general.name");
  // llama.cpp does not report it if only the vocabulary is loaded.
  const std::string fileType = metadata(model, "general.file_type");
  info.quant = llama_ftype_name(fileType.empty() ? llama_model_ftype(model)
                                                 : static_cast<llama_ftype>(std::atoi(fileType.c_str())));
  info.tokenizer = metadata(model, "tokenizer.ggml.model");
  if (const char* source = llama_model_chat_template(model, nullptr)) info.chatTemplate = source;
  // llama.cpp's own value is more exact, but is missing if only the vocabulary is loaded.
  const int width = llama_model_n_embd_inp(model);
  info.width = width > 0 ? width : number(model, of + ".embedding_length");
  info.headCount = number(model, of + ".attention.head_count");
  const int keyValueHeads = number(model, of + ".attention.head_count_kv");
  info.keyValueHeadCount = keyValueHeads > 0 ? keyValueHeads : info.headCount;
  info.vocabularySize = llama_vocab_n_tokens(vocab);
  info.trainedContextSize = number(model, of + ".context_length");
  info.sizeBytes = llama_model_size(model);
  info.parameters = llama_model_n_params(model);
  info.addsBeginToken = llama_vocab_get_add_bos(vocab);
  return info;
}

}  // namespace

Vocabulary::Vocabulary(const llama_model* model) : vocab_(llama_model_get_vocab(model)), info_(describe(model)) {}

std::vector<int32_t> Vocabulary::tokenize(const std::string& text, bool addSpecial, bool parseSpecial) const {
  if (text.size() >= INT_MAX) throw Error("INVALID_ARGUMENT", "the text is too long to tokenise");
  const auto size = static_cast<int32_t>(text.size());
  std::vector<int32_t> tokens(text.size() + 8);
  auto run = [&] {
    return llama_tokenize(vocab_, text.data(), size, tokens.data(), static_cast<int32_t>(tokens.size()), addSpecial,
                          parseSpecial);
  };
  int32_t count = run();
  if (count < 0 && count != INT32_MIN) {  // buffer too small: the negated count is the size needed
    tokens.resize(static_cast<size_t>(-count));
    count = run();
  }
  if (count < 0) throw Error("INVALID_ARGUMENT", "the text could not be tokenised");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

void Vocabulary::checkToken(int32_t token) const {
  if (token < 0 || token >= info_.vocabularySize) {
    throw Error("INVALID_ARGUMENT", "token " + std::to_string(token) + " is outside the vocabulary of " +
                                        std::to_string(info_.vocabularySize));
  }
}

std::string Vocabulary::piece(int32_t token, bool special) const {
  checkToken(token);
  std::string text(64, '\0');
  auto run = [&] {
    return llama_token_to_piece(vocab_, token, text.data(), static_cast<int32_t>(text.size()), 0, special);
  };
  int32_t size = run();
  if (size < 0) {
    text.resize(static_cast<size_t>(-size));
    size = run();
  }
  text.resize(static_cast<size_t>(std::max(size, 0)));
  return text;
}

bool Vocabulary::isEndOfGeneration(int32_t token) const {
  checkToken(token);
  return llama_vocab_is_eog(vocab_, token);
}

std::string Vocabulary::applyChatTemplate(const std::vector<ChatMessage>& messages, const std::string& source,
                                          bool addGenerationPrompt) const {
  const std::string& wanted = source.empty() && info_.chatTemplate ? *info_.chatTemplate : source;
  if (wanted.empty()) throw Error("NO_TEMPLATE", "the model has no chat template and none was given");
  const std::lock_guard<std::mutex> lock(templateMutex_);
  auto found = templates_.find(wanted);
  if (found == templates_.end()) {
    auto special = [&](llama_token token) { return token < 0 ? std::string() : piece(token, true); };
    auto parsed =
        std::make_unique<ChatTemplate>(wanted, special(llama_vocab_bos(vocab_)), special(llama_vocab_eos(vocab_)));
    if (templates_.size() >= kMaxTemplates) templates_.clear();
    found = templates_.emplace(wanted, std::move(parsed)).first;
  }
  return found->second->render(messages, addGenerationPrompt, info_.addsBeginToken);
}

VocabularyFile::VocabularyFile(const std::string& path) {
  const GgufFile file(path);
  if (file.text("general.architecture").value_or("unknown") == "clip") {
    throw Error("NOT_A_TEXT_MODEL", path + " is a vision projector (mmproj), not a text model");
  }
  llama_model_params params = llama_model_default_params();
  params.vocab_only = true;
  const ErrorCapture errors;
  model_.reset(llama_model_load_from_file(path.c_str(), params));
  if (!model_) throw Error("LOAD_FAILED", path + ": " + errors.text("llama.cpp could not load it"));
  vocabulary_ = std::make_unique<Vocabulary>(model_.get());
}

}  // namespace scenecast

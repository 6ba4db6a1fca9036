#include "engine.h"

#include "build-info.h"
#include "error.h"
#include "gguf-file.h"

namespace scenecast {
namespace {

constexpr size_t kMaxTemplates = 16;

std::string metadata(const llama_model* model, const char* key) {
  char value[512] = {};
  return llama_model_meta_val_str(model, key, value, sizeof value) < 0 ? "" : value;
}

TextInfo describe(const llama_model* model) {
  const llama_vocab* vocab = llama_model_get_vocab(model);
  TextInfo info;
  info.architecture = metadata(model, "general.architecture");
  info.name = metadata(model, "general.name");
  info.quant = llama_ftype_name(llama_model_ftype(model));
  if (const char* source = llama_model_chat_template(model, nullptr)) info.chatTemplate = source;
  info.width = llama_model_n_embd_inp(model);
  info.vocabularySize = llama_vocab_n_tokens(vocab);
  info.trainedContextSize = llama_model_n_ctx_train(model);
  info.sizeBytes = llama_model_size(model);
  info.parameters = llama_model_n_params(model);
  info.addsBeginToken = llama_vocab_get_add_bos(vocab);
  return info;
}

// Published files (llama.cpp's legacy converter) call it model.image_newline, v0.5.0 looks for v.image_newline.
std::vector<float> readImageNewline(const GgufFile& mmproj, int width) {
  for (const char* name : {"v.image_newline", "model.image_newline"}) {
    if (!mmproj.hasTensor(name)) continue;
    auto values = mmproj.values(name);
    if (values.size() != static_cast<size_t>(width)) {
      throw Error("WIDTH_MISMATCH", mmproj.path() + ": " + name + " has " + std::to_string(values.size()) +
                                        " values, the text model's embeddings have " + std::to_string(width));
    }
    return values;
  }
  return {};
}

}  // namespace

Engine::Engine(const LoadOptions& options, const ProgressCallback& onProgress, const std::atomic<bool>& stop) {
  info_.cpu = cpuBackend();
  const ModelFiles files(options.textPath, options.mmprojPath);
  const double total = static_cast<double>(files.text.sizeBytes() + files.mmproj.sizeBytes());
  const double textShare = static_cast<double>(files.text.sizeBytes()) / total;
  text_ = std::make_unique<TextDecoder>(options, cancelled_, [&](double fraction) {
    if (stop) cancel();
    onProgress(fraction * textShare);
  });
  vision_ = std::make_unique<VisionTower>(options, text_->model(), cancelled_, [&](double fraction) {
    if (stop) cancel();
    onProgress(textShare + fraction * (1 - textShare));
  });
  text_->createContext(options, vision_->largestChunk());
  imageNewline_ = readImageNewline(files.mmproj, text_->width());
  info_.text = describe(text_->model());
  info_.vision = vision_->info();
  info_.mmprojSizeBytes = files.mmproj.sizeBytes();
  info_.hasImageNewline = !imageNewline_.empty();
  info_.build = std::string("llama.cpp v") + SCENECAST_LLAMA_VERSION + " (" + llama_build_info() + ")";
  setSampler(SamplerOptions{});
  onProgress(1.0);
}

std::string Engine::applyChatTemplate(const std::vector<ChatMessage>& messages, const std::string& source,
                                      bool addGenerationPrompt) const {
  const std::string& wanted = source.empty() && info_.text.chatTemplate ? *info_.text.chatTemplate : source;
  if (wanted.empty()) throw Error("NO_TEMPLATE", "the model has no chat template and none was given");
  const std::lock_guard<std::mutex> lock(templateMutex_);
  auto found = templates_.find(wanted);
  if (found == templates_.end()) {
    const llama_vocab* vocab = text_->vocab();
    auto special = [&](llama_token token) { return token < 0 ? std::string() : text_->piece(token, true); };
    auto parsed = std::make_unique<ChatTemplate>(wanted, special(llama_vocab_bos(vocab)),
                                                 special(llama_vocab_eos(vocab)));
    if (templates_.size() >= kMaxTemplates) templates_.clear();
    found = templates_.emplace(wanted, std::move(parsed)).first;
  }
  return found->second->render(messages, addGenerationPrompt, info_.text.addsBeginToken);
}

void Engine::setSampler(const SamplerOptions& options) {
  sampler_ = std::make_unique<Sampler>(text_->vocab(), options);
}

int32_t Engine::sample() {
  if (!text_->hasLogits()) {
    throw Error("NO_LOGITS", "there are no logits to sample from: decode with logitsLast first");
  }
  return sampler_->sample(text_->context());
}

int32_t Engine::step(int32_t token) {
  text_->decodeTokens({token}, true);
  return sample();
}

}  // namespace scenecast

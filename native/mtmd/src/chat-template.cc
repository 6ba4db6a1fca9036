#include "chat-template.h"

#include "chat-auto-parser.h"
#include "chat.h"
#include "napi/error.h"

// llama.cpp's common/log.h is found under the same name as ours, so its one function is declared here.
void common_log_set_verbosity_thold(int verbosity);

namespace scenecast {

void silenceCommonLog() { common_log_set_verbosity_thold(-1); }

ChatTemplate::ChatTemplate(const std::string& source, const std::string& beginPiece, const std::string& endPiece) {
  try {
    template_ = std::make_unique<common_chat_template>(source, beginPiece, endPiece);
  } catch (const std::exception& error) {
    throw Error("BAD_TEMPLATE", std::string("the chat template does not parse: ") + error.what());
  }
}

ChatTemplate::~ChatTemplate() = default;

const std::string& ChatTemplate::source() const { return template_->src; }

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool addGenerationPrompt,
                                 bool tokenizerAddsBegin) const {
  try {
    autoparser::generation_params input;
    input.messages = common_json::array();
    for (const auto& message : messages) {
      common_json entry = common_json::object();
      entry["role"] = message.role;
      entry["content"] = message.content;
      input.messages.push_back(entry);
    }
    input.add_generation_prompt = addGenerationPrompt;
    // A description is wanted, not what a model thinks on the way to it.
    input.enable_thinking = false;
    input.add_bos = tokenizerAddsBegin && !template_->bos_tok.empty();
    return common_chat_template_direct_apply(*template_, input);
  } catch (const std::exception& error) {
    throw Error("BAD_TEMPLATE", std::string("the chat template could not be rendered: ") + error.what());
  }
}

}  // namespace scenecast

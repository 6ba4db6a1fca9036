// Jinja chat templates, rendered by llama.cpp's own engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

struct common_chat_template;

namespace scenecast {

// llama.cpp's shared helpers log to stderr through a thread of their own, which this never starts.
void silenceCommonLog();

struct ChatMessage {
  std::string role;
  std::string content;
};

class ChatTemplate {
 public:
  // The template sees the begin and end of sequence pieces as bos_token and eos_token.
  // Throws BAD_TEMPLATE with the parser's message and the place in the source.
  ChatTemplate(const std::string& source, const std::string& beginPiece, const std::string& endPiece);
  ~ChatTemplate();

  const std::string& source() const;

  // The conversation as prompt text. With `tokenizerAddsBegin` a begin piece at the start is cut off, so that the
  // tokeniser, asked to add it, does not double it. Throws BAD_TEMPLATE if the template fails or raises.
  std::string render(const std::vector<ChatMessage>& messages, bool addGenerationPrompt, bool tokenizerAddsBegin) const;

 private:
  std::unique_ptr<common_chat_template> template_;
};

}  // namespace scenecast

// The JavaScript object of a vocabulary, and what it shares with an engine's.
#pragma once

#include <napi.h>

#include <memory>

#include "vocabulary.h"

namespace scenecast {

// The methods that read a vocabulary, with the call's arguments. Each throws Error.
Napi::Value tokenize(const Napi::CallbackInfo& info, const Vocabulary& vocabulary);
Napi::Value tokenToPiece(const Napi::CallbackInfo& info, const Vocabulary& vocabulary);
Napi::Value applyChatTemplate(const Napi::CallbackInfo& info, const Vocabulary& vocabulary);

// Freed when it is collected.
class VocabularyObject : public Napi::ObjectWrap<VocabularyObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, std::shared_ptr<VocabularyFile> file);
  explicit VocabularyObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value getInfo(const Napi::CallbackInfo& info);
  Napi::Value tokenize(const Napi::CallbackInfo& info);
  Napi::Value tokenToPiece(const Napi::CallbackInfo& info);
  Napi::Value applyChatTemplate(const Napi::CallbackInfo& info);

  // Throws CLOSED for an object that `create` did not make.
  const Vocabulary& vocabulary() const;

  std::shared_ptr<VocabularyFile> file_;
};

}  // namespace scenecast

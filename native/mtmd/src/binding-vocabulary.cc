#include "binding-vocabulary.h"

#include "binding-engine.h"
#include "binding-values.h"

namespace scenecast {

Napi::Value tokenize(const Napi::CallbackInfo& info, const Vocabulary& vocabulary) {
  bool addSpecial = false;
  bool parseSpecial = false;
  if (!info[1].IsUndefined()) {
    const Napi::Object options = asObject(info[1], "options");
    if (options.Has("addSpecial")) addSpecial = asBoolean(options.Get("addSpecial"), "addSpecial");
    if (options.Has("parseSpecial")) parseSpecial = asBoolean(options.Get("parseSpecial"), "parseSpecial");
  }
  return toJs(info.Env(), vocabulary.tokenize(asString(info[0], "text"), addSpecial, parseSpecial));
}

Napi::Value tokenToPiece(const Napi::CallbackInfo& info, const Vocabulary& vocabulary) {
  bool special = false;
  if (!info[1].IsUndefined()) {
    const Napi::Object options = asObject(info[1], "options");
    if (options.Has("special")) special = asBoolean(options.Get("special"), "special");
  }
  const std::string piece = vocabulary.piece(asInteger(info[0], "token", INT32_MIN, INT32_MAX), special);
  return toJs(info.Env(), std::vector<uint8_t>(piece.begin(), piece.end()));
}

Napi::Value applyChatTemplate(const Napi::CallbackInfo& info, const Vocabulary& vocabulary) {
  std::string source;
  bool addGenerationPrompt = true;
  if (!info[1].IsUndefined()) {
    const Napi::Object options = asObject(info[1], "options");
    const Napi::Value given = options.Get("template");
    if (!given.IsUndefined()) source = asString(given, "template");
    if (options.Has("addGenerationPrompt")) {
      addGenerationPrompt = asBoolean(options.Get("addGenerationPrompt"), "addGenerationPrompt");
    }
  }
  return Napi::String::New(info.Env(), vocabulary.applyChatTemplate(asMessages(info[0]), source, addGenerationPrompt));
}

Napi::Function VocabularyObject::define(Napi::Env env) {
  return DefineClass(env, "MtmdVocabulary",
                     {
                         InstanceAccessor<&VocabularyObject::getInfo>("info"),
                         InstanceMethod<&VocabularyObject::tokenize>("tokenize"),
                         InstanceMethod<&VocabularyObject::tokenToPiece>("tokenToPiece"),
                         InstanceMethod<&VocabularyObject::applyChatTemplate>("applyChatTemplate"),
                     });
}

Napi::Value VocabularyObject::create(Napi::Env env, std::shared_ptr<VocabularyFile> file) {
  const Napi::Object object = env.GetInstanceData<Addon>()->vocabularyClass.New({});
  Unwrap(object)->file_ = std::move(file);
  return object;
}

VocabularyObject::VocabularyObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VocabularyObject>(info) {}

const Vocabulary& VocabularyObject::vocabulary() const {
  if (!file_) throw Error("CLOSED", "no vocabulary is loaded");
  return file_->vocabulary();
}

Napi::Value VocabularyObject::getInfo(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return toJs(info.Env(), vocabulary().info()); });
}

Napi::Value VocabularyObject::tokenize(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return scenecast::tokenize(info, vocabulary()); });
}

Napi::Value VocabularyObject::tokenToPiece(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return scenecast::tokenToPiece(info, vocabulary()); });
}

Napi::Value VocabularyObject::applyChatTemplate(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return scenecast::applyChatTemplate(info, vocabulary()); });
}

}  // namespace scenecast

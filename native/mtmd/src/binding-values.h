// From JavaScript values to plain data and back. Everything is copied: JavaScript memory is read on the JavaScript
// thread only.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine.h"
#include "napi/arguments.h"
#include "napi/js-error.h"
#include "picture.h"
#include "quantize.h"
#include "turns.h"

namespace scenecast {

// Readers of arguments, beside those of napi/arguments.h. Each throws INVALID_ARGUMENT naming `what`, or the field.
int asInteger(const Napi::Value& value, const char* what, double min, double max);
std::vector<float> asFloats(const Napi::Value& value, const char* what);
std::vector<int32_t> asTokens(const Napi::Value& value, const char* what);

// `options.logitsLast` of an optional options object.
bool wantsLogits(const Napi::Value& options);

// Of an optional options object.
GenerateOptions asGenerateOptions(const Napi::Value& value);

LoadOptions asLoadOptions(const Napi::Value& value);
QuantizeOptions asQuantizeOptions(const Napi::Value& value);
PictureInput asPicture(const Napi::Value& value);
SamplerOptions asSamplerOptions(const Napi::Value& value);
std::vector<Turn> asTurns(const Napi::Value& value);
std::vector<ChatMessage> asMessages(const Napi::Value& value);

Napi::Value toJs(Napi::Env env, const std::vector<uint8_t>& bytes);
Napi::Value toJs(Napi::Env env, const std::vector<float>& values);
Napi::Value toJs(Napi::Env env, const std::vector<int32_t>& tokens);
Napi::Value toJs(Napi::Env env, const PictureTokens& tokens);
Napi::Value toJs(Napi::Env env, const AttendedTile& tile);
Napi::Value toJs(Napi::Env env, const TurnsResult& result);
Napi::Value toJs(Napi::Env env, const TextInfo& info);
Napi::Value toJs(Napi::Env env, const EngineInfo& info);
Napi::Value toJs(Napi::Env env, const MemoryUse& use);

}  // namespace scenecast

// From JavaScript values to plain data and back. Everything is copied: no JavaScript memory is read off its thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine.h"
#include "error.h"
#include "picture.h"
#include "quantize.h"

namespace scenecast {

// A JavaScript Error with the core error's code.
Napi::Error toJsError(Napi::Env env, const char* code, const std::string& message);

// Runs `body`, turning the core's errors into thrown JavaScript errors.
template <typename Body>
auto throwing(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Error& error) {
    throw toJsError(env, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    throw toJsError(env, "OUT_OF_MEMORY", "out of memory");
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw toJsError(env, "INTERNAL", error.what());
  }
}

// Runs `body`, which returns a promise, turning the core's errors into a rejected promise.
template <typename Body>
Napi::Value rejecting(Napi::Env env, Body body) {
  try {
    return throwing(env, body);
  } catch (const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error.Value());
    return deferred.Promise();
  }
}

// Readers of arguments; each throws INVALID_ARGUMENT naming `what`.
std::string asString(const Napi::Value& value, const char* what);
bool asBoolean(const Napi::Value& value, const char* what);
double asNumber(const Napi::Value& value, const char* what);
int asInteger(const Napi::Value& value, const char* what, double least, double most);
Napi::Object asObject(const Napi::Value& value, const char* what);
std::vector<uint8_t> asBytes(const Napi::Value& value, const char* what);
std::vector<float> asFloats(const Napi::Value& value, const char* what);
std::vector<int32_t> asTokens(const Napi::Value& value, const char* what);

// `options.logitsLast` of an optional options object.
bool wantsLogits(const Napi::Value& options);

LoadOptions asLoadOptions(const Napi::Value& value);
QuantizeOptions asQuantizeOptions(const Napi::Value& value);
PictureInput asPicture(const Napi::Value& value);
SamplerOptions asSamplerOptions(const Napi::Value& value);
std::vector<ChatMessage> asMessages(const Napi::Value& value);

Napi::Value toJs(Napi::Env env, const std::vector<uint8_t>& bytes);
Napi::Value toJs(Napi::Env env, const std::vector<float>& values);
Napi::Value toJs(Napi::Env env, const std::vector<int32_t>& tokens);
Napi::Value toJs(Napi::Env env, const PictureTokens& tokens);
Napi::Value toJs(Napi::Env env, const TextInfo& info);
Napi::Value toJs(Napi::Env env, const EngineInfo& info);
Napi::Value toJs(Napi::Env env, const MemoryUse& use);

}  // namespace scenecast

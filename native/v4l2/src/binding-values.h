// From JavaScript values to plain data and back. Everything is copied: no JavaScript memory is read off its thread.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "controls.h"
#include "convert.h"
#include "device-report.h"
#include "stream.h"

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
    // Such as a thread that cannot be started. Uncaught, it would end the process.
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
int64_t asInteger(const Napi::Value& value, const char* what, double least, double most);
std::vector<uint8_t> asBytes(const Napi::Value& value, const char* what);
PixelFormat asPixelFormat(const Napi::Value& value);
StreamRequest asStreamRequest(const Napi::Value& value);

// Gives the bytes to JavaScript without copying them.
Napi::Value toJs(Napi::Env env, std::vector<uint8_t> bytes);
Napi::Value toJs(Napi::Env env, const DeviceNames& names);
Napi::Value toJs(Napi::Env env, const std::vector<OfferedFormat>& formats);
Napi::Value toJs(Napi::Env env, const std::vector<Control>& controls);
Napi::Value toJs(Napi::Env env, const StreamFormat& format);
Napi::Value toJs(Napi::Env env, Frame frame);

}  // namespace scenecast

// Turns the exceptions of an addon's core into JavaScript errors, thrown or as a rejected promise.
#pragma once

#include <napi.h>

#include "napi/error.h"

namespace scenecast {

// A JavaScript Error with a `code`.
inline Napi::Error toJsError(Napi::Env env, const Failure& failure) {
  auto error = Napi::Error::New(env, failure.message);
  error.Set("code", Napi::String::New(env, failure.code));
  return error;
}

// Runs `body` and throws its exceptions as JavaScript errors. An exception that Node sees ends the process.
template <typename Body>
auto throwing(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw toJsError(env, currentFailure());
  }
}

// Runs `body`, which returns a promise. An exception rejects the promise.
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

}  // namespace scenecast

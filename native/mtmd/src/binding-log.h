// Hands the libraries' log lines, which come from any thread, to one JavaScript function.
#pragma once

#include <napi.h>

namespace scenecast {

// A function takes the place of the one before, also of another environment's; null or undefined silences.
void setJsLogger(Napi::Env env, const Napi::Value& logger);

}  // namespace scenecast

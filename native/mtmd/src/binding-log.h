// Hands the libraries' log lines, which come from any thread, to one JavaScript function.
#pragma once

#include <napi.h>

namespace scenecast {

// Replaces the previous function, even one of another environment; null or undefined disables logging.
void setJsLogger(Napi::Env env, const Napi::Value& logger);

}  // namespace scenecast

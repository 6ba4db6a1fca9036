// The module's one export. Only this file knows N-API.
#include <napi.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "notify.h"

namespace {

// send(socket: string, message: string): void; throws an Error whose `errno` is the system's number.
void send(const Napi::CallbackInfo& info) {
  if (!info[0].IsString() || !info[1].IsString()) {
    throw Napi::TypeError::New(info.Env(), "send(socket, message) takes two strings");
  }
  try {
    scenecast::sendDatagram(info[0].As<Napi::String>(), info[1].As<Napi::String>());
  } catch (const std::system_error& error) {
    Napi::Error thrown = Napi::Error::New(info.Env(), error.what());
    thrown.Set("errno", Napi::Number::New(info.Env(), error.code().value()));
    throw thrown;
  }
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("send", Napi::Function::New(env, send, "send"));
  return exports;
}

}  // namespace

NODE_API_MODULE(sd_notify, init)

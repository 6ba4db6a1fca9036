#include "binding-mailbox.h"

#include <memory>

namespace scenecast {

Mailbox::Mailbox(Napi::Env env) : function_(Function::New(env, "scenecast-v4l2", 0, 1)) { function_.Unref(env); }

void Mailbox::expect(Napi::Env env) {
  if (expected_++ == 0) function_.Ref(env);
}

void Mailbox::settle(Napi::Env env) {
  if (--expected_ == 0) function_.Unref(env);
}

void Mailbox::send(Deliver deliver) {
  const std::lock_guard lock(mutex_);
  if (isClosed_) return;
  auto* given = new Deliver(std::move(deliver));
  if (function_.NonBlockingCall(given) != napi_ok) delete given;
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  if (isClosed_) return;
  isClosed_ = true;
  function_.Release();
}

void Mailbox::callJs(Napi::Env env, Napi::Function, std::nullptr_t*, Deliver* given) {
  const std::unique_ptr<Deliver> owned(given);
  if (env != nullptr) (*owned)(env);
}

}  // namespace scenecast

// Delivers results from device threads to the JavaScript thread.
#pragma once

#include <napi.h>

#include <functional>
#include <mutex>

namespace scenecast {

class Mailbox {
 public:
  using Deliver = std::function<void(Napi::Env)>;

  explicit Mailbox(Napi::Env env);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // From the JavaScript thread: keep the process alive while results are expected, and only then.
  void expect(Napi::Env env);
  void settle(Napi::Env env);
  // From any thread: runs `deliver` on the JavaScript thread; drops it once closed.
  void send(Deliver deliver);
  // From the JavaScript thread, when its environment ends; later calls of send() are harmless.
  void close();

 private:
  static void callJs(Napi::Env env, Napi::Function, std::nullptr_t*, Deliver* given);
  using Function = Napi::TypedThreadSafeFunction<std::nullptr_t, Deliver, callJs>;

  std::mutex mutex_;
  Function function_;
  bool isClosed_ = false;
  int expected_ = 0;
};

}  // namespace scenecast

// Work off the JavaScript thread, its outcome delivered as a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "binding-values.h"

namespace scenecast {

template <typename Result>
class Task : public Napi::AsyncWorker {
 public:
  // Off the JavaScript thread; must own everything it uses. May throw Error.
  using Run = std::function<Result()>;
  // On the JavaScript thread, after `run` is destroyed and the promise is settled (its handlers run later still),
  // whatever the outcome.
  using Settle = std::function<void()>;
  // On the JavaScript thread, if `run` succeeded.
  using Convert = std::function<Napi::Value(Napi::Env, Result&)>;

  static Napi::Promise start(Napi::Env env, Run run, Settle settle, Convert convert) {
    auto* task = new Task(env, std::move(run), std::move(settle), std::move(convert));  // deletes itself
    const Napi::Promise promise = task->deferred_.Promise();
    task->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_.emplace(run_());
    } catch (const Error& error) {
      fail(error.code(), error.what());
    } catch (const std::bad_alloc&) {
      fail("OUT_OF_MEMORY", "out of memory");
    } catch (const std::exception& error) {
      fail("INTERNAL", error.what());
    } catch (...) {
      fail("INTERNAL", "unknown error");
    }
  }

  void OnOK() override {
    run_ = nullptr;
    try {
      if (result_) {
        deferred_.Resolve(convert_(Env(), *result_));
      } else {
        deferred_.Reject(toJsError(Env(), code_, message_).Value());
      }
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
    settle_();
  }

 private:
  Task(Napi::Env env, Run run, Settle settle, Convert convert)
      : Napi::AsyncWorker(env, "scenecast-mtmd"),
        run_(std::move(run)),
        settle_(std::move(settle)),
        convert_(std::move(convert)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  void fail(const char* code, const std::string& message) {
    code_ = code;
    message_ = message;
  }

  Run run_;
  Settle settle_;
  Convert convert_;
  Napi::Promise::Deferred deferred_;
  std::optional<Result> result_;
  const char* code_ = "INTERNAL";
  std::string message_;
};

// The result of a task that has none.
struct Nothing {};

}  // namespace scenecast

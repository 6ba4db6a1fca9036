// Work on libuv's thread pool; a promise delivers the result.
#pragma once

#include <napi.h>

#include <functional>
#include <optional>
#include <utility>

#include "napi/js-error.h"

namespace scenecast {

// The result of a task that has none.
struct Nothing {};

template <typename Result>
class Task : public Napi::AsyncWorker {
 public:
  // Runs on the thread pool and must own everything it uses. Exceptions reject the promise.
  using Run = std::function<Result()>;
  // Runs on the JavaScript thread if `run` succeeded.
  using Convert = std::function<Napi::Value(Napi::Env, Result&)>;
  // Runs on the JavaScript thread, whatever the outcome: after `run` is destroyed and the promise is settled, before
  // the promise's handlers.
  using Settle = std::function<void()>;

  // `name` is the name of the asynchronous resource, e.g. "scenecast-mtmd".
  static Napi::Promise start(
      Napi::Env env, const char* name, Run run, Convert convert, Settle settle = [] {}) {
    auto* task = new Task(env, name, std::move(run), std::move(convert), std::move(settle));  // deletes itself
    const Napi::Promise promise = task->deferred_.Promise();
    task->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_.emplace(run_());
    } catch (...) {
      failure_ = currentFailure();
    }
  }

  void OnOK() override {
    run_ = nullptr;
    try {
      if (result_) {
        deferred_.Resolve(convert_(Env(), *result_));
      } else {
        deferred_.Reject(toJsError(Env(), failure_).Value());
      }
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
    settle_();
  }

 private:
  Task(Napi::Env env, const char* name, Run run, Convert convert, Settle settle)
      : Napi::AsyncWorker(env, name),
        run_(std::move(run)),
        convert_(std::move(convert)),
        settle_(std::move(settle)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Run run_;
  Convert convert_;
  Settle settle_;
  Napi::Promise::Deferred deferred_;
  std::optional<Result> result_;
  Failure failure_;
};

}  // namespace scenecast

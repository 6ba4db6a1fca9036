// The module's exports. Only the binding*.cc files know N-API; the rest is plain C++.
#include <napi.h>

#include <memory>
#include <mutex>

#include "binding-engine.h"
#include "binding-log.h"
#include "binding-values.h"
#include "binding-vocabulary.h"
#include "log.h"
#include "napi/task.h"

namespace scenecast {
namespace {

// Delivers the progress of a task to a JavaScript function: at most a hundred times, in order, ending with 1.
class TaskProgress {
 public:
  TaskProgress(Napi::Env env, const Napi::Function& function)
      : function_(Napi::ThreadSafeFunction::New(env, function, "scenecast-mtmd-progress", 0, 1)),
        callback_(Napi::Persistent(function)) {}

  ~TaskProgress() { function_.Release(); }

  // From the task's thread. `self` keeps this alive until the call has been delivered.
  static void tell(const std::shared_ptr<TaskProgress>& self, double fraction) {
    if (fraction < self->told_ + 0.01 || fraction >= 1) return;
    self->told_ = fraction;
    auto* argument = new Delivery{self, fraction};
    const napi_status status =
        self->function_.NonBlockingCall(argument, [](Napi::Env env, Napi::Function callback, Delivery* given) {
          const std::unique_ptr<Delivery> owned(given);
          if (!owned->progress->finished_) callback.Call({Napi::Number::New(env, owned->fraction)});
        });
    if (status != napi_ok) delete argument;
  }

  // From the JavaScript thread, when the task has ended: nothing is delivered any more.
  void finish() { finished_ = true; }

  // From the JavaScript thread, before the promise resolves. Exceptions of the function are ignored: the work has
  // succeeded.
  void tellDone(Napi::Env env) {
    try {
      callback_.Call({Napi::Number::New(env, 1)});
    } catch (const Napi::Error&) {
    }
  }

 private:
  struct Delivery {
    std::shared_ptr<TaskProgress> progress;
    double fraction;
  };

  Napi::ThreadSafeFunction function_;
  Napi::FunctionReference callback_;
  double told_ = 0;        // the task's thread only
  bool finished_ = false;  // JavaScript thread only
};

std::shared_ptr<TaskProgress> progressOf(Napi::Env env, const Napi::Value& options) {
  const Napi::Value callback = options.As<Napi::Object>().Get("onProgress");
  return callback.IsFunction() ? std::make_shared<TaskProgress>(env, callback.As<Napi::Function>()) : nullptr;
}

Napi::Value load(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    LoadOptions options = asLoadOptions(info[0]);
    const auto progress = progressOf(info.Env(), info[0]);
    const auto stop = info.Env().GetInstanceData<Addon>()->stopping;
    return Task<std::shared_ptr<Engine>>::start(
        info.Env(), kTaskName,
        [options = std::move(options), progress, stop] {
          return std::make_shared<Engine>(
              options,
              [&](double fraction) {
                if (progress) TaskProgress::tell(progress, fraction);
              },
              *stop);
        },
        [progress](Napi::Env env, std::shared_ptr<Engine>& engine) {
          if (progress) progress->tellDone(env);
          return EngineObject::create(env, std::move(engine));
        },
        [progress] {
          if (progress) progress->finish();
        });
  });
}

Napi::Value loadVocabulary(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return Task<std::shared_ptr<VocabularyFile>>::start(
        info.Env(), kTaskName, [path = asString(info[0], "path")] { return std::make_shared<VocabularyFile>(path); },
        [](Napi::Env env, std::shared_ptr<VocabularyFile>& file) {
          return VocabularyObject::create(env, std::move(file));
        });
  });
}

Napi::Value quantizeFile(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    QuantizeOptions options = asQuantizeOptions(info[0]);
    const auto progress = progressOf(info.Env(), info[0]);
    return Task<Nothing>::start(
        info.Env(), kTaskName,
        [options = std::move(options), progress] {
          quantize(options, [&](double fraction) {
            if (progress) TaskProgress::tell(progress, fraction);
          });
          return Nothing{};
        },
        [progress](Napi::Env env, Nothing&) {
          if (progress) progress->tellDone(env);
          return env.Undefined();
        },
        [progress] {
          if (progress) progress->finish();
        });
  });
}

Napi::Value loadBackendsFrom(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    loadBackends(asString(info[0], "path"));
    return info.Env().Undefined();
  });
}

Napi::Value setLogger(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    setJsLogger(info.Env(), info[0]);
    return info.Env().Undefined();
  });
}

Napi::Value cancelAll(const Napi::CallbackInfo& info) {
  info.Env().GetInstanceData<Addon>()->cancelAll();
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  static std::once_flag once;
  std::call_once(once, installLogging);
  auto* addon = new Addon;
  addon->engineClass = Napi::Persistent(EngineObject::define(env));
  addon->vocabularyClass = Napi::Persistent(VocabularyObject::define(env));
  env.SetInstanceData(addon);
  exports.Set("load", Napi::Function::New(env, load, "load"));
  exports.Set("loadVocabulary", Napi::Function::New(env, loadVocabulary, "loadVocabulary"));
  exports.Set("quantize", Napi::Function::New(env, quantizeFile, "quantize"));
  exports.Set("loadBackends", Napi::Function::New(env, loadBackendsFrom, "loadBackends"));
  exports.Set("setLogger", Napi::Function::New(env, setLogger, "setLogger"));
  exports.Set("cancelAll", Napi::Function::New(env, cancelAll, "cancelAll"));
  return exports;
}

}  // namespace
}  // namespace scenecast

static Napi::Object initModule(Napi::Env env, Napi::Object exports) { return scenecast::init(env, exports); }
NODE_API_MODULE(mtmd, initModule)

#include "binding-log.h"

#include <memory>
#include <string>
#include <utility>

#include "binding-values.h"
#include "log.h"

namespace scenecast {
namespace {

using Line = std::pair<const char*, std::string>;

// Owns a reference to the JavaScript function; lines logged after its environment has ended are dropped.
class JsSink {
 public:
  JsSink(Napi::Env env, const Napi::Function& function)
      : function_(Napi::ThreadSafeFunction::New(env, function, "scenecast-mtmd-log", 1024, 1)) {
    function_.Unref(env);  // logging does not keep the process running
  }

  ~JsSink() { function_.Release(); }

  void write(const char* level, const std::string& text) {
    auto* line = new Line(level, text);
    // Never blocks: a reader that falls 1024 lines behind loses lines.
    const napi_status status = function_.NonBlockingCall(line, [](Napi::Env env, Napi::Function callback, Line* given) {
      const std::unique_ptr<Line> owned(given);
      callback.Call({Napi::String::New(env, owned->first), Napi::String::New(env, owned->second)});
    });
    if (status != napi_ok) delete line;
  }

 private:
  Napi::ThreadSafeFunction function_;
};

}  // namespace

void setJsLogger(Napi::Env env, const Napi::Value& logger) {
  if (logger.IsUndefined() || logger.IsNull()) {
    setLogSink(nullptr);
    return;
  }
  if (!logger.IsFunction()) throw Error("INVALID_ARGUMENT", "the logger must be a function or null");
  auto sink = std::make_shared<JsSink>(env, logger.As<Napi::Function>());
  setLogSink([sink](const char* level, const std::string& text) { sink->write(level, text); });
  // The function must not be called once its environment is gone.
  env.AddCleanupHook([weak = std::weak_ptr<JsSink>(sink)] {
    if (const auto still = weak.lock()) setLogSink(nullptr);
  });
}

}  // namespace scenecast

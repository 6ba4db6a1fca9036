// The JavaScript object of an engine. It lets one asynchronous call run at a time, and keeps the engine alive for
// as long as that call needs it, even if it is closed or collected before the call ends.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "engine.h"

namespace scenecast {

// The name of the addon's asynchronous resources.
constexpr char kTaskName[] = "scenecast-mtmd";

// State of one JavaScript environment (the main thread, or a worker thread).
struct Addon {
  Napi::FunctionReference engineClass;
  Napi::FunctionReference vocabularyClass;
  std::vector<std::weak_ptr<Engine>> engines;
  // Aborts loads, which may outlive this structure.
  std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);

  void remember(const std::shared_ptr<Engine>& engine);
  void cancelAll();
};

class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, std::shared_ptr<Engine> engine);
  explicit EngineObject(const Napi::CallbackInfo& info);

 private:
  // Shared with the running task, which may outlive the JavaScript object. Used on the JavaScript thread only.
  struct State {
    std::shared_ptr<Engine> engine;  // null once closed and idle
    bool busy = false;
    bool closed = false;
    std::vector<Napi::Promise::Deferred> closing;

    void settle(Napi::Env env);
  };

  // The engine, for calls that may run beside an asynchronous one. Throws CLOSED.
  Engine& open() const;
  // The engine, for calls that may not run beside one. Throws CLOSED or BUSY.
  Engine& idle() const;
  // Runs `work(engine)` as a task. Rejects with CLOSED or BUSY.
  template <typename Work, typename Convert>
  Napi::Promise run(Napi::Env env, Work work, Convert convert);

  Napi::Value getInfo(const Napi::CallbackInfo& info);
  Napi::Value getPosition(const Napi::CallbackInfo& info);
  Napi::Value getContextSize(const Napi::CallbackInfo& info);
  Napi::Value getUbatchSize(const Napi::CallbackInfo& info);
  Napi::Value getFreeCells(const Napi::CallbackInfo& info);
  Napi::Value getMaxTurns(const Napi::CallbackInfo& info);
  Napi::Value getMemory(const Napi::CallbackInfo& info);
  Napi::Value imageNewline(const Napi::CallbackInfo& info);
  Napi::Value resize(const Napi::CallbackInfo& info);
  Napi::Value encodeTile(const Napi::CallbackInfo& info);
  Napi::Value encodeAttendedTile(const Napi::CallbackInfo& info);
  Napi::Value tokenize(const Napi::CallbackInfo& info);
  Napi::Value tokenToPiece(const Napi::CallbackInfo& info);
  Napi::Value isEndOfGeneration(const Napi::CallbackInfo& info);
  Napi::Value applyChatTemplate(const Napi::CallbackInfo& info);
  Napi::Value decodeTokens(const Napi::CallbackInfo& info);
  Napi::Value decodeEmbeddings(const Napi::CallbackInfo& info);
  Napi::Value decodePicture(const Napi::CallbackInfo& info);
  Napi::Value countPictureTokens(const Napi::CallbackInfo& info);
  Napi::Value countPatches(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value generate(const Napi::CallbackInfo& info);
  Napi::Value runTurns(const Napi::CallbackInfo& info);
  Napi::Value sample(const Napi::CallbackInfo& info);
  Napi::Value logits(const Napi::CallbackInfo& info);
  Napi::Value setSampler(const Napi::CallbackInfo& info);
  Napi::Value truncate(const Napi::CallbackInfo& info);
  Napi::Value clear(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<State> state_;
};

}  // namespace scenecast

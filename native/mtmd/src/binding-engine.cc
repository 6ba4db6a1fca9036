#include "binding-engine.h"

#include <algorithm>

#include "binding-values.h"
#include "binding-vocabulary.h"
#include "napi/task.h"
#include "turns.h"

namespace scenecast {

void Addon::remember(const std::shared_ptr<Engine>& engine) {
  engines.erase(std::remove_if(engines.begin(), engines.end(), [](const auto& known) { return known.expired(); }),
                engines.end());
  engines.push_back(engine);
}

void Addon::cancelAll() {
  *stopping = true;
  for (const auto& known : engines) {
    if (const auto engine = known.lock()) engine->cancel();
  }
}

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "MtmdEngine",
                     {
                         InstanceAccessor<&EngineObject::getInfo>("info"),
                         InstanceAccessor<&EngineObject::getPosition>("position"),
                         InstanceAccessor<&EngineObject::getContextSize>("contextSize"),
                         InstanceAccessor<&EngineObject::getUbatchSize>("ubatchSize"),
                         InstanceAccessor<&EngineObject::getFreeCells>("freeCells"),
                         InstanceAccessor<&EngineObject::getMaxTurns>("maxTurns"),
                         InstanceAccessor<&EngineObject::getMemory>("memory"),
                         InstanceMethod<&EngineObject::imageNewline>("imageNewline"),
                         InstanceMethod<&EngineObject::resize>("resize"),
                         InstanceMethod<&EngineObject::encodeTile>("encodeTile"),
                         InstanceMethod<&EngineObject::encodeAttendedTile>("encodeAttendedTile"),
                         InstanceMethod<&EngineObject::tokenize>("tokenize"),
                         InstanceMethod<&EngineObject::tokenToPiece>("tokenToPiece"),
                         InstanceMethod<&EngineObject::isEndOfGeneration>("isEndOfGeneration"),
                         InstanceMethod<&EngineObject::applyChatTemplate>("applyChatTemplate"),
                         InstanceMethod<&EngineObject::decodeTokens>("decodeTokens"),
                         InstanceMethod<&EngineObject::decodeEmbeddings>("decodeEmbeddings"),
                         InstanceMethod<&EngineObject::decodePicture>("decodePicture"),
                         InstanceMethod<&EngineObject::countPictureTokens>("countPictureTokens"),
                         InstanceMethod<&EngineObject::countPatches>("countPatches"),
                         InstanceMethod<&EngineObject::step>("step"),
                         InstanceMethod<&EngineObject::generate>("generate"),
                         InstanceMethod<&EngineObject::runTurns>("runTurns"),
                         InstanceMethod<&EngineObject::sample>("sample"),
                         InstanceMethod<&EngineObject::logits>("logits"),
                         InstanceMethod<&EngineObject::setSampler>("setSampler"),
                         InstanceMethod<&EngineObject::truncate>("truncate"),
                         InstanceMethod<&EngineObject::clear>("clear"),
                         InstanceMethod<&EngineObject::cancel>("cancel"),
                         InstanceMethod<&EngineObject::close>("close"),
                     });
}

Napi::Value EngineObject::create(Napi::Env env, std::shared_ptr<Engine> engine) {
  auto* addon = env.GetInstanceData<Addon>();
  addon->remember(engine);
  const Napi::Object object = addon->engineClass.New({});
  Unwrap(object)->state_->engine = std::move(engine);
  return object;
}

EngineObject::EngineObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EngineObject>(info), state_(std::make_shared<State>()) {}

void EngineObject::State::settle(Napi::Env env) {
  busy = false;
  if (!closed) return;
  engine.reset();
  for (const auto& deferred : closing) deferred.Resolve(env.Undefined());
  closing.clear();
}

Engine& EngineObject::open() const {
  if (state_->closed || !state_->engine) throw Error("CLOSED", "the engine is closed");
  return *state_->engine;
}

Engine& EngineObject::idle() const {
  Engine& engine = open();
  if (state_->busy) throw Error("BUSY", "another call runs on this engine: wait for it");
  return engine;
}

template <typename Work, typename Convert>
Napi::Promise EngineObject::run(Napi::Env env, Work work, Convert convert) {
  using Result = std::invoke_result_t<Work, Engine&>;
  idle().resume();
  state_->busy = true;
  return Task<Result>::start(
      env, kTaskName, [engine = state_->engine, work = std::move(work)] { return work(*engine); }, std::move(convert),
      [env, state = state_] { state->settle(env); });
}

Napi::Value EngineObject::getInfo(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return toJs(info.Env(), open().info()); });
}

Napi::Value EngineObject::getPosition(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return Napi::Number::New(info.Env(), open().text().position()); });
}

Napi::Value EngineObject::getContextSize(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return Napi::Number::New(info.Env(), open().text().contextSize()); });
}

Napi::Value EngineObject::getUbatchSize(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return Napi::Number::New(info.Env(), open().text().ubatchSize()); });
}

Napi::Value EngineObject::getFreeCells(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    const TextDecoder& text = idle().text();
    return Napi::Number::New(info.Env(), text.contextSize() - text.usedCells());
  });
}

Napi::Value EngineObject::getMaxTurns(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return Napi::Number::New(info.Env(), maxTurns(open().text())); });
}

Napi::Value EngineObject::getMemory(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return toJs(info.Env(), idle().memory()); });
}

Napi::Value EngineObject::imageNewline(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&]() -> Napi::Value {
    const auto& newline = open().imageNewline();
    return newline.empty() ? info.Env().Null() : toJs(info.Env(), newline);
  });
}

Napi::Value EngineObject::resize(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    constexpr double maxSide = 65536;
    const int width = asInteger(info[1], "width", 1, maxSide);
    const int height = asInteger(info[2], "height", 1, maxSide);
    const int toWidth = asInteger(info[3], "toWidth", 1, maxSide);
    const int toHeight = asInteger(info[4], "toHeight", 1, maxSide);
    return run(
        info.Env(),
        [=, rgb = asBytes(info[0], "rgb")](Engine& engine) {
          return engine.vision().resize(rgb, width, height, toWidth, toHeight);
        },
        [](Napi::Env env, std::vector<uint8_t>& result) { return toJs(env, result); });
  });
}

Napi::Value EngineObject::encodeTile(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return run(
        info.Env(), [rgb = asBytes(info[0], "rgb")](Engine& engine) { return engine.vision().encodeTile(rgb); },
        [](Napi::Env env, std::vector<float>& result) { return toJs(env, result); });
  });
}

Napi::Value EngineObject::encodeAttendedTile(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return run(
        info.Env(), [rgb = asBytes(info[0], "rgb")](Engine& engine) { return engine.vision().encodeAttendedTile(rgb); },
        [](Napi::Env env, AttendedTile& tile) { return toJs(env, tile); });
  });
}

Napi::Value EngineObject::tokenize(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return scenecast::tokenize(info, open().text().vocabulary()); });
}

Napi::Value EngineObject::tokenToPiece(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return scenecast::tokenToPiece(info, open().text().vocabulary()); });
}

Napi::Value EngineObject::isEndOfGeneration(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    const int token = asInteger(info[0], "token", INT32_MIN, INT32_MAX);
    return Napi::Boolean::New(info.Env(), open().text().vocabulary().isEndOfGeneration(token));
  });
}

Napi::Value EngineObject::applyChatTemplate(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return scenecast::applyChatTemplate(info, open().text().vocabulary()); });
}

Napi::Value EngineObject::decodeTokens(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return run(
        info.Env(),
        [tokens = asTokens(info[0], "tokens"), logits = wantsLogits(info[1])](Engine& engine) {
          engine.text().decodeTokens(tokens, logits);
          return Nothing{};
        },
        [](Napi::Env env, Nothing&) { return env.Undefined(); });
  });
}

Napi::Value EngineObject::decodeEmbeddings(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return run(
        info.Env(),
        [values = asFloats(info[0], "embeddings"), logits = wantsLogits(info[1])](Engine& engine) {
          engine.text().decodeEmbeddings(values, logits);
          return Nothing{};
        },
        [](Napi::Env env, Nothing&) { return env.Undefined(); });
  });
}

Napi::Value EngineObject::decodePicture(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return run(
        info.Env(),
        [input = asPicture(info[0])](Engine& engine) {
          return scenecast::decodePicture(engine.text(), engine.vision(), input);
        },
        [](Napi::Env env, PictureTokens& tokens) { return toJs(env, tokens); });
  });
}

Napi::Value EngineObject::countPictureTokens(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    const int width = asInteger(info[0], "width", 1, 65536);
    const int height = asInteger(info[1], "height", 1, 65536);
    return Napi::Number::New(info.Env(), scenecast::countPictureTokens(idle().vision(), width, height));
  });
}

Napi::Value EngineObject::countPatches(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    const int width = asInteger(info[0], "width", 1, 65536);
    const int height = asInteger(info[1], "height", 1, 65536);
    return toJs(info.Env(), scenecast::countPatches(idle().vision(), width, height));
  });
}

Napi::Value EngineObject::step(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    const int token = asInteger(info[0], "token", INT32_MIN, INT32_MAX);
    return run(
        info.Env(), [token](Engine& engine) { return engine.step(token); },
        [](Napi::Env env, int32_t& next) { return Napi::Number::New(env, next); });
  });
}

Napi::Value EngineObject::generate(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    const int maxTokens = asInteger(info[0], "maxTokens", 1, INT32_MAX);
    return run(
        info.Env(),
        [maxTokens, options = asGenerateOptions(info[1])](Engine& engine) {
          return engine.generate(maxTokens, options);
        },
        [](Napi::Env env, Generation& generation) {
          Napi::Object result = Napi::Object::New(env);
          result.Set("tokens", toJs(env, generation.tokens));
          result.Set("ended", generation.ended);
          result.Set("probability", generation.probability);
          return result;
        });
  });
}

Napi::Value EngineObject::runTurns(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    return run(
        info.Env(), [turns = asTurns(info[0])](Engine& engine) { return scenecast::runTurns(engine.text(), turns); },
        [](Napi::Env env, TurnsResult& result) { return toJs(env, result); });
  });
}

Napi::Value EngineObject::sample(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return Napi::Number::New(info.Env(), idle().sample()); });
}

Napi::Value EngineObject::logits(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] { return toJs(info.Env(), idle().logits()); });
}

Napi::Value EngineObject::setSampler(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    idle().setSampler(asSamplerOptions(info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value EngineObject::truncate(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    idle().text().truncate(asInteger(info[0], "position", INT32_MIN, INT32_MAX));
    return info.Env().Undefined();
  });
}

Napi::Value EngineObject::clear(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    idle().text().clear();
    return info.Env().Undefined();
  });
}

Napi::Value EngineObject::cancel(const Napi::CallbackInfo& info) {
  if (state_->engine) state_->engine->cancel();
  return info.Env().Undefined();
}

Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  const auto deferred = Napi::Promise::Deferred::New(info.Env());
  state_->closed = true;
  state_->closing.push_back(deferred);
  if (state_->busy) {
    state_->engine->cancel();  // the running call's end frees the engine
  } else {
    state_->settle(info.Env());
  }
  return deferred.Promise();
}

}  // namespace scenecast

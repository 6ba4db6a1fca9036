#include "binding-values.h"

namespace scenecast {
namespace {

Napi::Value toJs(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }

Napi::Value toJs(Napi::Env env, const std::array<float, 3>& values) {
  auto array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) array.Set(i, Napi::Number::New(env, values[i]));
  return array;
}

Napi::Value visionToJs(Napi::Env env, const EngineInfo& engine) {
  const VisionInfo& info = engine.vision;
  auto pinpoints = Napi::Array::New(env, info.gridPinpoints.size());
  for (uint32_t i = 0; i < info.gridPinpoints.size(); i++) {
    auto pinpoint = Napi::Array::New(env, 2);
    pinpoint.Set(0u, info.gridPinpoints[i].first);
    pinpoint.Set(1u, info.gridPinpoints[i].second);
    pinpoints.Set(i, pinpoint);
  }
  auto object = Napi::Object::New(env);
  object.Set("projectorType", toJs(env, info.projectorType));
  object.Set("imageSize", info.imageSize);
  object.Set("patchSize", info.patchSize);
  object.Set("mergeType", toJs(env, info.mergeType));
  object.Set("gridPinpoints", pinpoints);
  object.Set("hasImageNewline", engine.hasImageNewline);
  object.Set("mean", toJs(env, info.mean));
  object.Set("standardDeviation", toJs(env, info.standardDeviation));
  object.Set("usesMrope", info.usesMrope);
  object.Set("nonCausal", info.nonCausal);
  object.Set("takesLimit", info.takesLimit);
  object.Set("hasClassAttention", info.hasClassAttention);
  object.Set("sizeBytes", static_cast<double>(engine.mmprojSizeBytes));
  return object;
}

Napi::Object shapeToJs(Napi::Env env, const TransformerShape& shape) {
  auto object = Napi::Object::New(env);
  object.Set("blocks", shape.blocks);
  object.Set("attentionWidth", shape.attentionWidth);
  object.Set("weights", static_cast<double>(shape.weights));
  object.Set("weightType", toJs(env, shape.weightType));
  return object;
}

Napi::Value shapesToJs(Napi::Env env, const EngineInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("text", shapeToJs(env, info.textShape));
  object.Set("tower", shapeToJs(env, info.towerShape));
  object.Set("projectorWeights", static_cast<double>(info.projectorWeights));
  return object;
}

Napi::Value cpuToJs(Napi::Env env, const CpuBackend& cpu) {
  auto features = Napi::Object::New(env);
  for (const auto& [name, value] : cpu.features) features.Set(name, toJs(env, value));
  auto object = Napi::Object::New(env);
  object.Set("module", toJs(env, cpu.module));
  object.Set("name", toJs(env, cpu.name));
  object.Set("features", features);
  return object;
}

}  // namespace

Napi::Value toJs(Napi::Env env, const TextInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("architecture", toJs(env, info.architecture));
  object.Set("name", toJs(env, info.name));
  object.Set("quant", toJs(env, info.quant));
  object.Set("tokenizer", toJs(env, info.tokenizer));
  object.Set("chatTemplate", info.chatTemplate ? toJs(env, *info.chatTemplate) : env.Null());
  object.Set("width", info.width);
  object.Set("headCount", info.headCount);
  object.Set("keyValueHeadCount", info.keyValueHeadCount);
  object.Set("vocabularySize", info.vocabularySize);
  object.Set("trainedContextSize", info.trainedContextSize);
  object.Set("sizeBytes", static_cast<double>(info.sizeBytes));
  object.Set("parameters", static_cast<double>(info.parameters));
  object.Set("addsBeginToken", info.addsBeginToken);
  return object;
}

Napi::Value toJs(Napi::Env env, const TurnsResult& result) {
  Napi::Array turns = Napi::Array::New(env, result.turns.size());
  for (size_t i = 0; i < result.turns.size(); i++) {
    const TurnResult& turn = result.turns[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("tokens", toJs(env, turn.tokens));
    object.Set("ended", turn.ended);
    object.Set("probability", turn.probability);
    object.Set("drafted", turn.drafted);
    object.Set("accepted", turn.accepted);
    turns.Set(static_cast<uint32_t>(i), object);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("turns", turns);
  object.Set("prefillMs", result.prefillMs);
  object.Set("generateMs", result.generateMs);
  return object;
}

Napi::Value toJs(Napi::Env env, const PictureTokens& tokens) {
  auto object = Napi::Object::New(env);
  object.Set("imageTokens", tokens.image);
  object.Set("promptTokens", tokens.prompt);
  object.Set("packMs", tokens.packMs);
  object.Set("encodeMs", tokens.encodeMs);
  return object;
}

Napi::Value toJs(Napi::Env env, const AttendedTile& tile) {
  auto object = Napi::Object::New(env);
  object.Set("embeddings", toJs(env, tile.embeddings));
  object.Set("classAttention", toJs(env, tile.classAttention));
  return object;
}

Napi::Value toJs(Napi::Env env, const MemoryUse& use) {
  auto object = Napi::Object::New(env);
  object.Set("weightsBytes", static_cast<double>(use.weights));
  object.Set("repackedWeightsBytes", static_cast<double>(use.repackedWeights));
  object.Set("contextBytes", static_cast<double>(use.context));
  object.Set("computeBytes", static_cast<double>(use.compute));
  object.Set("visionBytes", static_cast<double>(use.vision));
  return object;
}

Napi::Value toJs(Napi::Env env, const EngineInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("text", toJs(env, info.text));
  object.Set("vision", visionToJs(env, info));
  object.Set("shapes", shapesToJs(env, info));
  object.Set("cpu", cpuToJs(env, info.cpu));
  object.Set("build", toJs(env, info.build));
  return object;
}

}  // namespace scenecast

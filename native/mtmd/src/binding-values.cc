#include "binding-values.h"

#include <cstring>

namespace scenecast {
namespace {

bool isAbsent(const Napi::Value& value) { return value.IsUndefined() || value.IsNull(); }

template <typename Element>
Napi::Value newTyped(Napi::Env env, const std::vector<Element>& values) {
  auto array = Napi::TypedArrayOf<Element>::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(Element));
  return array;
}

llama_flash_attn_type asFlashAttention(const Napi::Value& value, const char* what) {
  const std::string text = asString(value, what);
  if (text == "auto") return LLAMA_FLASH_ATTN_TYPE_AUTO;
  if (text == "on") return LLAMA_FLASH_ATTN_TYPE_ENABLED;
  if (text == "off") return LLAMA_FLASH_ATTN_TYPE_DISABLED;
  invalid(what, "'auto', 'on' or 'off'");
}

ggml_type asKvType(const Napi::Value& value, const char* what) {
  const std::string text = asString(value, what);
  for (const ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
    if (text == ggml_type_name(type)) return type;
  }
  invalid(what, "'f32', 'f16', 'bf16', 'q8_0' or 'q4_0'");
}

// Overwrites `target` if the object has the option.
template <typename Target, typename Read>
void readOption(const Napi::Object& object, const char* name, Target& target, Read read) {
  const Napi::Value value = object.Get(name);
  if (!isAbsent(value)) target = static_cast<Target>(read(value, name));
}

}  // namespace

int asInteger(const Napi::Value& value, const char* what, double min, double max) {
  const double number = asNumber(value, what);
  if (!isInteger(number, min, max)) {
    invalid(what, "a whole number from " + std::to_string(static_cast<int64_t>(min)) + " to " +
                      std::to_string(static_cast<int64_t>(max)));
  }
  return static_cast<int>(number);
}

std::vector<float> asFloats(const Napi::Value& value, const char* what) {
  return copyOf(asTypedArray<float>(value, what, napi_float32_array, "a Float32Array"));
}

std::vector<int32_t> asTokens(const Napi::Value& value, const char* what) {
  return copyOf(asTypedArray<int32_t>(value, what, napi_int32_array, "an Int32Array"));
}

bool wantsLogits(const Napi::Value& options) {
  bool wanted = false;
  if (!isAbsent(options)) readOption(asObject(options, "options"), "logitsLast", wanted, asBoolean);
  return wanted;
}

GenerateOptions asGenerateOptions(const Napi::Value& value) {
  GenerateOptions options;
  if (isAbsent(value)) return options;
  const Napi::Object object = asObject(value, "options");
  readOption(object, "stopAtEnd", options.stopAtEnd, asBoolean);
  readOption(object, "wantsProbability", options.wantsProbability, asBoolean);
  return options;
}

LoadOptions asLoadOptions(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "options");
  LoadOptions options;
  options.textPath = asString(object.Get("textPath"), "textPath");
  options.mmprojPath = asString(object.Get("mmprojPath"), "mmprojPath");
  const auto positions = [](const Napi::Value& v, const char* what) { return asInteger(v, what, 1, 1 << 24); };
  const auto threads = [](const Napi::Value& v, const char* what) { return asInteger(v, what, 1, 512); };
  readOption(object, "contextSize", options.contextSize, positions);
  readOption(object, "batchSize", options.batchSize, positions);
  readOption(object, "ubatchSize", options.ubatchSize, positions);
  readOption(object, "threads", options.threads, threads);
  options.threadsBatch = options.threads;
  readOption(object, "threadsBatch", options.threadsBatch, threads);
  readOption(object, "limitThreads", options.limitThreads, asBoolean);
  readOption(object, "poll", options.poll,
             [](const Napi::Value& v, const char* what) { return asInteger(v, what, 0, 100); });
  readOption(object, "flashAttention", options.flashAttention, asFlashAttention);
  options.visionFlashAttention = options.flashAttention;
  readOption(object, "visionFlashAttention", options.visionFlashAttention, asFlashAttention);
  readOption(object, "kvType", options.kvType, asKvType);
  readOption(object, "imageMaxTokens", options.imageMaxTokens, positions);
  readOption(object, "imageMaxTiles", options.imageMaxTiles, positions);
  readOption(object, "repack", options.repack, asBoolean);
  readOption(object, "useMmap", options.useMmap, asBoolean);
  readOption(object, "useMlock", options.useMlock, asBoolean);
  readOption(object, "noAlloc", options.noAlloc, asBoolean);
  return options;
}

QuantizeOptions asQuantizeOptions(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "options");
  QuantizeOptions options;
  options.inputPath = asString(object.Get("inputPath"), "inputPath");
  options.outputPath = asString(object.Get("outputPath"), "outputPath");
  options.type = asString(object.Get("type"), "type");
  readOption(object, "threads", options.threads,
             [](const Napi::Value& v, const char* what) { return asInteger(v, what, 1, 512); });
  return options;
}

PictureInput asPicture(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "picture");
  constexpr double maxSide = 65536;
  PictureInput input;
  readOption(object, "before", input.before, asString);
  readOption(object, "addSpecial", input.addSpecial, asBoolean);
  input.width = asInteger(object.Get("width"), "width", 1, maxSide);
  input.height = asInteger(object.Get("height"), "height", 1, maxSide);
  input.rgb = asBytes(object.Get("rgb"), "rgb");
  return input;
}

SamplerOptions asSamplerOptions(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "options");
  SamplerOptions options;
  const auto count = [](const Napi::Value& v, const char* what) { return asInteger(v, what, 0, 1 << 24); };
  readOption(object, "temperature", options.temperature, asNumber);
  readOption(object, "topK", options.topK, count);
  readOption(object, "topP", options.topP, asNumber);
  readOption(object, "minP", options.minP, asNumber);
  readOption(object, "repeatPenalty", options.repeatPenalty, asNumber);
  readOption(object, "repeatLastN", options.repeatLastN, count);
  readOption(object, "seed", options.seed,
             [](const Napi::Value& v, const char* what) { return asInteger(v, what, 0, INT32_MAX); });
  readOption(object, "grammar", options.grammar, asString);
  return options;
}

std::vector<Turn> asTurns(const Napi::Value& value) {
  if (!value.IsArray()) invalid("turns", "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<Turn> turns;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Object object = asObject(array.Get(i), "a turn");
    Turn turn;
    turn.prompt = asTokens(object.Get("prompt"), "prompt");
    turn.sampler = asSamplerOptions(object.Get("sampler"));
    turn.maxTokens = asInteger(object.Get("maxTokens"), "maxTokens", 1, 1 << 24);
    readOption(object, "draft", turn.draft, asTokens);
    readOption(object, "wantsProbability", turn.wantsProbability, asBoolean);
    turns.push_back(std::move(turn));
  }
  return turns;
}

std::vector<ChatMessage> asMessages(const Napi::Value& value) {
  if (!value.IsArray()) invalid("messages", "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<ChatMessage> messages;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Object message = asObject(array.Get(i), "a message");
    messages.push_back({asString(message.Get("role"), "role"), asString(message.Get("content"), "content")});
  }
  return messages;
}

Napi::Value toJs(Napi::Env env, const std::vector<uint8_t>& bytes) { return newTyped(env, bytes); }

Napi::Value toJs(Napi::Env env, const std::vector<float>& values) { return newTyped(env, values); }

Napi::Value toJs(Napi::Env env, const std::vector<int32_t>& tokens) { return newTyped(env, tokens); }

}  // namespace scenecast

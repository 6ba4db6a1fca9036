#include "binding-values.h"

#include <memory>

namespace scenecast {
namespace {

constexpr double kMaxUint32 = 4294967295.0;

uint32_t asUint32(const Napi::Object& object, const char* name) {
  return static_cast<uint32_t>(asInteger(object.Get(name), name, 0, kMaxUint32));
}

// FourCC numbers from and to text such as "YUYV". Control characters become dots.
uint32_t asFourcc(const Napi::Value& value) {
  const std::string text = asString(value, "fourcc");
  if (text.size() != 4) invalid("fourcc", "four characters");
  return v4l2_fourcc(text[0], text[1], text[2], text[3]);
}

std::string fourccText(uint32_t fourcc) {
  std::string text;
  for (int shift = 0; shift < 32; shift += 8) {
    const char character = static_cast<char>(fourcc >> shift & 0x7F);
    text += character < ' ' ? '.' : character;
  }
  return text;
}

Interval asInterval(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "interval");
  return {asUint32(object, "numerator"), asUint32(object, "denominator")};
}

template <typename List, typename Convert>
Napi::Array arrayOf(Napi::Env env, const List& list, Convert convert) {
  Napi::Array array = Napi::Array::New(env, list.size());
  uint32_t index = 0;
  for (const auto& entry : list) array.Set(index++, convert(entry));
  return array;
}

Napi::Object intervalToJs(Napi::Env env, const Interval& interval) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("numerator", interval.numerator);
  object.Set("denominator", interval.denominator);
  return object;
}

Napi::Object sizeToJs(Napi::Env env, const OfferedSize& size) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("minWidth", size.minWidth);
  object.Set("maxWidth", size.maxWidth);
  object.Set("stepWidth", size.stepWidth);
  object.Set("minHeight", size.minHeight);
  object.Set("maxHeight", size.maxHeight);
  object.Set("stepHeight", size.stepHeight);
  object.Set("intervals", arrayOf(env, size.intervals, [&](const Interval& each) { return intervalToJs(env, each); }));
  object.Set("isIntervalRange", size.isIntervalRange);
  return object;
}

Napi::Object controlToJs(Napi::Env env, const Control& control) {
  const auto number = [&](int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", control.id);
  object.Set("name", control.name);
  object.Set("type", control.type);
  object.Set("min", number(control.min));
  object.Set("max", number(control.max));
  object.Set("step", number(control.step));
  object.Set("defaultValue", number(control.defaultValue));
  object.Set("value", number(control.value));
  object.Set("isReadOnly", Napi::Boolean::New(env, control.isReadOnly));
  object.Set("isInactive", Napi::Boolean::New(env, control.isInactive));
  object.Set("menu", arrayOf(env, control.menu, [&](const MenuEntry& entry) {
               Napi::Object each = Napi::Object::New(env);
               each.Set("value", number(entry.value));
               each.Set("name", entry.name);
               return each;
             }));
  return object;
}

}  // namespace

int64_t asInteger(const Napi::Value& value, const char* what, double min, double max) {
  const double number = asNumber(value, what);
  if (!isInteger(number, min, max)) invalid(what, "a whole number in range");
  return static_cast<int64_t>(number);
}

PixelFormat asPixelFormat(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "format");
  PixelFormat format;
  format.fourcc = asFourcc(object.Get("fourcc"));
  // Wider pictures would overflow 32-bit line lengths.
  format.width = static_cast<uint32_t>(asInteger(object.Get("width"), "width", 1, 32768));
  format.height = static_cast<uint32_t>(asInteger(object.Get("height"), "height", 1, 32768));
  format.bytesPerLine = static_cast<uint32_t>(asInteger(object.Get("bytesPerLine"), "bytesPerLine", 0, 1 << 20));
  format.colorspace = asUint32(object, "colorspace");
  format.ycbcrEncoding = asUint32(object, "ycbcrEncoding");
  format.quantization = asUint32(object, "quantization");
  return format;
}

StreamRequest asStreamRequest(const Napi::Value& value) {
  const Napi::Object object = asObject(value, "request");
  StreamRequest request;
  request.fourcc = asFourcc(object.Get("fourcc"));
  request.width = asUint32(object, "width");
  request.height = asUint32(object, "height");
  if (object.Get("interval").IsObject()) request.interval = asInterval(object.Get("interval"));
  return request;
}

Napi::Value toJs(Napi::Env env, std::vector<uint8_t> bytes) {
  auto owned = std::make_unique<std::vector<uint8_t>>(std::move(bytes));
  auto buffer = Napi::ArrayBuffer::New(
      env, owned->data(), owned->size(), [](Napi::Env, void*, std::vector<uint8_t>* held) { delete held; },
      owned.get());
  const size_t size = owned.release()->size();
  return Napi::Uint8Array::New(env, size, buffer, 0);
}

Napi::Value toJs(Napi::Env env, const DeviceNames& names) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("card", names.card);
  object.Set("driver", names.driver);
  object.Set("bus", names.bus);
  return object;
}

Napi::Value toJs(Napi::Env env, const std::vector<OfferedFormat>& formats) {
  return arrayOf(env, formats, [&](const OfferedFormat& format) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("fourcc", fourccText(format.fourcc));
    object.Set("description", format.description);
    object.Set("isUsable", Napi::Boolean::New(env, isUsable(format.fourcc)));
    object.Set("sizes", arrayOf(env, format.sizes, [&](const OfferedSize& size) { return sizeToJs(env, size); }));
    return object;
  });
}

Napi::Value toJs(Napi::Env env, const std::vector<Control>& controls) {
  return arrayOf(env, controls, [&](const Control& control) { return controlToJs(env, control); });
}

Napi::Value toJs(Napi::Env env, const StreamFormat& format) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("fourcc", fourccText(format.pixels.fourcc));
  object.Set("width", format.pixels.width);
  object.Set("height", format.pixels.height);
  object.Set("bytesPerLine", format.pixels.bytesPerLine);
  object.Set("colorspace", format.pixels.colorspace);
  object.Set("ycbcrEncoding", format.pixels.ycbcrEncoding);
  object.Set("quantization", format.pixels.quantization);
  object.Set("interval", intervalToJs(env, format.interval));
  return object;
}

Napi::Value toJs(Napi::Env env, Frame frame) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("bytes", toJs(env, std::move(frame.bytes)));
  object.Set("isJpeg", Napi::Boolean::New(env, frame.isJpeg));
  object.Set("width", frame.width);
  object.Set("height", frame.height);
  object.Set("sequence", frame.sequence);
  object.Set("ageMs", frame.ageMs < 0 ? env.Null() : Napi::Number::New(env, frame.ageMs).As<Napi::Value>());
  object.Set("damaged", frame.damaged);
  return object;
}

}  // namespace scenecast

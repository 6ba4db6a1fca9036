// Readers of JavaScript arguments. Each throws INVALID_ARGUMENT naming `what` when the value is of another type.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "napi/error.h"

namespace scenecast {

[[noreturn]] inline void invalid(const char* what, const std::string& expected) {
  throw Error("INVALID_ARGUMENT", std::string(what) + " must be " + expected);
}

inline std::string asString(const Napi::Value& value, const char* what) {
  if (!value.IsString()) invalid(what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

inline bool asBoolean(const Napi::Value& value, const char* what) {
  if (!value.IsBoolean()) invalid(what, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

inline double asNumber(const Napi::Value& value, const char* what) {
  if (!value.IsNumber()) invalid(what, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

// False for NaN and the infinities.
inline bool isInteger(double number, double min, double max) {
  return number >= min && number <= max && number == std::floor(number);
}

inline Napi::Object asObject(const Napi::Value& value, const char* what) {
  if (!value.IsObject()) invalid(what, "an object");
  return value.As<Napi::Object>();
}

// The JavaScript array itself: its memory may be read on the JavaScript thread only, and during the call only.
template <typename Element>
Napi::TypedArrayOf<Element> asTypedArray(const Napi::Value& value, const char* what, napi_typedarray_type type,
                                         const char* expected) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) invalid(what, expected);
  return value.As<Napi::TypedArrayOf<Element>>();
}

inline Napi::Uint8Array asUint8Array(const Napi::Value& value, const char* what) {
  return asTypedArray<uint8_t>(value, what, napi_uint8_array, "a Uint8Array");
}

// A copy, which any thread may read.
template <typename Element>
std::vector<Element> copyOf(const Napi::TypedArrayOf<Element>& array) {
  const Element* data = array.Data();
  return {data, data + array.ElementLength()};
}

inline std::vector<uint8_t> asBytes(const Napi::Value& value, const char* what) {
  return copyOf(asUint8Array(value, what));
}

}  // namespace scenecast

// From JavaScript values to plain data and back. JavaScript memory is read on the JavaScript thread only.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "controls.h"
#include "convert.h"
#include "device-report.h"
#include "napi/arguments.h"
#include "napi/js-error.h"
#include "stream.h"

namespace scenecast {

// Readers of arguments, beside those of napi/arguments.h. Each throws INVALID_ARGUMENT naming `what`, or the field.
int64_t asInteger(const Napi::Value& value, const char* what, double min, double max);
PixelFormat asPixelFormat(const Napi::Value& value);
StreamRequest asStreamRequest(const Napi::Value& value);

// Moves the bytes to JavaScript without a copy.
Napi::Value toJs(Napi::Env env, std::vector<uint8_t> bytes);
Napi::Value toJs(Napi::Env env, const DeviceNames& names);
Napi::Value toJs(Napi::Env env, const std::vector<OfferedFormat>& formats);
Napi::Value toJs(Napi::Env env, const std::vector<Control>& controls);
Napi::Value toJs(Napi::Env env, const StreamFormat& format);
Napi::Value toJs(Napi::Env env, Frame frame);

}  // namespace scenecast

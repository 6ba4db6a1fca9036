// The module's exports. Only the binding*.cc files know N-API; the rest is plain C++.
#include <napi.h>

#include <algorithm>
#include <memory>

#include "binding-device.h"
#include "binding-jpeg.h"
#include "binding-values.h"

namespace scenecast {
namespace {

Napi::Value open(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&] {
    const std::string path = asString(info[0], "path");
    auto* addon = info.Env().GetInstanceData<Addon>();
    const auto state = std::make_shared<DeviceState>();
    state->mailbox = addon->mailbox;
    auto& devices = addon->devices;
    devices.erase(std::remove_if(devices.begin(), devices.end(), [](const auto& each) { return each.expired(); }),
                  devices.end());
    devices.push_back(state);
    return runOn<std::shared_ptr<DeviceState>>(
        info.Env(), state,
        [path, state](Held& held) {
          held.device = std::make_shared<const Device>(path);
          return state;
        },
        [](Napi::Env env, const std::shared_ptr<DeviceState>& opened) { return DeviceObject::create(env, opened); });
  });
}

Napi::Value convert(const Napi::CallbackInfo& info) {
  return throwing(info.Env(), [&] {
    const PixelFormat format = asPixelFormat(info[0]);
    const auto bytes = asUint8Array(info[1], "bytes");
    return toJs(info.Env(), toRgb24(format, bytes.Data(), bytes.ByteLength()));
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* addon = new Addon;
  addon->deviceClass = Napi::Persistent(DeviceObject::define(env));
  addon->mailbox = std::make_shared<Mailbox>(env);
  env.SetInstanceData(addon);
  env.AddCleanupHook([addon] {
    addon->endAll();
    addon->mailbox->close();
  });
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("convert", Napi::Function::New(env, convert, "convert"));
  exports.Set("jpegBlocks", Napi::Function::New(env, jpegBlocks, "jpegBlocks"));
  return exports;
}

}  // namespace
}  // namespace scenecast

static Napi::Object initModule(Napi::Env env, Napi::Object exports) { return scenecast::init(env, exports); }
NODE_API_MODULE(v4l2, initModule)

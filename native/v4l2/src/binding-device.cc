#include "binding-device.h"

#include <chrono>

#include "napi/task.h"

namespace scenecast {
namespace {

Stream& streamOf(Held& held) {
  if (!held.stream) throw Error("INVALID_ARGUMENT", held.device->path() + ": is not configured yet");
  return *held.stream;
}

// Releases the device on its own thread, as drivers may be slow, and ends the thread.
void release(const std::shared_ptr<DeviceState>& state) {
  state->isClosed = true;
  state->thread->post([state] {
    state->held->release();
    state->mailbox->send([state](Napi::Env env) {
      state->thread.reset();
      for (const auto& deferred : state->closing) {
        deferred.Resolve(env.Undefined());
        state->mailbox->settle(env);
      }
      state->closing.clear();
    });
  });
  state->thread->end(std::chrono::milliseconds(0));
}

}  // namespace

void Addon::endAll() {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(500);
  for (const auto& each : devices) {
    const auto state = each.lock();
    if (!state || !state->thread) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    state->thread->end(std::max(left, std::chrono::milliseconds(0)));
  }
}

Napi::Function DeviceObject::define(Napi::Env env) {
  return DefineClass(env, "V4l2Device",
                     {
                         InstanceMethod<&DeviceObject::names>("names"),
                         InstanceMethod<&DeviceObject::formats>("formats"),
                         InstanceMethod<&DeviceObject::controls>("controls"),
                         InstanceMethod<&DeviceObject::setControl>("setControl"),
                         InstanceMethod<&DeviceObject::configure>("configure"),
                         InstanceMethod<&DeviceObject::capture>("capture"),
                         InstanceMethod<&DeviceObject::cancel>("cancel"),
                         InstanceMethod<&DeviceObject::close>("close"),
                     });
}

Napi::Value DeviceObject::create(Napi::Env env, const std::shared_ptr<DeviceState>& state) {
  auto* given = new std::shared_ptr<DeviceState>(state);
  return env.GetInstanceData<Addon>()->deviceClass.New({Napi::External<std::shared_ptr<DeviceState>>::New(env, given)});
}

DeviceObject::DeviceObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceObject>(info) {
  if (!info[0].IsExternal()) throw toJsError(info.Env(), {"INVALID_ARGUMENT", "a device is opened with open()"});
  const std::unique_ptr<std::shared_ptr<DeviceState>> given(
      info[0].As<Napi::External<std::shared_ptr<DeviceState>>>().Data());
  state_ = *given;
}

DeviceObject::~DeviceObject() {
  if (state_ && !state_->isClosed) release(state_);
}

template <typename Result, typename Work, typename Convert>
Napi::Value DeviceObject::run(Napi::Env env, Work work, Convert convert) {
  return rejecting(env, [&]() -> Napi::Value {
    if (state_->isClosed) throw Error("CLOSED", "the device is closed");
    if (state_->isBusy) throw Error("CALL_PENDING", "another call to the device has not ended yet");
    return runOn<Result>(env, state_, std::move(work), std::move(convert));
  });
}

Napi::Value DeviceObject::names(const Napi::CallbackInfo& info) {
  return run<DeviceNames>(
      info.Env(), [](Held& held) { return namesOf(*held.device); },
      [](Napi::Env env, const DeviceNames& names) { return toJs(env, names); });
}

Napi::Value DeviceObject::formats(const Napi::CallbackInfo& info) {
  return run<std::vector<OfferedFormat>>(
      info.Env(), [](Held& held) { return offeredFormats(*held.device); },
      [](Napi::Env env, const std::vector<OfferedFormat>& formats) { return toJs(env, formats); });
}

Napi::Value DeviceObject::controls(const Napi::CallbackInfo& info) {
  return run<std::vector<Control>>(
      info.Env(), [](Held& held) { return controlsOf(*held.device); },
      [](Napi::Env env, const std::vector<Control>& controls) { return toJs(env, controls); });
}

Napi::Value DeviceObject::setControl(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&] {
    const auto id = static_cast<uint32_t>(asInteger(info[0], "id", 0, 4294967295.0));
    // The integers that a double represents exactly.
    const int64_t value = asInteger(info[1], "value", -9007199254740991.0, 9007199254740991.0);
    return run<Nothing>(
        info.Env(),
        [id, value](Held& held) {
          scenecast::setControl(*held.device, id, value);
          return Nothing{};
        },
        [](Napi::Env env, Nothing) { return env.Undefined(); });
  });
}

Napi::Value DeviceObject::configure(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&] {
    const StreamRequest request = asStreamRequest(info[0]);
    return run<StreamFormat>(
        info.Env(),
        [request](Held& held) {
          held.stream.reset();
          held.stream = std::make_unique<Stream>(held.device, request);
          return held.stream->format();
        },
        [](Napi::Env env, const StreamFormat& format) { return toJs(env, format); });
  });
}

Napi::Value DeviceObject::capture(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&] {
    const std::chrono::milliseconds timeout(asInteger(info[0], "timeoutMs", 1, 1e9));
    const auto wake = state_->thread ? state_->thread->wake() : nullptr;
    return run<Frame>(
        info.Env(),
        [timeout, wake](Held& held) {
          Stream& stream = streamOf(held);
          stream.start();
          return stream.next(timeout, *wake);
        },
        [](Napi::Env env, Frame& frame) { return toJs(env, std::move(frame)); });
  });
}

Napi::Value DeviceObject::cancel(const Napi::CallbackInfo& info) {
  if (state_->isBusy) state_->thread->wake()->set();
  return info.Env().Undefined();
}

Napi::Value DeviceObject::close(const Napi::CallbackInfo& info) {
  const auto deferred = Napi::Promise::Deferred::New(info.Env());
  if (!state_->thread) {
    deferred.Resolve(info.Env().Undefined());
    return deferred.Promise();
  }
  state_->mailbox->expect(info.Env());
  state_->closing.push_back(deferred);
  if (!state_->isClosed) release(state_);
  return deferred.Promise();
}

}  // namespace scenecast

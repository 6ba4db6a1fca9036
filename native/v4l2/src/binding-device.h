// The JavaScript object of an open device. One asynchronous call runs at a time, on the device's own thread.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "binding-mailbox.h"
#include "binding-values.h"
#include "device-thread.h"

namespace scenecast {

// Used on the device's thread only.
struct Held {
  std::shared_ptr<const Device> device;
  std::unique_ptr<Stream> stream;

  void release() {
    stream.reset();
    device.reset();
  }
};

// Outlives the JavaScript object while a call runs.
struct DeviceState {
  // Null once released: the garbage collector must not delay closing the descriptor.
  std::unique_ptr<DeviceThread> thread = std::make_unique<DeviceThread>();
  std::shared_ptr<Held> held = std::make_shared<Held>();
  std::shared_ptr<Mailbox> mailbox;
  // The members below are used on the JavaScript thread only.
  bool isBusy = false;
  bool isClosed = false;
  std::vector<Napi::Promise::Deferred> closing;
};

// State of one JavaScript environment (the main thread, or a worker thread).
struct Addon {
  Napi::FunctionReference deviceClass;
  std::shared_ptr<Mailbox> mailbox;
  std::vector<std::weak_ptr<DeviceState>> devices;

  // Ends every device's thread; waits up to half a second in all.
  void endAll();
};

// Runs `work(held)` on the device's thread; the promise resolves with `convert(env, result)` or rejects with the core's
// error.
template <typename Result, typename Work, typename Convert>
Napi::Promise runOn(Napi::Env env, const std::shared_ptr<DeviceState>& state, Work work, Convert convert) {
  struct Outcome {
    std::optional<Result> result;
    Failure failure;
  };
  const auto deferred = Napi::Promise::Deferred::New(env);
  state->isBusy = true;
  state->mailbox->expect(env);
  state->thread->wake()->clear();
  state->thread->post([state, deferred, work = std::move(work), convert = std::move(convert)] {
    const auto outcome = std::make_shared<Outcome>();
    try {
      outcome->result.emplace(work(*state->held));
    } catch (const Error& error) {
      outcome->failure = {error.code(), error.what()};
    } catch (const std::exception& error) {
      outcome->failure.message = error.what();
    }
    state->mailbox->send([state, deferred, convert, outcome](Napi::Env env) {
      state->isBusy = false;
      state->mailbox->settle(env);
      if (!outcome->result) {
        deferred.Reject(toJsError(env, outcome->failure).Value());
        return;
      }
      try {
        deferred.Resolve(convert(env, *outcome->result));
      } catch (const Napi::Error& error) {
        deferred.Reject(error.Value());
      }
    });
  });
  return deferred.Promise();
}

class DeviceObject : public Napi::ObjectWrap<DeviceObject> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(Napi::Env env, const std::shared_ptr<DeviceState>& state);
  explicit DeviceObject(const Napi::CallbackInfo& info);
  // Releases a device that was not closed, when its object is collected.
  ~DeviceObject() override;

 private:
  template <typename Result, typename Work, typename Convert>
  Napi::Value run(Napi::Env env, Work work, Convert convert);

  Napi::Value names(const Napi::CallbackInfo& info);
  Napi::Value formats(const Napi::CallbackInfo& info);
  Napi::Value controls(const Napi::CallbackInfo& info);
  Napi::Value setControl(const Napi::CallbackInfo& info);
  Napi::Value configure(const Napi::CallbackInfo& info);
  Napi::Value capture(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::shared_ptr<DeviceState> state_;
};

}  // namespace scenecast

#include "binding-jpeg.h"

#include <optional>
#include <utility>
#include <vector>

#include "binding-values.h"
#include "block-means.h"

namespace scenecast {
namespace {

struct Grid {
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t columns = 0;
  uint32_t rows = 0;
};

Grid asGrid(const Napi::Value& value) {
  if (!value.IsObject()) throw Error("INVALID_ARGUMENT", "the grid must be an object");
  const auto object = value.As<Napi::Object>();
  const auto side = [&](const char* name, double most) {
    return static_cast<uint32_t>(asInteger(object.Get(name), name, 1, most));
  };
  return {side("width", 65535), side("height", 65535), side("columns", 1024), side("rows", 1024)};
}

// In libuv's pool: unlike a device's calls this always ends soon.
class BlocksTask : public Napi::AsyncWorker {
 public:
  BlocksTask(Napi::Env env, std::vector<uint8_t> jpeg, const Grid& grid)
      : Napi::AsyncWorker(env, "scenecast-jpeg"),
        jpeg_(std::move(jpeg)),
        grid_(grid),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    const auto [width, height, columns, rows] = grid_;
    try {
      const auto grey = decodeGrey(jpeg_.data(), jpeg_.size(), width, height, shrinkFor(width, height, columns, rows));
      if (grey && grey->width >= columns && grey->height >= rows) means_ = blockMeans(*grey, columns, rows);
    } catch (const std::bad_alloc&) {
      SetError("out of memory");
    }
  }

  void OnOK() override { deferred_.Resolve(means_ ? toJs(Env(), std::move(*means_)) : Env().Null()); }
  void OnError(const Napi::Error& error) override {
    deferred_.Reject(toJsError(Env(), "OUT_OF_MEMORY", error.Message()).Value());
  }

 private:
  std::vector<uint8_t> jpeg_;
  Grid grid_;
  std::optional<std::vector<uint8_t>> means_;
  Napi::Promise::Deferred deferred_;
};

}  // namespace

Napi::Value jpegBlocks(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    auto* task = new BlocksTask(info.Env(), asBytes(info[0], "jpeg"), asGrid(info[1]));  // deletes itself
    const Napi::Promise promise = task->promise();
    task->Queue();
    return promise;
  });
}

}  // namespace scenecast

#include "binding-jpeg.h"

#include <optional>
#include <utility>
#include <vector>

#include "binding-values.h"
#include "block-means.h"
#include "napi/task.h"

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
  const auto side = [&](const char* name, double max) {
    return static_cast<uint32_t>(asInteger(object.Get(name), name, 1, max));
  };
  return {side("width", 65535), side("height", 65535), side("columns", 1024), side("rows", 1024)};
}

// Empty if the JPEG cannot be read or has fewer pixels than the grid.
std::optional<std::vector<uint8_t>> blocksOf(const std::vector<uint8_t>& jpeg, const Grid& grid) {
  const auto [width, height, columns, rows] = grid;
  const auto small = decodeSmall(jpeg.data(), jpeg.size(), width, height, shrinkFor(width, height, columns, rows));
  if (!small || small->width < columns || small->height < rows) return std::nullopt;
  return blockMeans(*small, columns, rows);
}

}  // namespace

Napi::Value jpegBlocks(const Napi::CallbackInfo& info) {
  return rejecting(info.Env(), [&]() -> Napi::Value {
    // The thread pool will do: unlike a device's calls, this cannot block.
    return Task<std::optional<std::vector<uint8_t>>>::start(
        info.Env(), "scenecast-jpeg",
        [jpeg = asBytes(info[0], "jpeg"), grid = asGrid(info[1])] { return blocksOf(jpeg, grid); },
        [](Napi::Env env, std::optional<std::vector<uint8_t>>& means) {
          return means ? toJs(env, std::move(*means)) : env.Null();
        });
  });
}

}  // namespace scenecast

// The gate's view of a JPEG, decoded on the thread pool.
#pragma once

#include <napi.h>

namespace scenecast {

// jpegBlocks(jpeg, {width, height, columns, rows}): see src/camera/v4l2-addon.ts.
Napi::Value jpegBlocks(const Napi::CallbackInfo& info);

}  // namespace scenecast

// An open V4L2 capture device: its descriptor, its capabilities, and ioctls whose errors have codes.
#pragma once

#include <linux/videodev2.h>

#include <string>

#include "napi/error.h"

namespace scenecast {

// Throws the Error for an errno; `doing` ("start streaming") says what failed.
[[noreturn]] void throwDeviceError(int error, const std::string& path, const char* doing);

class Device {
 public:
  // Checks that the node is a video node, then opens it without blocking: opening another kind of device may have side
  // effects. Throws NO_DEVICE, NO_PERMISSION, BUSY, NOT_A_CAMERA.
  explicit Device(const std::string& path);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_; }
  const v4l2_capability& capability() const { return capability_; }
  // V4L2_BUF_TYPE_VIDEO_CAPTURE, or its multi-planar variant for devices that only have that.
  v4l2_buf_type bufferType() const { return bufferType_; }
  bool isMultiPlanar() const { return bufferType_ == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE; }

  // The ioctl's errno, 0 on success. Repeats interrupted calls.
  int tryCall(unsigned long request, void* argument) const;
  // Like tryCall, but throws the Error for the errno.
  void call(unsigned long request, void* argument, const char* doing) const;

 private:
  void queryCapability();

  std::string path_;
  int descriptor_ = -1;
  v4l2_capability capability_{};
  v4l2_buf_type bufferType_ = V4L2_BUF_TYPE_VIDEO_CAPTURE;
};

}  // namespace scenecast

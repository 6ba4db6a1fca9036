// An open V4L2 capture device: its descriptor, what it says of itself, and ioctls whose failures have names.
#pragma once

#include <linux/videodev2.h>

#include <string>

#include "napi/error.h"

namespace scenecast {

// Throws the Error that stands for an errno met while `doing` ("start streaming") with the device.
[[noreturn]] void throwDeviceError(int error, const std::string& path, const char* doing);

class Device {
 public:
  // Opens the node without blocking, once it is known to be a video node at all: opening another kind of device may
  // have effects. Throws NO_DEVICE, NO_PERMISSION, BUSY, NOT_A_CAMERA.
  explicit Device(const std::string& path);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_; }
  const v4l2_capability& capability() const { return capability_; }
  // V4L2_BUF_TYPE_VIDEO_CAPTURE, or its multi-planar sibling for devices that know only that.
  v4l2_buf_type bufferType() const { return bufferType_; }
  bool isMultiPlanar() const { return bufferType_ == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE; }

  // The ioctl's errno, 0 where it went well; interrupted calls are made again.
  int tryCall(unsigned long request, void* argument) const;
  // Throws what the errno stands for.
  void call(unsigned long request, void* argument, const char* doing) const;

 private:
  void queryCapability();

  std::string path_;
  int descriptor_ = -1;
  v4l2_capability capability_{};
  v4l2_buf_type bufferType_ = V4L2_BUF_TYPE_VIDEO_CAPTURE;
};

}  // namespace scenecast

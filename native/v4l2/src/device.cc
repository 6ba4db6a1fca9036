#include "device.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace scenecast {
namespace {

// The kernel's number for video nodes (Documentation/admin-guide/devices.txt).
constexpr unsigned kVideoMajor = 81;

[[noreturn]] void throwOpenError(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENODEV:
    case ENXIO: throw Error("NO_DEVICE", path + ": no such device");
    case EACCES:
    case EPERM: throw Error("NO_PERMISSION", path + ": no permission to open it");
    case EBUSY: throw Error("BUSY", path + ": is in use by another program");
    default: throw Error("DEVICE_FAILED", path + ": cannot be opened: " + std::strerror(error));
  }
}

}  // namespace

void throwDeviceError(int error, const std::string& path, const char* doing) {
  const std::string what = path + ": cannot " + doing + ": ";
  switch (error) {
    case ENODEV:
    case ENXIO:
    case ESHUTDOWN: throw Error("UNPLUGGED", path + ": was unplugged");
    case EBUSY: throw Error("BUSY", path + ": is in use by another program");
    case ENOSPC: throw Error("NO_BANDWIDTH", what + "the USB bus has no bandwidth left for it");
    case EACCES:
    case EPERM: throw Error("NO_PERMISSION", what + std::strerror(error));
    case EINVAL: throw Error("REFUSED", what + "the driver refuses it");
    case ENOMEM: throw Error("OUT_OF_MEMORY", what + "no memory for its buffers");
    default: throw Error("DEVICE_FAILED", what + std::strerror(error));
  }
}

Device::Device(const std::string& path) : path_(path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) throwOpenError(errno, path);
  if (!S_ISCHR(status.st_mode) || major(status.st_rdev) != kVideoMajor) {
    throw Error("NOT_A_CAMERA", path + ": is not a video device");
  }
  descriptor_ = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0) throwOpenError(errno, path);
  try {
    queryCapability();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

Device::~Device() { close(descriptor_); }

int Device::tryCall(unsigned long request, void* argument) const {
  int result;
  do {
    result = ioctl(descriptor_, request, argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}

void Device::call(unsigned long request, void* argument, const char* doing) const {
  const int error = tryCall(request, argument);
  if (error != 0) throwDeviceError(error, path_, doing);
}

void Device::queryCapability() {
  const int error = tryCall(VIDIOC_QUERYCAP, &capability_);
  if (error == ENOTTY || error == EINVAL) throw Error("NOT_A_CAMERA", path_ + ": is not a video device");
  if (error != 0) throwDeviceError(error, path_, "ask what it can do");
  const uint32_t able =
      (capability_.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? capability_.device_caps : capability_.capabilities;
  if ((able & V4L2_CAP_VIDEO_CAPTURE) != 0) {
    bufferType_ = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  } else if ((able & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0) {
    bufferType_ = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  } else {
    throw Error("NOT_A_CAMERA", path_ + ": is a video device that captures no pictures (a metadata or output node)");
  }
  if ((able & V4L2_CAP_STREAMING) == 0) {
    throw Error("NOT_A_CAMERA", path_ + ": does not stream (its driver has no memory-mapped buffers)");
  }
}

}  // namespace scenecast

// Captures pictures from a device, with memory-mapped buffers that the driver fills and this returns to it.
//
// Nothing runs between two captures: the driver fills its buffers, then drops further pictures. A capture first returns
// the filled buffers, whose pictures are old, and waits for the next one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "convert.h"
#include "device-report.h"
#include "device.h"
#include "wake.h"

namespace scenecast {

struct StreamRequest {
  uint32_t fourcc = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  Interval interval;  // denominator 0: the driver's default
};

// The driver's choice for a request.
struct StreamFormat {
  PixelFormat pixels;
  uint32_t imageBytes = 0;
  Interval interval;  // 0/0 if the driver does not report it
};

struct Frame {
  std::vector<uint8_t> bytes;  // a JPEG, or rgb24
  bool isJpeg = false;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t sequence = 0;
  double ageMs = -1;     // since the driver's timestamp; negative if that is unusable
  uint32_t damaged = 0;  // damaged pictures dropped before this one
};

class Stream {
 public:
  // Sets format and interval; does not start streaming. Throws REFUSED, BUSY, UNPLUGGED, DEVICE_FAILED.
  Stream(std::shared_ptr<const Device> device, const StreamRequest& request);
  // Stops streaming and unmaps the buffers, even if start() failed halfway.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const StreamFormat& format() const { return format_; }

  // Maps the buffers and starts streaming, unless it has already started; after an error the stream is unusable.
  // Throws BUSY, NO_BANDWIDTH, OUT_OF_MEMORY, UNPLUGGED, DEVICE_FAILED.
  void start();

  // The next whole picture taken after this call. Throws NO_FRAME after `timeout`, CANCELLED when `wake` is set,
  // UNPLUGGED, FORMAT_CHANGED, DEVICE_FAILED.
  Frame next(std::chrono::milliseconds timeout, const Wake& wake);

 private:
  struct Buffer {
    uint8_t* start = nullptr;
    size_t length = 0;
  };

  // Resets the crop or compose rectangle to the driver's default, if supported.
  void resetSelection(uint32_t defaultTarget, uint32_t target) const;
  void setFormat(const StreamRequest& request);
  void setInterval(const Interval& interval);
  void mapBuffers();
  // Takes a filled buffer; returns an errno, EAGAIN if there is none.
  int take(v4l2_buffer& buffer, v4l2_plane& plane) const;
  void giveBack(uint32_t index) const;
  void giveBackAll() const;
  void throwOnSourceChange() const;
  bool isWhole(const v4l2_buffer& buffer, const uint8_t* bytes, size_t size) const;
  Frame frameOf(const v4l2_buffer& buffer, const uint8_t* bytes, size_t size) const;

  std::shared_ptr<const Device> device_;
  StreamFormat format_;
  std::vector<Buffer> buffers_;
  bool hasBuffers_ = false;
  bool isFlowing_ = false;
};

}  // namespace scenecast

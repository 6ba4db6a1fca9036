// Pictures from a device: memory-mapped buffers that the driver fills and that are given back to it.
//
// Between two captures nothing happens here: the driver fills its buffers and then drops what comes. A capture first
// gives back what was filled meanwhile, as it is old, and waits for the next picture.
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
  Interval interval;  // a denominator of 0 leaves the driver's own
};

// What the driver made of the request.
struct StreamFormat {
  PixelFormat pixels;
  uint32_t imageBytes = 0;
  Interval interval;  // 0/0 where it does not say
};

struct Frame {
  std::vector<uint8_t> bytes;  // a JPEG, or rgb24
  bool isJpeg = false;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t sequence = 0;
  double ageMs = -1;     // since the driver's own timestamp; negative where that is of no use
  uint32_t damaged = 0;  // damaged pictures that came before this one
};

class Stream {
 public:
  // Sets format and interval; nothing flows yet. Throws REFUSED, BUSY, UNPLUGGED, DEVICE_FAILED.
  Stream(std::shared_ptr<const Device> device, const StreamRequest& request);
  // Stops the flow and unmaps; from any half-started state.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const StreamFormat& format() const { return format_; }

  // Maps the buffers and lets pictures flow, where they do not yet; after a failure the stream is of no more use.
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

  // Sets what is cropped or composed to the driver's default, where it offers that.
  void resetSelection(uint32_t defaultTarget, uint32_t target) const;
  void setFormat(const StreamRequest& request);
  void setInterval(const Interval& interval);
  void mapBuffers();
  // Takes a filled buffer; returns an errno, EAGAIN where there is none.
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

#include "stream.h"

#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>

namespace scenecast {
namespace {

// Enough for a driver to have one to fill while another is read.
constexpr uint32_t kBuffers = 3;

// An older timestamp is that of a broken clock.
constexpr double kOldestMs = 60'000;
constexpr double kAheadMs = 1000;

v4l2_buffer emptyBuffer(const Device& device, v4l2_plane& plane) {
  v4l2_buffer buffer{};
  plane = {};
  buffer.type = device.bufferType();
  buffer.memory = V4L2_MEMORY_MMAP;
  if (device.isMultiPlanar()) {
    buffer.m.planes = &plane;
    buffer.length = 1;
  }
  return buffer;
}

double ageMsOf(const v4l2_buffer& buffer) {
  if ((buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC) return -1;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double age = (now.tv_sec - buffer.timestamp.tv_sec) * 1e3 + now.tv_nsec / 1e6 - buffer.timestamp.tv_usec / 1e3;
  // Some drivers use the picture's expected end, which may be slightly in the future.
  return age < -kAheadMs || age > kOldestMs ? -1 : std::max(age, 0.0);
}

// Length of a JPEG up to its end marker; drivers may add padding. 0 if the start or end marker is missing: FF D9 cannot
// occur inside the data, so a truncated picture has no end marker.
size_t jpegLength(const uint8_t* bytes, size_t size) {
  if (size < 4 || bytes[0] != 0xFF || bytes[1] != 0xD8) return 0;
  for (size_t end = size; end >= 4; end--) {
    if (bytes[end - 2] == 0xFF && bytes[end - 1] == 0xD9) return end;
  }
  return 0;
}

}  // namespace

Stream::Stream(std::shared_ptr<const Device> device, const StreamRequest& request) : device_(std::move(device)) {
  // The program that used the camera before may have left a crop or compose rectangle.
  resetSelection(V4L2_SEL_TGT_CROP_DEFAULT, V4L2_SEL_TGT_CROP);
  setFormat(request);
  resetSelection(V4L2_SEL_TGT_COMPOSE_DEFAULT, V4L2_SEL_TGT_COMPOSE);
  setInterval(request.interval);
  // Few drivers support this event; failure is harmless.
  v4l2_event_subscription subscription{};
  subscription.type = V4L2_EVENT_SOURCE_CHANGE;
  device_->tryCall(VIDIOC_SUBSCRIBE_EVENT, &subscription);
}

Stream::~Stream() {
  int type = device_->bufferType();
  if (isFlowing_) device_->tryCall(VIDIOC_STREAMOFF, &type);
  for (const Buffer& buffer : buffers_) munmap(buffer.start, buffer.length);
  if (hasBuffers_) {
    v4l2_requestbuffers none{};
    none.type = device_->bufferType();
    none.memory = V4L2_MEMORY_MMAP;
    device_->tryCall(VIDIOC_REQBUFS, &none);
  }
}

void Stream::resetSelection(uint32_t defaultTarget, uint32_t target) const {
  v4l2_selection selection{};
  selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;  // of multi-planar devices too
  selection.target = defaultTarget;
  if (device_->tryCall(VIDIOC_G_SELECTION, &selection) != 0) return;  // most cameras have nothing to select
  selection.target = target;
  device_->tryCall(VIDIOC_S_SELECTION, &selection);
}

void Stream::setFormat(const StreamRequest& request) {
  v4l2_format wanted{};
  wanted.type = device_->bufferType();
  PixelFormat& pixels = format_.pixels;
  if (device_->isMultiPlanar()) {
    v4l2_pix_format_mplane& pix = wanted.fmt.pix_mp;
    pix.width = request.width;
    pix.height = request.height;
    pix.pixelformat = request.fourcc;
    pix.field = V4L2_FIELD_NONE;
    pix.num_planes = 1;
    device_->call(VIDIOC_S_FMT, &wanted, "set its format");
    if (pix.num_planes != 1) throw Error("REFUSED", device_->path() + ": gives pictures in several pieces of memory");
    pixels = {pix.pixelformat, pix.width,     pix.height,      pix.plane_fmt[0].bytesperline,
              pix.colorspace,  pix.ycbcr_enc, pix.quantization};
    format_.imageBytes = pix.plane_fmt[0].sizeimage;
  } else {
    v4l2_pix_format& pix = wanted.fmt.pix;
    pix.width = request.width;
    pix.height = request.height;
    pix.pixelformat = request.fourcc;
    pix.field = V4L2_FIELD_NONE;
    device_->call(VIDIOC_S_FMT, &wanted, "set its format");
    pixels = {pix.pixelformat, pix.width,     pix.height,      pix.bytesperline,
              pix.colorspace,  pix.ycbcr_enc, pix.quantization};
    format_.imageBytes = pix.sizeimage;
  }
  if (!isUsable(pixels.fourcc)) {
    throw Error("REFUSED", device_->path() + ": answers with a pixel format that Scenecast does not know");
  }
}

void Stream::setInterval(const Interval& interval) {
  v4l2_streamparm parameters{};
  parameters.type = device_->bufferType();
  if (device_->tryCall(VIDIOC_G_PARM, &parameters) != 0) return;  // the driver does not support frame rates
  v4l2_fract& perFrame = parameters.parm.capture.timeperframe;
  if (interval.denominator != 0 && (parameters.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) != 0) {
    perFrame = {interval.numerator, interval.denominator};
    device_->call(VIDIOC_S_PARM, &parameters, "set its rate");
  }
  format_.interval = {perFrame.numerator, perFrame.denominator};
}

void Stream::mapBuffers() {
  v4l2_requestbuffers request{};
  request.count = kBuffers;
  request.type = device_->bufferType();
  request.memory = V4L2_MEMORY_MMAP;
  device_->call(VIDIOC_REQBUFS, &request, "get buffers");
  hasBuffers_ = true;
  for (uint32_t index = 0; index < request.count; index++) {
    v4l2_plane plane;
    v4l2_buffer buffer = emptyBuffer(*device_, plane);
    buffer.index = index;
    device_->call(VIDIOC_QUERYBUF, &buffer, "map its buffers");
    const size_t length = device_->isMultiPlanar() ? plane.length : buffer.length;
    const off_t offset = device_->isMultiPlanar() ? plane.m.mem_offset : buffer.m.offset;
    void* start = mmap(nullptr, length, PROT_READ, MAP_SHARED, device_->descriptor(), offset);
    if (start == MAP_FAILED) throwDeviceError(errno, device_->path(), "map its buffers");
    buffers_.push_back({static_cast<uint8_t*>(start), length});
  }
}

void Stream::start() {
  if (isFlowing_) return;
  mapBuffers();
  for (uint32_t index = 0; index < buffers_.size(); index++) giveBack(index);
  int type = device_->bufferType();
  device_->call(VIDIOC_STREAMON, &type, "start streaming");
  isFlowing_ = true;
}

int Stream::take(v4l2_buffer& buffer, v4l2_plane& plane) const {
  buffer = emptyBuffer(*device_, plane);
  return device_->tryCall(VIDIOC_DQBUF, &buffer);
}

void Stream::giveBack(uint32_t index) const {
  v4l2_plane plane;
  v4l2_buffer buffer = emptyBuffer(*device_, plane);
  buffer.index = index;
  device_->call(VIDIOC_QBUF, &buffer, "give it a buffer back");
}

void Stream::giveBackAll() const {
  v4l2_plane plane;
  v4l2_buffer buffer;
  // Bounded, in case the driver fills buffers faster than this loop returns them.
  for (size_t count = 0; count < buffers_.size(); count++) {
    const int error = take(buffer, plane);
    if (error == EAGAIN) return;
    if (error != 0) throwDeviceError(error, device_->path(), "read a picture");
    giveBack(buffer.index);
  }
}

void Stream::throwOnSourceChange() const {
  v4l2_event event{};
  while (device_->tryCall(VIDIOC_DQEVENT, &event) == 0) {
    if (event.type == V4L2_EVENT_SOURCE_CHANGE) {
      throw Error("FORMAT_CHANGED", device_->path() + ": changed its format while streaming");
    }
  }
}

bool Stream::isWhole(const v4l2_buffer& buffer, const uint8_t* bytes, size_t size) const {
  if ((buffer.flags & V4L2_BUF_FLAG_ERROR) != 0) return false;
  if (isJpeg(format_.pixels.fourcc)) return jpegLength(bytes, size) > 0;
  return size >= pictureBytes(format_.pixels);
}

Frame Stream::frameOf(const v4l2_buffer& buffer, const uint8_t* bytes, size_t size) const {
  Frame frame;
  frame.isJpeg = isJpeg(format_.pixels.fourcc);
  frame.width = format_.pixels.width;
  frame.height = format_.pixels.height;
  frame.sequence = buffer.sequence;
  frame.ageMs = ageMsOf(buffer);
  if (frame.isJpeg) {
    frame.bytes.assign(bytes, bytes + jpegLength(bytes, size));
  } else {
    frame.bytes = toRgb24(format_.pixels, bytes, size);
  }
  return frame;
}

Frame Stream::next(std::chrono::milliseconds timeout, const Wake& wake) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout;
  giveBackAll();
  for (uint32_t damaged = 0;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      std::string message = device_->path() + ": no picture for " + std::to_string(timeout.count()) + " ms";
      if (damaged > 0) message += "; " + std::to_string(damaged) + " damaged ones were dropped";
      throw Error("NO_FRAME", message);
    }
    pollfd entries[] = {{device_->descriptor(), POLLIN | POLLPRI, 0}, {wake.descriptor(), POLLIN, 0}};
    if (poll(entries, 2, static_cast<int>(left)) <= 0) continue;  // timed out or interrupted
    if (entries[1].revents != 0) throw Error("CANCELLED", "cancelled");
    if ((entries[0].revents & POLLPRI) != 0) throwOnSourceChange();
    v4l2_plane plane;
    v4l2_buffer buffer;
    const int error = take(buffer, plane);
    if (error == EAGAIN && (entries[0].revents & (POLLERR | POLLHUP)) == 0) continue;
    if (error == EAGAIN) throw Error("DEVICE_FAILED", device_->path() + ": its driver has stopped the stream");
    if (error != 0) throwDeviceError(error, device_->path(), "read a picture");

    const Buffer& memory = buffers_[buffer.index];
    const size_t offset = device_->isMultiPlanar() ? plane.data_offset : 0;
    const size_t used = device_->isMultiPlanar() ? plane.bytesused : buffer.bytesused;
    const size_t end = std::min(used, memory.length);
    const uint8_t* bytes = memory.start + std::min(offset, end);
    const size_t size = end - std::min(offset, end);
    if (isWhole(buffer, bytes, size)) {
      Frame frame = frameOf(buffer, bytes, size);
      frame.damaged = damaged;
      giveBack(buffer.index);
      return frame;
    }
    damaged++;
    giveBack(buffer.index);
  }
}

}  // namespace scenecast

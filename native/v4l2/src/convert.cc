#include "convert.h"

#include <libyuv.h>

#include <algorithm>
#include <array>
#include <string>

#include "napi/error.h"

namespace scenecast {
namespace {

uint32_t halfUp(uint32_t value) { return (value + 1) / 2; }

uint32_t lineBytes(const PixelFormat& format) {
  uint32_t minBytes = 0;
  switch (format.fourcc) {
    case V4L2_PIX_FMT_YUYV:
    case V4L2_PIX_FMT_UYVY: minBytes = halfUp(format.width) * 4; break;
    case V4L2_PIX_FMT_RGB24:
    case V4L2_PIX_FMT_BGR24: minBytes = format.width * 3; break;
    default: minBytes = format.width;
  }
  return std::max(minBytes, format.bytesPerLine);
}

// Line length of the chroma planes: follows the first plane's, padding included (V4L2's rule for one-buffer formats).
uint32_t chromaLineBytes(const PixelFormat& format) {
  if (format.fourcc == V4L2_PIX_FMT_YUV420) return halfUp(lineBytes(format));
  return std::max(lineBytes(format), halfUp(format.width) * 2);
}

// V4L2's defaults (V4L2_MAP_YCBCR_ENC_DEFAULT), and the nearest known encoding for those that libyuv does not have.
uint32_t encodingOf(const PixelFormat& format) {
  uint32_t encoding = format.ycbcrEncoding;
  if (encoding == V4L2_YCBCR_ENC_DEFAULT) encoding = V4L2_MAP_YCBCR_ENC_DEFAULT(format.colorspace);
  switch (encoding) {
    case V4L2_YCBCR_ENC_709:
    case V4L2_YCBCR_ENC_XV709:
    case V4L2_YCBCR_ENC_SMPTE240M: return V4L2_YCBCR_ENC_709;
    case V4L2_YCBCR_ENC_BT2020:
    case V4L2_YCBCR_ENC_BT2020_CONST_LUM: return V4L2_YCBCR_ENC_BT2020;
    default: return V4L2_YCBCR_ENC_601;
  }
}

bool isFullRange(const PixelFormat& format, bool isRgb) {
  if (format.quantization != V4L2_QUANTIZATION_DEFAULT) return format.quantization == V4L2_QUANTIZATION_FULL_RANGE;
  return V4L2_MAP_QUANTIZATION_DEFAULT(isRgb, static_cast<int>(format.colorspace), 0) == V4L2_QUANTIZATION_FULL_RANGE;
}

// On x86-64 libyuv's limited-range matrices other than BT.601's cut the factor for blue to what fits a byte, which
// leaves saturated blues up to 18 levels off. For those the levels are stretched first, and the full-range matrix used.
bool isStretched(const PixelFormat& format) {
  return !isFullRange(format, false) && encodingOf(format) != V4L2_YCBCR_ENC_601;
}

// libyuv's matrices with U and V exchanged: given V for U, its blue-first output comes out red first.
const libyuv::YuvConstants* matrixOf(const PixelFormat& format) {
  switch (encodingOf(format)) {
    case V4L2_YCBCR_ENC_709: return &libyuv::kYvuF709Constants;
    case V4L2_YCBCR_ENC_BT2020: return &libyuv::kYvuV2020Constants;
    default: return isFullRange(format, false) ? &libyuv::kYvuJPEGConstants : &libyuv::kYvuI601Constants;
  }
}

using Levels = std::array<uint8_t, 256>;

// Limited-range levels stretched to 0 to 255: `zero` comes to `target`, `span` levels to 255, rounded.
constexpr Levels stretchedLevels(int zero, int span, int target) {
  Levels table{};
  for (int level = 0; level < 256; level++) {
    const int doubled = (level - zero) * 510;
    const int stretched = target + (doubled + (doubled < 0 ? -span : span)) / (2 * span);
    table[level] = static_cast<uint8_t>(stretched < 0 ? 0 : stretched > 255 ? 255 : stretched);
  }
  return table;
}
constexpr Levels kLuma = stretchedLevels(16, 219, 0);
constexpr Levels kChroma = stretchedLevels(128, 224, 128);

void stretch(uint8_t* bytes, size_t size, const Levels& levels) {
  std::transform(bytes, bytes + size, bytes, [&](uint8_t level) { return levels[level]; });
}

void greyToRgb24(const PixelFormat& format, const uint8_t* bytes, uint8_t* rgb) {
  // Grey without chroma is full-range by default, like RGB; the kernel's own drivers treat it so.
  const bool full = isFullRange(format, true);
  for (uint32_t y = 0; y < format.height; y++) {
    const uint8_t* line = bytes + size_t{y} * lineBytes(format);
    for (uint32_t x = 0; x < format.width; x++, rgb += 3) {
      const uint8_t level = full ? line[x] : kLuma[line[x]];
      rgb[0] = rgb[1] = rgb[2] = level;
    }
  }
}

// A picture's planes, one after the other.
struct Planes {
  const uint8_t* bytes;
  size_t lumaBytes;
  size_t chromaBytes;
  std::vector<uint8_t> own;  // what `bytes` points to, if not the camera's buffer
};

// Splits 4:2:2 in one plane into three: libyuv has conversions with a matrix for those only.
Planes splitPacked(const PixelFormat& format, const uint8_t* bytes) {
  const int width = static_cast<int>(format.width), height = static_cast<int>(format.height);
  const int chroma = (width + 1) / 2;
  Planes planes{nullptr, size_t(width) * height, size_t(2) * chroma * height, {}};
  planes.own.resize(planes.lumaBytes + planes.chromaBytes);
  uint8_t* y = planes.own.data();
  uint8_t* u = y + planes.lumaBytes;
  uint8_t* v = u + planes.chromaBytes / 2;
  const auto split = format.fourcc == V4L2_PIX_FMT_YUYV ? libyuv::YUY2ToI422 : libyuv::UYVYToI422;
  split(bytes, static_cast<int>(lineBytes(format)), y, width, u, chroma, v, chroma, width, height);
  planes.bytes = y;
  return planes;
}

void yuvToRgb24(const PixelFormat& format, const uint8_t* bytes, uint8_t* rgb) {
  const bool isPacked = format.fourcc == V4L2_PIX_FMT_YUYV || format.fourcc == V4L2_PIX_FMT_UYVY;
  const size_t lumaBytes = size_t{lineBytes(format)} * format.height;
  Planes planes =
      isPacked ? splitPacked(format, bytes) : Planes{bytes, lumaBytes, pictureBytes(format) - lumaBytes, {}};
  if (isStretched(format)) {
    if (planes.own.empty()) planes.own.assign(bytes, bytes + planes.lumaBytes + planes.chromaBytes);
    stretch(planes.own.data(), planes.lumaBytes, kLuma);
    stretch(planes.own.data() + planes.lumaBytes, planes.chromaBytes, kChroma);
    planes.bytes = planes.own.data();
  }
  const int width = static_cast<int>(format.width), height = static_cast<int>(format.height);
  const int line = isPacked ? width : static_cast<int>(lineBytes(format));
  const int chromaLine = isPacked ? (width + 1) / 2 : static_cast<int>(chromaLineBytes(format));
  const uint8_t* y = planes.bytes;
  const uint8_t* u = y + planes.lumaBytes;
  const uint8_t* v = u + planes.chromaBytes / 2;
  const auto* matrix = matrixOf(format);
  switch (format.fourcc) {
    case V4L2_PIX_FMT_NV12:
      libyuv::NV21ToRGB24Matrix(y, line, u, chromaLine, rgb, width * 3, matrix, width, height);
      break;
    case V4L2_PIX_FMT_NV21:
      libyuv::NV12ToRGB24Matrix(y, line, u, chromaLine, rgb, width * 3, matrix, width, height);
      break;
    case V4L2_PIX_FMT_YUV420:
      libyuv::I420ToRGB24Matrix(y, line, v, chromaLine, u, chromaLine, rgb, width * 3, matrix, width, height);
      break;
    default: libyuv::I422ToRGB24Matrix(y, line, v, chromaLine, u, chromaLine, rgb, width * 3, matrix, width, height);
  }
}

}  // namespace

bool isJpeg(uint32_t fourcc) { return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG; }

bool isUsable(uint32_t fourcc) { return isJpeg(fourcc) || isConvertible(fourcc); }

bool isConvertible(uint32_t fourcc) {
  switch (fourcc) {
    case V4L2_PIX_FMT_YUYV:
    case V4L2_PIX_FMT_UYVY:
    case V4L2_PIX_FMT_NV12:
    case V4L2_PIX_FMT_NV21:
    case V4L2_PIX_FMT_YUV420:
    case V4L2_PIX_FMT_RGB24:
    case V4L2_PIX_FMT_BGR24:
    case V4L2_PIX_FMT_GREY: return true;
    default: return false;
  }
}

size_t pictureBytes(const PixelFormat& format) {
  if (!isConvertible(format.fourcc)) return 0;
  size_t bytes = size_t{lineBytes(format)} * format.height;
  if (format.fourcc == V4L2_PIX_FMT_YUV420) bytes += size_t{2} * chromaLineBytes(format) * halfUp(format.height);
  if (format.fourcc == V4L2_PIX_FMT_NV12 || format.fourcc == V4L2_PIX_FMT_NV21) {
    bytes += size_t{chromaLineBytes(format)} * halfUp(format.height);
  }
  return bytes;
}

std::vector<uint8_t> toRgb24(const PixelFormat& format, const uint8_t* bytes, size_t size) {
  if (!isConvertible(format.fourcc)) throw Error("INVALID_ARGUMENT", "this pixel format cannot be converted");
  if (size < pictureBytes(format)) {
    throw Error("INVALID_ARGUMENT", "a picture of this format takes " + std::to_string(pictureBytes(format)) +
                                        " bytes; there are " + std::to_string(size));
  }
  std::vector<uint8_t> pixels(size_t{3} * format.width * format.height);
  const int width = static_cast<int>(format.width), height = static_cast<int>(format.height);
  const int line = static_cast<int>(lineBytes(format));
  switch (format.fourcc) {
    case V4L2_PIX_FMT_RGB24: libyuv::CopyPlane(bytes, line, pixels.data(), width * 3, width * 3, height); break;
    case V4L2_PIX_FMT_BGR24: libyuv::RAWToRGB24(bytes, line, pixels.data(), width * 3, width, height); break;
    case V4L2_PIX_FMT_GREY: greyToRgb24(format, bytes, pixels.data()); break;
    default: yuvToRgb24(format, bytes, pixels.data());
  }
  const bool isRgb = format.fourcc == V4L2_PIX_FMT_RGB24 || format.fourcc == V4L2_PIX_FMT_BGR24;
  if (isRgb && !isFullRange(format, true)) stretch(pixels.data(), pixels.size(), kLuma);
  return pixels;
}

}  // namespace scenecast

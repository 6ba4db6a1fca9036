// Raw camera pixels to rgb24 (height x width x 3 bytes, red first).
#pragma once

#include <linux/videodev2.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace scenecast {

// A picture's layout and colour encoding, as VIDIOC_G_FMT reports them: enums of linux/videodev2.h.
struct PixelFormat {
  uint32_t fourcc = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t bytesPerLine = 0;  // of the first plane; 0: lines follow each other without a gap
  uint32_t colorspace = 0;
  uint32_t ycbcrEncoding = 0;
  uint32_t quantization = 0;
};

// Whether pictures of this format are files that need no conversion.
bool isJpeg(uint32_t fourcc);

// Whether `toRgb24` knows the format.
bool isConvertible(uint32_t fourcc);

// Whether pictures of this format are of use: they are files, or can be converted.
bool isUsable(uint32_t fourcc);

// Size of a whole picture in bytes; 0 for formats that cannot be converted.
size_t pictureBytes(const PixelFormat& format);

// Throws INVALID_ARGUMENT if the format cannot be converted or there are too few bytes.
std::vector<uint8_t> toRgb24(const PixelFormat& format, const uint8_t* bytes, size_t size);

}  // namespace scenecast

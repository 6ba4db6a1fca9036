// Decodes camera JPEGs to small pictures, with libjpeg-turbo. At an eighth of the size the details are never decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace scenecast {

// Luma alone, or luma and both colours (Cb, Cr: 0 to 255, 128 is grey).
struct SmallPicture {
  uint32_t width = 0;
  uint32_t height = 0;
  // Where the picture ends, in pixels: a part of the last column and row may lie beyond it.
  double rightEnd = 0;
  double bottomEnd = 0;
  uint32_t channels = 0;        // 1 or 3
  std::vector<uint8_t> levels;  // row by row, the channels of a pixel side by side
};

// A `width` x `height` JPEG, reduced by a factor of 1, 2, 4 or 8: each pixel is the mean of a square of pixels. Empty
// if the file is not a plain camera JPEG: another size, more than one scan (progressive), no JFIF colours, an Exif
// orientation, a colour profile, or any damage. Another decoder may be able to read it.
std::optional<SmallPicture> decodeSmall(const uint8_t* bytes, size_t size, uint32_t width, uint32_t height,
                                        uint32_t shrink);

}  // namespace scenecast

// Decodes camera JPEGs to small grey pictures, with libjpeg-turbo. The colours are never decoded and, at an eighth of
// the size, neither are the details.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace scenecast {

struct GreyPicture {
  uint32_t width = 0;
  uint32_t height = 0;
  // Where the picture ends, in levels: a part of the last column and row may lie beyond it.
  double rightEnd = 0;
  double bottomEnd = 0;
  std::vector<uint8_t> levels;  // row by row
};

// The luma of a `width` x `height` JPEG, reduced by a factor of 1, 2, 4 or 8: each level is the mean of a square of
// pixels. Empty if the file is not a plain camera JPEG: another size, more than one scan (progressive), no JFIF
// colours, an Exif orientation, a colour profile, or any damage. Another decoder may be able to read it.
std::optional<GreyPicture> decodeGrey(const uint8_t* bytes, size_t size, uint32_t width, uint32_t height,
                                      uint32_t shrink);

}  // namespace scenecast

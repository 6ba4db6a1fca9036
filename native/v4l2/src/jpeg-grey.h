// Camera JPEGs decoded small and in grey alone, with libjpeg-turbo: the colours are never decoded, and at an eighth of
// the size neither is the detail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace scenecast {

struct GreyPicture {
  uint32_t width = 0;
  uint32_t height = 0;
  // Of the last column and row a part may lie beyond the picture: where it ends, in these levels.
  double rightEnd = 0;
  double bottomEnd = 0;
  std::vector<uint8_t> levels;  // row by row
};

// The luma of a `width` x `height` JPEG, made smaller by 1, 2, 4 or 8: each level is the mean of so many by so many
// pixels. Nothing where the file is not what a camera sends: another size, more than one scan (progressive), no JFIF
// colours, an Exif orientation or a colour profile, or any damage. Another decoder may then know better.
std::optional<GreyPicture> decodeGrey(const uint8_t* bytes, size_t size, uint32_t width, uint32_t height,
                                      uint32_t shrink);

}  // namespace scenecast

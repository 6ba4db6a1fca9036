#include "block-means.h"

#include <algorithm>
#include <cmath>

namespace scenecast {
namespace {

// The pixels along one side of a block, with weights that sum to 1.
struct Taps {
  uint32_t first = 0;
  std::vector<float> weights;
};

// `end`: where the picture ends, at most at the end of the last pixel.
std::vector<Taps> tapsOf(uint32_t pixels, double end, uint32_t blocks) {
  const double side = end / blocks;
  std::vector<Taps> taps(blocks);
  for (uint32_t block = 0; block < blocks; block++) {
    const double centre = (block + 0.5) * side - 0.5;
    const auto first = static_cast<int64_t>(std::ceil(centre - side));
    const auto last = static_cast<int64_t>(std::floor(centre + side));
    const int64_t min = std::max<int64_t>(first, 0);
    const int64_t max = std::min<int64_t>(last, int64_t{pixels} - 1);
    Taps& each = taps[block];
    each.first = static_cast<uint32_t>(min);
    each.weights.assign(max - min + 1, 0.0F);
    double sum = 0;
    for (int64_t pixel = first; pixel <= last; pixel++) sum += 1 - std::abs(pixel - centre) / side;
    for (int64_t pixel = first; pixel <= last; pixel++) {
      const double weight = (1 - std::abs(pixel - centre) / side) / sum;
      // Beyond the edge the last pixel repeats.
      each.weights[std::clamp(pixel, min, max) - min] += static_cast<float>(weight);
    }
  }
  return taps;
}

}  // namespace

uint32_t shrinkFor(uint32_t width, uint32_t height, uint32_t columns, uint32_t rows) {
  const double side = std::min(static_cast<double>(width) / columns, static_cast<double>(height) / rows);
  for (const uint32_t shrink : {8U, 4U, 2U}) {
    if (side >= shrink + 1) return shrink;
  }
  return 1;
}

std::vector<uint8_t> blockMeans(const GreyPicture& grey, uint32_t columns, uint32_t rows) {
  const std::vector<Taps> across = tapsOf(grey.width, grey.rightEnd, columns);
  const std::vector<Taps> down = tapsOf(grey.height, grey.bottomEnd, rows);
  std::vector<float> narrow(size_t{grey.height} * columns);
  for (uint32_t y = 0; y < grey.height; y++) {
    const uint8_t* line = grey.levels.data() + size_t{y} * grey.width;
    float* out = narrow.data() + size_t{y} * columns;
    for (const Taps& taps : across) {
      float sum = 0;
      for (size_t tap = 0; tap < taps.weights.size(); tap++) sum += taps.weights[tap] * line[taps.first + tap];
      *out++ = sum;
    }
  }
  std::vector<uint8_t> means(size_t{rows} * columns);
  std::vector<float> sums(columns);
  for (uint32_t row = 0; row < rows; row++) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    const Taps& taps = down[row];
    for (size_t tap = 0; tap < taps.weights.size(); tap++) {
      const float* line = narrow.data() + (taps.first + tap) * columns;
      for (uint32_t column = 0; column < columns; column++) sums[column] += taps.weights[tap] * line[column];
    }
    uint8_t* out = means.data() + size_t{row} * columns;
    for (uint32_t column = 0; column < columns; column++) {
      out[column] = static_cast<uint8_t>(std::clamp(sums[column], 0.0F, 255.0F) + 0.5F);
    }
  }
  return means;
}

}  // namespace scenecast

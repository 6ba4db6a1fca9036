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

// Cb and Cr of a pixel without colour.
constexpr uint8_t kGrey = 128;

// Writes the means of each channel, one channel after the other.
template <uint32_t kChannels>
void channelMeans(const SmallPicture& small, const std::vector<Taps>& across, const std::vector<Taps>& down,
                  uint8_t* means) {
  const size_t columns = across.size();
  const size_t rows = down.size();
  // The picture at its own height: the columns of each channel side by side.
  const size_t lineLength = kChannels * columns;
  std::vector<float> narrow(size_t{small.height} * lineLength);
  for (uint32_t y = 0; y < small.height; y++) {
    const uint8_t* line = small.levels.data() + size_t{y} * small.width * kChannels;
    float* out = narrow.data() + size_t{y} * lineLength;
    for (const Taps& taps : across) {
      const uint8_t* pixel = line + size_t{taps.first} * kChannels;
      float sums[kChannels] = {};
      for (const float weight : taps.weights) {
        for (uint32_t channel = 0; channel < kChannels; channel++) sums[channel] += weight * *pixel++;
      }
      for (uint32_t channel = 0; channel < kChannels; channel++) out[channel * columns] = sums[channel];
      out++;
    }
  }
  std::vector<float> sums(lineLength);
  for (size_t row = 0; row < rows; row++) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    const Taps& taps = down[row];
    for (size_t tap = 0; tap < taps.weights.size(); tap++) {
      const float* line = narrow.data() + (taps.first + tap) * lineLength;
      for (size_t at = 0; at < lineLength; at++) sums[at] += taps.weights[tap] * line[at];
    }
    for (uint32_t channel = 0; channel < kChannels; channel++) {
      uint8_t* out = means + (channel * rows + row) * columns;
      const float* line = sums.data() + channel * columns;
      for (size_t column = 0; column < columns; column++) {
        out[column] = static_cast<uint8_t>(std::clamp(line[column], 0.0F, 255.0F) + 0.5F);
      }
    }
  }
}

}  // namespace

uint32_t shrinkFor(uint32_t width, uint32_t height, uint32_t columns, uint32_t rows) {
  const double side = std::min(static_cast<double>(width) / columns, static_cast<double>(height) / rows);
  for (const uint32_t shrink : {8U, 4U, 2U}) {
    if (side >= shrink + 1) return shrink;
  }
  return 1;
}

std::vector<uint8_t> blockMeans(const SmallPicture& small, uint32_t columns, uint32_t rows) {
  const std::vector<Taps> across = tapsOf(small.width, small.rightEnd, columns);
  const std::vector<Taps> down = tapsOf(small.height, small.bottomEnd, rows);
  const size_t blocks = size_t{rows} * columns;
  std::vector<uint8_t> means(3 * blocks, kGrey);
  if (small.channels == 1) {
    channelMeans<1>(small, across, down, means.data());
  } else {
    channelMeans<3>(small, across, down, means.data());
  }
  return means;
}

}  // namespace scenecast

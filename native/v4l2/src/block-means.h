// Reduces a small picture to a grid of blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "jpeg-small.h"

namespace scenecast {

// The factor by which a JPEG of this size may be reduced while it is decoded and still have enough pixels for the
// blocks: 1, 2, 4 or 8.
uint32_t shrinkFor(uint32_t width, uint32_t height, uint32_t columns, uint32_t rows);

// The picture at `columns` x `rows`, neither more than it has: luma of all blocks, then Cb, then Cr, as a picture
// without colours has them too. A level is the weighted mean of a block and its surroundings, as libvips's linear
// kernel computes it: the weight falls from the block's centre to the centres of its neighbours.
std::vector<uint8_t> blockMeans(const SmallPicture& small, uint32_t columns, uint32_t rows);

}  // namespace scenecast

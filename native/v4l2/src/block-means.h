// A grey picture seen from afar, as a grid of blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "jpeg-grey.h"

namespace scenecast {

// By how much a JPEG of this size may be made smaller while it is decoded, so that enough is left to make blocks of:
// 1, 2, 4 or 8.
uint32_t shrinkFor(uint32_t width, uint32_t height, uint32_t columns, uint32_t rows);

// The picture at `columns` x `rows`, neither more than it has. A level is the weighted mean of a block and what is
// around it, as libvips's linear kernel gives it: the weight falls from the block's centre to the centres of its
// neighbours.
std::vector<uint8_t> blockMeans(const GreyPicture& grey, uint32_t columns, uint32_t rows);

}  // namespace scenecast

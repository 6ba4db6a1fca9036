// What a capture device offers: pixel formats, their sizes and frame intervals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "device.h"

namespace scenecast {

// Seconds from frame to frame.
struct Interval {
  uint32_t numerator = 0;
  uint32_t denominator = 0;
};

// One size, or a range of them: then min and max differ.
struct OfferedSize {
  uint32_t minWidth = 0, maxWidth = 0, stepWidth = 1;
  uint32_t minHeight = 0, maxHeight = 0, stepHeight = 1;
  // Shortest first if the driver lists them; the two ends if it reports a range; empty if it reports none.
  std::vector<Interval> intervals;
  bool isIntervalRange = false;
};

struct OfferedFormat {
  uint32_t fourcc = 0;
  std::string description;
  std::vector<OfferedSize> sizes;  // of usable formats only
};

// The driver's names for the camera, for itself and for the camera's place on the bus.
struct DeviceNames {
  std::string card;
  std::string driver;
  std::string bus;
};

DeviceNames namesOf(const Device& device);
std::vector<OfferedFormat> offeredFormats(const Device& device);

}  // namespace scenecast

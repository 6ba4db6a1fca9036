#include "device-report.h"

#include <cstring>
#include <utility>

#include "convert.h"

namespace scenecast {
namespace {

template <size_t Size>
std::string textOf(const unsigned char (&bytes)[Size]) {
  const auto* text = reinterpret_cast<const char*>(bytes);
  return {text, strnlen(text, Size)};
}

Interval intervalOf(const v4l2_fract& fraction) { return {fraction.numerator, fraction.denominator}; }

void addIntervals(const Device& device, uint32_t fourcc, OfferedSize& size) {
  v4l2_frmivalenum entry{};
  entry.pixel_format = fourcc;
  entry.width = size.maxWidth;
  entry.height = size.maxHeight;
  for (; device.tryCall(VIDIOC_ENUM_FRAMEINTERVALS, &entry) == 0; entry.index++) {
    if (entry.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
      size.intervals = {intervalOf(entry.stepwise.min), intervalOf(entry.stepwise.max)};
      size.isIntervalRange = true;
      return;
    }
    size.intervals.push_back(intervalOf(entry.discrete));
  }
}

std::vector<OfferedSize> offeredSizes(const Device& device, uint32_t fourcc) {
  std::vector<OfferedSize> sizes;
  v4l2_frmsizeenum entry{};
  entry.pixel_format = fourcc;
  for (; device.tryCall(VIDIOC_ENUM_FRAMESIZES, &entry) == 0; entry.index++) {
    OfferedSize size;
    if (entry.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
      size.minWidth = size.maxWidth = entry.discrete.width;
      size.minHeight = size.maxHeight = entry.discrete.height;
    } else {
      const v4l2_frmsize_stepwise& range = entry.stepwise;
      size = {range.min_width,
              range.max_width,
              range.step_width,
              range.min_height,
              range.max_height,
              range.step_height,
              {},
              false};
    }
    addIntervals(device, fourcc, size);
    sizes.push_back(size);
    if (entry.type != V4L2_FRMSIZE_TYPE_DISCRETE) break;
  }
  return sizes;
}

}  // namespace

DeviceNames namesOf(const Device& device) {
  const v4l2_capability& capability = device.capability();
  return {textOf(capability.card), textOf(capability.driver), textOf(capability.bus_info)};
}

std::vector<OfferedFormat> offeredFormats(const Device& device) {
  std::vector<OfferedFormat> formats;
  v4l2_fmtdesc entry{};
  entry.type = device.bufferType();
  for (; device.tryCall(VIDIOC_ENUM_FMT, &entry) == 0; entry.index++) {
    OfferedFormat format{entry.pixelformat, textOf(entry.description), {}};
    // Drivers with dozens of formats would need thousands of calls, for sizes of no use.
    if (isUsable(entry.pixelformat)) format.sizes = offeredSizes(device, entry.pixelformat);
    formats.push_back(std::move(format));
  }
  return formats;
}

}  // namespace scenecast

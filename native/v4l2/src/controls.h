// The device's controls: brightness, exposure and the like.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "device.h"

namespace scenecast {

struct MenuEntry {
  int64_t value;
  std::string name;
};

struct Control {
  uint32_t id = 0;
  std::string name;       // as the driver writes it: "White Balance, Automatic"
  const char* type = "";  // integer, boolean, menu, bitmask, button
  int64_t min = 0, max = 0, step = 1, defaultValue = 0;
  int64_t value = 0;  // 0 if it cannot be read
  bool isReadOnly = false;
  bool isInactive = false;  // currently without effect, because of another control
  std::vector<MenuEntry> menu;
};

// The controls whose value is one number.
std::vector<Control> controlsOf(const Device& device);

// Throws CONTROL_REFUSED, UNPLUGGED.
void setControl(const Device& device, uint32_t id, int64_t value);

}  // namespace scenecast

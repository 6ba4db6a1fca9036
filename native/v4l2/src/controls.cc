#include "controls.h"

#include <cerrno>
#include <cstring>

namespace scenecast {
namespace {

const char* typeName(uint32_t type) {
  switch (type) {
    case V4L2_CTRL_TYPE_INTEGER:
    case V4L2_CTRL_TYPE_INTEGER64: return "integer";
    case V4L2_CTRL_TYPE_BOOLEAN: return "boolean";
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU: return "menu";
    case V4L2_CTRL_TYPE_BITMASK: return "bitmask";
    case V4L2_CTRL_TYPE_BUTTON: return "button";
    default: return nullptr;
  }
}

std::vector<MenuEntry> menuOf(const Device& device, const v4l2_query_ext_ctrl& control) {
  std::vector<MenuEntry> menu;
  for (int64_t index = control.minimum; index <= control.maximum; index++) {
    v4l2_querymenu entry{};
    entry.id = control.id;
    entry.index = static_cast<uint32_t>(index);
    if (device.tryCall(VIDIOC_QUERYMENU, &entry) != 0) continue;  // a gap in the menu
    if (control.type == V4L2_CTRL_TYPE_INTEGER_MENU) {
      menu.push_back({index, std::to_string(static_cast<int64_t>(entry.value))});
    } else {
      const auto* name = reinterpret_cast<const char*>(entry.name);
      menu.push_back({index, {name, strnlen(name, sizeof entry.name)}});
    }
  }
  return menu;
}

// One control's value in or out; `value64` is used by 64-bit controls only.
int exchange(const Device& device, unsigned long request, uint32_t id, bool is64, int64_t& value) {
  v4l2_ext_control control{};
  control.id = id;
  if (is64) {
    control.value64 = value;
  } else {
    control.value = static_cast<int32_t>(value);
  }
  v4l2_ext_controls controls{};
  controls.which = V4L2_CTRL_WHICH_CUR_VAL;
  controls.count = 1;
  controls.controls = &control;
  const int error = device.tryCall(request, &controls);
  if (error == 0) value = is64 ? static_cast<int64_t>(control.value64) : control.value;
  return error;
}

}  // namespace

std::vector<Control> controlsOf(const Device& device) {
  std::vector<Control> controls;
  v4l2_query_ext_ctrl entry{};
  for (entry.id = V4L2_CTRL_FLAG_NEXT_CTRL; device.tryCall(VIDIOC_QUERY_EXT_CTRL, &entry) == 0;
       entry.id |= V4L2_CTRL_FLAG_NEXT_CTRL) {
    const char* type = typeName(entry.type);
    if (type == nullptr || (entry.flags & V4L2_CTRL_FLAG_DISABLED) != 0) continue;
    Control control;
    control.id = entry.id;
    control.name = {entry.name, strnlen(entry.name, sizeof entry.name)};
    control.type = type;
    control.min = entry.minimum;
    control.max = entry.maximum;
    control.step = static_cast<int64_t>(entry.step);
    control.defaultValue = entry.default_value;
    control.isReadOnly = (entry.flags & V4L2_CTRL_FLAG_READ_ONLY) != 0;
    control.isInactive = (entry.flags & V4L2_CTRL_FLAG_INACTIVE) != 0;
    if (std::strcmp(type, "menu") == 0) control.menu = menuOf(device, entry);
    if (entry.type != V4L2_CTRL_TYPE_BUTTON && (entry.flags & V4L2_CTRL_FLAG_WRITE_ONLY) == 0) {
      exchange(device, VIDIOC_G_EXT_CTRLS, entry.id, entry.type == V4L2_CTRL_TYPE_INTEGER64, control.value);
    }
    controls.push_back(control);
  }
  return controls;
}

void setControl(const Device& device, uint32_t id, int64_t value) {
  v4l2_query_ext_ctrl entry{};
  entry.id = id;
  int error = device.tryCall(VIDIOC_QUERY_EXT_CTRL, &entry);
  if (error == 0) error = exchange(device, VIDIOC_S_EXT_CTRLS, id, entry.type == V4L2_CTRL_TYPE_INTEGER64, value);
  if (error == ENODEV) throwDeviceError(error, device.path(), "set a control");
  if (error != 0) throw Error("CONTROL_REFUSED", std::string("the driver refuses it: ") + std::strerror(error));
}

}  // namespace scenecast

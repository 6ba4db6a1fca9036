// A flag that a thread can poll together with descriptors; it interrupts a waiting capture.
#pragma once

namespace scenecast {

class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  // For any thread. The descriptor is readable while the flag is set.
  int descriptor() const { return descriptor_; }
  void set();
  void clear();
  bool isSet() const;

 private:
  int descriptor_;
};

}  // namespace scenecast

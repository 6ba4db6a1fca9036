// A flag that a thread can wait for together with descriptors: how a waiting capture is told to stop.
#pragma once

namespace scenecast {

class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  // Any thread. Readable, for poll, while set.
  int descriptor() const { return descriptor_; }
  void set();
  void clear();
  bool isSet() const;

 private:
  int descriptor_;
};

}  // namespace scenecast

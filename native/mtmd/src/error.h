// The one exception type of the core. `code` reaches JavaScript as error.code and is part of the interface
// (src/vision/native/addon.ts lists the codes); the message is for people.
#pragma once

#include <stdexcept>
#include <string>

namespace scenecast {

class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;  // always a string literal
};

}  // namespace scenecast

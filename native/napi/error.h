// How an addon's core reports errors. `code` reaches JavaScript as error.code and is part of the addon's interface; the
// message is for people. Free of N-API.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace scenecast {

// The only exception type that a core throws itself.
class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;  // always a string literal
};

struct Failure {
  const char* code = "INTERNAL";
  std::string message = "unknown error";
};

// The exception being handled; call it in a catch block.
inline Failure currentFailure() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return {"OUT_OF_MEMORY", "out of memory"};
  } catch (const std::exception& error) {
    return {"INTERNAL", error.what()};
  } catch (...) {
    return {};
  }
}

}  // namespace scenecast

// Where the logs of ggml, llama.cpp, libmtmd and its Jinja engine go: to one sink, or nowhere.
#pragma once

#include <functional>
#include <string>

namespace scenecast {

// level: "debug", "info", "warn" or "error". Called from any thread, one call at a time.
using LogSink = std::function<void(const char* level, const std::string& text)>;

// Takes the libraries' logs away from stderr. Called once, before anything else.
void installLogging();

// Replaces the sink; an empty function silences.
void setLogSink(LogSink sink);

// While it lives, remembers what this thread logs as errors: the libraries report the cause of a failed load
// only there.
class ErrorCapture {
 public:
  ErrorCapture();
  ~ErrorCapture();
  ErrorCapture(const ErrorCapture&) = delete;
  ErrorCapture& operator=(const ErrorCapture&) = delete;
  // The captured lines joined by "; ", or `fallback` if there are none.
  std::string text(const std::string& fallback) const;

 private:
  std::string* previous_;
  std::string captured_;
};

// While it lives, is shown each line this thread logs: how the quantiser tells its progress.
class LogWatch {
 public:
  using Watcher = std::function<void(const std::string& line)>;
  explicit LogWatch(Watcher watcher);
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

 private:
  Watcher watcher_;
  const Watcher* previous_;
};

}  // namespace scenecast

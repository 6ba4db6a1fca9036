// Sends the logs of ggml, llama.cpp, libmtmd and its Jinja engine to one sink, or discards them.
#pragma once

#include <functional>
#include <string>

namespace scenecast {

// level: "debug", "info", "warn" or "error". Called from any thread, one call at a time.
using LogSink = std::function<void(const char* level, const std::string& text)>;

// Redirects the libraries' logs from stderr to the sink. Call once, before anything else.
void installLogging();

// Replaces the sink; an empty function discards the logs.
void setLogSink(LogSink sink);

// Sends a line to the sink.
void logLine(const char* level, const std::string& text);

// Collects the errors that this thread logs during its lifetime: the libraries report the cause of a failed load only
// in the log.
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

// Passes each line that this thread logs during its lifetime to a function: the quantiser reports its progress there.
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

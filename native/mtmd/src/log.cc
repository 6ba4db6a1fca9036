#include "log.h"

#include <mutex>

#include "chat-template.h"
#include "ggml.h"
#include "llama.h"
#include "mtmd.h"

namespace scenecast {
namespace {

std::mutex sinkMutex;
LogSink sink;
thread_local std::string* capture = nullptr;
thread_local const LogWatch::Watcher* watch = nullptr;
// The libraries log a line in pieces: a continuation has the level of what it continues.
thread_local ggml_log_level lastLevel = GGML_LOG_LEVEL_INFO;

const char* levelName(ggml_log_level level) {
  switch (level) {
    case GGML_LOG_LEVEL_ERROR: return "error";
    case GGML_LOG_LEVEL_WARN: return "warn";
    case GGML_LOG_LEVEL_DEBUG: return "debug";
    default: return "info";
  }
}

void onLog(ggml_log_level level, const char* text, void*) {
  if (level == GGML_LOG_LEVEL_CONT) {
    level = lastLevel;
  } else {
    lastLevel = level;
  }
  std::string line(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  if (line.empty() || line == ".") return;  // llama.cpp prints dots while it loads
  if (capture != nullptr && level == GGML_LOG_LEVEL_ERROR && capture->size() < 4096) {
    if (!capture->empty()) capture->append("; ");
    capture->append(line);
  }
  if (watch != nullptr) (*watch)(line);
  logLine(levelName(level), line);
}

}  // namespace

void logLine(const char* level, const std::string& text) {
  const std::lock_guard<std::mutex> lock(sinkMutex);
  if (sink) sink(level, text);
}

void installLogging() {
  llama_log_set(onLog, nullptr);
  mtmd_log_set(onLog, nullptr);
  silenceCommonLog();
}

void setLogSink(LogSink newSink) {
  const std::lock_guard<std::mutex> lock(sinkMutex);
  sink = std::move(newSink);
}

ErrorCapture::ErrorCapture() : previous_(capture) { capture = &captured_; }

ErrorCapture::~ErrorCapture() { capture = previous_; }

LogWatch::LogWatch(Watcher watcher) : watcher_(std::move(watcher)), previous_(watch) { watch = &watcher_; }

LogWatch::~LogWatch() { watch = previous_; }

std::string ErrorCapture::text(const std::string& fallback) const { return captured_.empty() ? fallback : captured_; }

}  // namespace scenecast

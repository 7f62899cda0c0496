// The log of what the process does, for people: one line an event, to standard
// error (and so to the journal). Access logs are elsewhere.
//
// An error is logged once, where it is handled. spdlog stays behind this header.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace skerry {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One `name=value` of a log line.
struct LogField {
  std::string_view name;
  std::string value;

  LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
  LogField(std::string_view n, const char* v) : name(n), value(v) {}
  LogField(std::string_view n, const std::string& v) : name(n), value(v) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> LogField(std::string_view n, Number v)
      : name(n), value(std::to_string(v)) {}
};

// "2026-03-01T10:00:00.123Z info  listener: ready address=127.0.0.1:8443".
// Values with blanks or quotes are quoted. Thread: any.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarning(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// Lines below this level are dropped; kInfo at start.
void SetLogLevel(LogLevel least);

}  // namespace skerry

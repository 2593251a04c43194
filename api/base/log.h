// Structured logging: one JSON object a line on standard error, through spdlog.
//
// Log(Level, "event", {{"key", value}, …}): `event` is a stable snake_case word to search for, the fields carry the
// rest. Thread-safe. Never pass secrets; values are escaped.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace repopulse {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double, bool> value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  template <class Int>
  requires std::is_integral_v<Int> LogField(std::string_view k, Int v) : key(k), value(static_cast<int64_t>(v)) {}
};

// Before it is called, only warnings and errors are written. `replica` stands on each line.
void InitLogging(LogLevel level, std::string_view replica);
void FlushLogs();

bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

inline void LogInfo(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarn(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, event, fields);
}
inline void LogError(std::string_view event, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, event, fields);
}

// `text` as a JSON string with its quotes, appended to `out`; bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace repopulse

#pragma once

// JSON logs, one object a line on standard error:
// {"time":"2026-…Z","level":"info","service":"orders","message":"…","key":"value"}
// Never pass personal data or secrets: ids only.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace esnaf {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One key with its value; numbers stay numbers.
struct LogField {
  template <typename T>
    requires std::is_arithmetic_v<T>
  LogField(std::string_view k, T v) : key(k), value(std::is_same_v<T, bool> ? (v ? "true" : "false") : std::to_string(v)), quoted(false) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(v), quoted(true) {}
  LogField(std::string_view k, const char* v) : key(k), value(v), quoted(true) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v), quoted(true) {}
  std::string key;
  std::string value;
  bool quoted;
};

// Sets the name in `service` and the least level written. Call once, before threads start.
void ConfigureLog(std::string_view service, LogLevel level);
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
inline void LogInfo(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kInfo, m, f); }
inline void LogWarning(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kWarning, m, f); }
inline void LogError(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kError, m, f); }

}  // namespace esnaf

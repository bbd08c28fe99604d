#pragma once

// JSON logs, one object a line on standard error:
// {"time":"2026-…Z","level":"info","service":"orders","message":"…","key":"value"}
// Never pass personal data or secrets: ids only.
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace esnaf {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One key with its value; numbers stay numbers. Refers to its texts, so it lives no longer than the call it is made
// for, and costs nothing where the level is off.
class LogField {
 public:
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view key, bool value) : key_(key), value_(value) {}
  LogField(std::string_view key, std::signed_integral auto value) : key_(key), value_(std::int64_t{value}) {}
  LogField(std::string_view key, std::unsigned_integral auto value) : key_(key), value_(std::uint64_t{value}) {}
  LogField(std::string_view key, std::floating_point auto value) : key_(key), value_(static_cast<double>(value)) {}
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  LogField(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  LogField(std::string_view key, const std::string& value) : key_(key), value_(std::string_view(value)) {}

  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

// Sets the name in `service` and the least level written. Call once, before threads start. Until then `info` counts.
void ConfigureLog(std::string_view service, LogLevel level);

namespace log_internal {
extern std::atomic<LogLevel> least_level;
void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);
}  // namespace log_internal

inline bool LogEnabled(LogLevel level) { return level >= log_internal::least_level.load(std::memory_order_relaxed); }
inline void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) {
  if (LogEnabled(level)) log_internal::Write(level, message, fields);
}
inline void LogDebug(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kDebug, m, f); }
inline void LogInfo(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kInfo, m, f); }
inline void LogWarning(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kWarning, m, f); }
inline void LogError(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kError, m, f); }

// The line that Log writes, without its end.
std::string FormatLogLine(std::string_view time, LogLevel level, std::string_view service, std::string_view message,
                          std::initializer_list<LogField> fields);

}  // namespace esnaf

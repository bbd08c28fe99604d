#include "libs/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unicode/utf8.h>

#include <array>
#include <charconv>
#include <cmath>

#include "libs/base/time.h"

namespace esnaf {
namespace log_internal {
std::atomic<LogLevel> least_level{LogLevel::kInfo};
}

namespace {

// Never destroyed: threads may still log while the program ends.
std::string& ServiceName() {
  static auto& name = *new std::string();
  return name;
}

spdlog::logger& StderrLogger() {
  static spdlog::logger& logger = []() -> spdlog::logger& {
    auto* made = new spdlog::logger("esnaf", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return *made;
  }();
  return logger;
}

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

void AppendEscapedAscii(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20) {
    out += "\\u00";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[c & 15];
  } else {
    out += c;
  }
}

// A JSON string. Bytes that are no UTF-8 become replacement characters, so a line is always valid JSON.
void AppendString(std::string& out, std::string_view text) {
  out += '"';
  const auto size = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < size;) {
    const std::int64_t start = i;
    UChar32 c;
    U8_NEXT(text.data(), i, size, c);
    if (c < 0) {
      out += "\xEF\xBF\xBD";
    } else if (c < 0x80) {
      AppendEscapedAscii(out, static_cast<char>(c));
    } else {
      out.append(text, static_cast<std::size_t>(start), static_cast<std::size_t>(i - start));
    }
  }
  out += '"';
}

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

struct ValueAppender {
  std::string& out;
  void operator()(std::string_view text) const { AppendString(out, text); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { AppendNumber(out, value); }
  void operator()(std::uint64_t value) const { AppendNumber(out, value); }
  void operator()(double value) const {
    // JSON has no word for these.
    if (std::isfinite(value)) {
      AppendNumber(out, value);
    } else {
      AppendString(out, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
  }
};

void AppendMember(std::string& out, std::string_view key, const LogField::Value& value) {
  if (out.size() > 1) out += ',';
  AppendString(out, key);
  out += ':';
  std::visit(ValueAppender{out}, value);
}

}  // namespace

void ConfigureLog(std::string_view service, LogLevel level) {
  ServiceName() = service;
  log_internal::least_level.store(level, std::memory_order_relaxed);
}

std::string FormatLogLine(std::string_view time, LogLevel level, std::string_view service, std::string_view message,
                          std::initializer_list<LogField> fields) {
  std::string line = "{";
  line.reserve(128 + message.size() + fields.size() * 32);
  AppendMember(line, "time", time);
  AppendMember(line, "level", NameOf(level));
  AppendMember(line, "service", service);
  AppendMember(line, "message", message);
  for (const LogField& field : fields) AppendMember(line, field.key(), field.value());
  line += '}';
  return line;
}

namespace log_internal {

void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const std::string line = FormatLogLine(FormatRfc3339(SystemClock().Now()), level, ServiceName(), message, fields);
  StderrLogger().log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace log_internal
}  // namespace esnaf

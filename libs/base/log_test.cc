#include "libs/base/log.h"

#include <rapidcheck.h>
#include <nlohmann/json.hpp>

#include <limits>

#include "libs/testing/catch.h"

namespace esnaf {
namespace {

nlohmann::json Line(std::string_view message, std::initializer_list<LogField> fields) {
  return nlohmann::json::parse(FormatLogLine("2026-01-31T00:00:00Z", LogLevel::kWarning, "orders", message, fields));
}

TEST_CASE("A line is one JSON object in a fixed order") {
  CHECK(FormatLogLine("2026-01-31T00:00:00Z", LogLevel::kInfo, "orders", "started",
                      {{"port", 7070}, {"ready", true}, {"epoch", "a1"}}) ==
        R"({"time":"2026-01-31T00:00:00Z","level":"info","service":"orders","message":"started",)"
        R"("port":7070,"ready":true,"epoch":"a1"})");
}

TEST_CASE("Values keep their kind") {
  const std::string owned = "text";
  const auto line = Line("m", {{"small", static_cast<std::uint8_t>(7)},
                               {"least", std::numeric_limits<std::int64_t>::min()},
                               {"most", std::numeric_limits<std::uint64_t>::max()},
                               {"ratio", 0.5},
                               {"nan", std::numeric_limits<double>::quiet_NaN()},
                               {"infinite", -std::numeric_limits<double>::infinity()},
                               {"off", false},
                               {"owned", owned},
                               {"view", std::string_view(owned).substr(1)}});
  CHECK(line["level"] == "warning");
  CHECK(line["small"] == 7);
  CHECK(line["least"] == std::numeric_limits<std::int64_t>::min());
  CHECK(line["most"] == std::numeric_limits<std::uint64_t>::max());
  CHECK(line["ratio"] == 0.5);
  CHECK(line["nan"] == "NaN");
  CHECK(line["infinite"] == "-Infinity");
  CHECK(line["off"] == false);
  CHECK(line["owned"] == "text");
  CHECK(line["view"] == "ext");
}

TEST_CASE("Any text is a valid line and is read back, broken bytes as replacement characters") {
  CHECK(Line("say \"ş\"\n\\", {})["message"] == "say \"ş\"\n\\");
  CHECK(Line("cut \xC5", {})["message"] == "cut \xEF\xBF\xBD");
  REQUIRE(rc::check("one line of JSON whatever the bytes", [](const std::string& text) {
    const std::string line = FormatLogLine("t", LogLevel::kError, "s", text, {{"key", text}});
    RC_ASSERT(line.find('\n') == std::string::npos);
    RC_ASSERT(nlohmann::json::accept(line));
  }));
}

TEST_CASE("Only levels from the least on are enabled") {
  ConfigureLog("test", LogLevel::kWarning);
  CHECK_FALSE(LogEnabled(LogLevel::kDebug));
  CHECK_FALSE(LogEnabled(LogLevel::kInfo));
  CHECK(LogEnabled(LogLevel::kWarning));
  CHECK(LogEnabled(LogLevel::kError));
  ConfigureLog("test", LogLevel::kInfo);
  CHECK(LogEnabled(LogLevel::kInfo));
}

}  // namespace
}  // namespace esnaf

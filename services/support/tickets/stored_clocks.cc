#include "services/support/tickets/stored_clocks.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "esnaf/support/v1/sla.pb.h"
#include "libs/base/macros.h"
#include "nlohmann/json.hpp"

namespace esnaf::support {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

// `90s`, `3.000005s`.
std::string DurationText(Duration duration) {
  const std::int64_t seconds = duration.count() / kMicros, micros = duration.count() % kMicros;
  return micros == 0 ? absl::StrCat(seconds, "s") : absl::StrFormat("%d.%06ds", seconds, micros);
}

absl::Status Unreadable() { return absl::InternalError("a stored deadline cannot be read"); }

absl::StatusOr<Duration> ReadDuration(std::string_view text) {
  std::int64_t seconds = 0, micros = 0;
  const char* const end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || rest == end) return Unreadable();
  if (*rest == '.') {
    // Six digits count; what is missing of them is 0.
    std::int64_t digit = kMicros / 10;
    for (++rest; rest != end && *rest >= '0' && *rest <= '9'; ++rest, digit /= 10) micros += (*rest - '0') * digit;
  }
  if (rest == end || *rest != 's') return Unreadable();
  return Duration(seconds * kMicros + micros);
}

void AppendTime(std::string_view name, const std::optional<Time>& time, std::string& json) {
  if (time) absl::StrAppend(&json, ",\"", std::string(name), "\":\"", FormatRfc3339(*time), "\"");
}

absl::StatusOr<Duration> DurationOf(const nlohmann::json& deadline, const char* name) {
  const auto found = deadline.find(name);
  if (found == deadline.end()) return Duration(0);
  return ReadDuration(found->get_ref<const std::string&>());
}

absl::StatusOr<std::optional<Time>> TimeOf(const nlohmann::json& deadline, const char* name) {
  const auto found = deadline.find(name);
  if (found == deadline.end()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const Time time, ParseRfc3339(found->get_ref<const std::string&>()));
  return std::optional(time);
}

absl::StatusOr<ClockStatus> ReadClock(const nlohmann::json& deadline) {
  ClockStatus clock;
  v1::SlaMetric metric = v1::SLA_METRIC_UNSPECIFIED;
  if (!v1::SlaMetric_Parse(deadline.value("metric", ""), &metric)) return Unreadable();
  clock.metric = static_cast<SlaMetric>(metric);
  clock.cycle = deadline.value("cycle", 0);
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Time> start, TimeOf(deadline, "startTime"));
  clock.start_time = start.value_or(Time());
  ESNAF_ASSIGN_OR_RETURN(const Duration target, DurationOf(deadline, "target"));
  clock.target = std::chrono::duration_cast<std::chrono::minutes>(target);
  ESNAF_ASSIGN_OR_RETURN(clock.used, DurationOf(deadline, "used"));
  clock.running = deadline.value("running", false);
  clock.ended = deadline.value("ended", false);
  ESNAF_ASSIGN_OR_RETURN(clock.due_time, TimeOf(deadline, "dueTime"));
  ESNAF_ASSIGN_OR_RETURN(clock.warn_time, TimeOf(deadline, "warnTime"));
  ESNAF_ASSIGN_OR_RETURN(clock.met_time, TimeOf(deadline, "metTime"));
  ESNAF_ASSIGN_OR_RETURN(clock.breach_time, TimeOf(deadline, "breachTime"));
  return clock;
}

}  // namespace

std::string ClocksToJson(const std::vector<ClockStatus>& clocks) {
  std::string json = "{\"deadlines\":[";
  for (const ClockStatus& clock : clocks) {
    absl::StrAppend(&json, json.back() == '[' ? "" : ",", "{\"metric\":\"",
                    v1::SlaMetric_Name(static_cast<v1::SlaMetric>(clock.metric)), "\",\"cycle\":", clock.cycle,
                    ",\"target\":\"", DurationText(clock.target), "\",\"used\":\"", DurationText(clock.used), "\"");
    AppendTime("startTime", clock.start_time, json);
    if (clock.running) json += ",\"running\":true";
    AppendTime("dueTime", clock.due_time, json);
    AppendTime("warnTime", clock.warn_time, json);
    AppendTime("metTime", clock.met_time, json);
    AppendTime("breachTime", clock.breach_time, json);
    if (clock.ended) json += ",\"ended\":true";
    json += "}";
  }
  return json + "]}";
}

absl::StatusOr<std::vector<ClockStatus>> ClocksFromJson(std::string_view json) {
  const nlohmann::json stored = nlohmann::json::parse(json, nullptr, false);
  if (!stored.is_object()) return Unreadable();
  std::vector<ClockStatus> clocks;
  const auto deadlines = stored.find("deadlines");
  if (deadlines == stored.end()) return clocks;
  try {
    for (const nlohmann::json& deadline : *deadlines) {
      ESNAF_ASSIGN_OR_RETURN(ClockStatus clock, ReadClock(deadline));
      clocks.push_back(std::move(clock));
    }
  } catch (const nlohmann::json::exception&) {
    return Unreadable();
  }
  return clocks;
}

}  // namespace esnaf::support

#include "services/attribution/touches/touch_ingest.h"

#include <map>
#include <unordered_set>

#include "libs/base/macros.h"
#include "services/attribution/touches/touchpoint_store.h"

namespace esnaf::attribution {
namespace {

using DayKey = std::pair<std::string, std::chrono::sys_days>;

DayKey DayOf(const Touchpoint& touch) {
  return {touch.visitor_id, std::chrono::floor<std::chrono::days>(touch.occur_time)};
}

// How many touches the visitors of these touches have on their days.
absl::StatusOr<std::map<DayKey, int>> CountDays(postgres::Tx& tx, const std::vector<Touchpoint>& touches) {
  std::map<DayKey, int> counts;
  for (const Touchpoint& touch : touches) {
    if (!touch.visitor_id.empty()) counts.emplace(DayOf(touch), 0);
  }
  std::vector<VisitorDay> days;
  for (const auto& [key, unused] : counts) days.push_back({.visitor_id = key.first, .day = Date(key.second)});
  if (days.empty()) return counts;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<VisitorDay> known, CountVisitorDays(tx, days));
  for (const VisitorDay& day : known) counts[{day.visitor_id, std::chrono::sys_days(day.day)}] = day.count;
  return counts;
}

}  // namespace

absl::StatusOr<std::vector<TouchOutcome>> RecordTouches(postgres::Tx& tx, const std::vector<Touchpoint>& touches,
                                                        std::int64_t rules_version, Time now) {
  ESNAF_ASSIGN_OR_RETURN(auto counts, CountDays(tx, touches));
  std::vector<TouchOutcome> outcomes(touches.size(), TouchOutcome::kKnown);
  std::vector<Touchpoint> kept, dropped;
  for (std::size_t i = 0; i < touches.size(); ++i) {
    const bool bounded = !touches[i].visitor_id.empty();
    if (bounded && counts[DayOf(touches[i])]++ >= kMostTouchesOfVisitorAndDay) {
      outcomes[i] = TouchOutcome::kDropped;
      dropped.push_back(touches[i]);
    } else {
      kept.push_back(touches[i]);
    }
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> added, InsertTouchpoints(tx, kept, rules_version, now));
  if (!dropped.empty()) ESNAF_RETURN_IF_ERROR(CountDropped(tx, dropped));
  std::unordered_set<Uuid> fresh(added.begin(), added.end());
  for (std::size_t i = 0; i < touches.size(); ++i) {
    // Of the same touch twice in one batch the first is new.
    if (outcomes[i] != TouchOutcome::kDropped && fresh.erase(touches[i].id) > 0) outcomes[i] = TouchOutcome::kCreated;
  }
  return outcomes;
}

}  // namespace esnaf::attribution

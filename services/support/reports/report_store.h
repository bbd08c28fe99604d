#pragma once

// What reports read besides the trails.
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/reports/report.h"
#include "services/support/surveys/survey_stats.h"

namespace esnaf::support {

struct OpenTicket {
  SlaSubject subject{};  // without its tags
  std::string assignee{};
  Time create_time{};
};
absl::StatusOr<std::vector<OpenTicket>> ReadOpenTickets(postgres::Tx& tx, const std::vector<std::string>& store_ids);

// The answers to all surveys of a kind, asked within the time, by what they are about.
struct AskedSurvey {
  SurveyKind kind = SurveyKind::kCsat;
  std::string agent;
  std::string team;
  std::string store_id;
  Time ask_time;
  std::optional<int> score;
};
absl::StatusOr<std::vector<AskedSurvey>> ReadAskedSurveys(postgres::Tx& tx, Time start, Time end,
                                                          const std::vector<std::string>& store_ids);

struct QueueCounts {
  std::int64_t fresh = 0, open = 0, pending = 0, on_hold = 0, unassigned = 0, overdue = 0, due_soon = 0;
  std::optional<Time> oldest_time;
  bool operator==(const QueueCounts&) const = default;
};
// Of one team, or of all where it is empty.
absl::StatusOr<QueueCounts> CountQueue(postgres::Tx& tx, const std::string& team,
                                       const std::vector<std::string>& store_ids, Time now);

}  // namespace esnaf::support

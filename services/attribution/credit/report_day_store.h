#pragma once

// What days of reports came to, and which of them changed since that was added up. Readers need one snapshot for what
// they read of days here and of credit and spend themselves.
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/attribution/credit/report.h"

namespace esnaf::attribution {

struct ReportQuery;

// The numbers are those of `report_day_change`.
enum class DayKind { kCredit = 1, kSpend = 2 };

// Days of stores, as two arrays for SQL.
struct StoreDays {
  std::vector<std::string> store_ids;
  std::vector<Date> days;
  bool empty() const { return days.empty(); }
};

// The days of the query that changed since they were added up.
absl::StatusOr<StoreDays> ChangedDays(postgres::Tx& tx, DayKind kind, const ReportQuery& query);

// What one source, or campaign, came to on a day.
using VisitDaySum = std::function<void(const std::string& store_id, Date day, const Uuid& id, const Metrics& metrics)>;

// Shows what every other day of the query came to, day by day: by sources of credit, zero where nobody is credited, and
// by campaigns of spend. Where the query is for what was known at a time, only days that have not changed since then:
// the conditions below hold for no row of these.
absl::Status ReadCreditDays(postgres::Tx& tx, const ReportQuery& query, const VisitDaySum& visit);
absl::Status ReadSpendDays(postgres::Tx& tx, const ReportQuery& query, const VisitDaySum& visit);

// SQL conditions that a row of credit, superseded credit, spend or superseded spend belongs to none of the days that
// were shown as known at a time, a parameter's text such as `$7::timestamptz`.
std::string NotInCreditDays(const std::string& table, const std::string& time);
std::string NotInSpendDays(const std::string& table, const std::string& time);

// The campaigns of these ids: platform, campaign id and name.
absl::StatusOr<std::vector<std::pair<Uuid, RowKey>>> LoadSpendCampaigns(postgres::Tx& tx, const std::vector<Uuid>& ids);

// A day that waits to be added up.
struct ChangedDay {
  DayKind kind;
  std::string store_id;
  Date day;
};
// Up to 1000 of them, those that wait longest first: days that have not changed for `quiet`, and those that go on
// changing but did so first ten times as long ago.
absl::StatusOr<std::vector<ChangedDay>> ListChangedDays(postgres::Tx& tx, Duration quiet);
// Adds a day up. Needs a snapshot of the whole transaction (REPEATABLE READ): what others change meanwhile stays
// changed, and of two who add up the same day one fails and comes again.
absl::Status AddUpDay(postgres::Tx& tx, const ChangedDay& day);

}  // namespace esnaf::attribution

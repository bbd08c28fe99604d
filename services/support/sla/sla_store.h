#pragma once

// Policies and calendars as they are stored.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/support/records.h"
#include "services/support/sla/business_hours.h"
#include "services/support/sla/sla_policy.h"

namespace esnaf::support {

using PolicyRecord = Record<SlaPolicy>;
using CalendarRecord = Record<BusinessCalendar>;

// Every change makes the clocks of open tickets be reckoned anew. Inserts answer false where the id is taken; a policy
// whose calendar there is not is INVALID_ARGUMENT naming `policy.calendar_id`.
absl::StatusOr<bool> InsertPolicy(postgres::Tx& tx, const PolicyRecord& record);
absl::StatusOr<bool> InsertCalendar(postgres::Tx& tx, const CalendarRecord& record);
absl::Status UpdatePolicy(postgres::Tx& tx, const PolicyRecord& record);
absl::Status UpdateCalendar(postgres::Tx& tx, const CalendarRecord& record);
absl::Status DeletePolicy(postgres::Tx& tx, const std::string& id);
// FAILED_PRECONDITION with the reason `CALENDAR_IN_USE` where a policy counts by it.
absl::Status DeleteCalendar(postgres::Tx& tx, const std::string& id);

// NOT_FOUND with the reason `SLA_POLICY_NOT_FOUND` or `CALENDAR_NOT_FOUND`. Locks hold until the transaction ends.
absl::StatusOr<PolicyRecord> GetPolicy(postgres::Tx& tx, const std::string& id);
absl::StatusOr<PolicyRecord> LockPolicy(postgres::Tx& tx, const std::string& id);
absl::StatusOr<CalendarRecord> GetCalendar(postgres::Tx& tx, const std::string& id);
absl::StatusOr<CalendarRecord> LockCalendar(postgres::Tx& tx, const std::string& id);

// What lists select of either table, and how a row is read.
extern const char kSlaColumns[];
inline constexpr int kSlaColumnCount = 4;
absl::StatusOr<PolicyRecord> ReadPolicy(const postgres::Row& row);
absl::StatusOr<CalendarRecord> ReadCalendar(const postgres::Row& row);

// All that clocks are reckoned by, as of one moment.
struct SlaBook {
  std::int64_t revision = 0;
  std::vector<SlaPolicy> policies;  // in the order in which they are asked
  std::map<std::string, BusinessHours> hours;
  // The hours of a policy; day and night where it names no calendar.
  const BusinessHours& HoursOf(const SlaPolicy& policy) const;
  // Null where there is none of the id.
  const SlaPolicy* Find(const std::string& policy_id) const;
  // With the policy in place of the one of its id, or beside the others. INVALID_ARGUMENT where its calendar does not
  // exist.
  absl::StatusOr<SlaBook> With(SlaPolicy policy) const;
};
// The book as it stands; the one that is given where that is of the newest revision.
absl::StatusOr<std::shared_ptr<const SlaBook>> ReadBook(postgres::Tx& tx, std::shared_ptr<const SlaBook> known);

}  // namespace esnaf::support

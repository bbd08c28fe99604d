#include "services/support/sla/sla_store.h"

#include <tuple>

#include "libs/base/check.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/sla/sla_wire.h"

namespace esnaf::support {
namespace {

const postgres::Statement kInsertPolicy("support", "insert_sla_policy", R"sql(
WITH revised AS (UPDATE sla_revision SET revision = revision + 1)
INSERT INTO sla_policy (id, position, calendar_id, body, version, create_time, update_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");

const postgres::Statement kInsertCalendar("support", "insert_calendar", R"sql(
WITH revised AS (UPDATE sla_revision SET revision = revision + 1)
INSERT INTO business_calendar (id, body, version, create_time, update_time) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING RETURNING 1
)sql");

const postgres::Statement kUpdatePolicy("support", "update_sla_policy", R"sql(
WITH revised AS (UPDATE sla_revision SET revision = revision + 1)
UPDATE sla_policy SET position = $2, calendar_id = $3, body = $4, version = $5, update_time = $6 WHERE id = $1
)sql");

const postgres::Statement kUpdateCalendar("support", "update_calendar", R"sql(
WITH revised AS (UPDATE sla_revision SET revision = revision + 1)
UPDATE business_calendar SET body = $2, version = $3, update_time = $4 WHERE id = $1
)sql");

const postgres::Statement kDeletePolicy("support", "delete_sla_policy", R"sql(
WITH revised AS (UPDATE sla_revision SET revision = revision + 1)
DELETE FROM sla_policy WHERE id = $1
)sql");

const postgres::Statement kPolicyOfCalendar("support", "policy_of_calendar", R"sql(
SELECT id FROM sla_policy WHERE calendar_id = $1 ORDER BY id LIMIT 1
)sql");

const postgres::Statement kDeleteCalendar("support", "delete_calendar", R"sql(
WITH revised AS (UPDATE sla_revision SET revision = revision + 1)
DELETE FROM business_calendar WHERE id = $1
)sql");

const postgres::Statement kGetPolicy("support", "get_sla_policy", R"sql(
SELECT body, version, create_time, update_time FROM sla_policy WHERE id = $1
)sql");
const postgres::Statement kLockPolicy("support", "lock_sla_policy", R"sql(
SELECT body, version, create_time, update_time FROM sla_policy WHERE id = $1 FOR UPDATE
)sql");
const postgres::Statement kGetCalendar("support", "get_calendar", R"sql(
SELECT body, version, create_time, update_time FROM business_calendar WHERE id = $1
)sql");
// A key share keeps the calendar that a policy is about to name.
const postgres::Statement kShareCalendar("support", "share_calendar", R"sql(
SELECT 1 FROM business_calendar WHERE id = $1 FOR KEY SHARE
)sql");
const postgres::Statement kLockCalendar("support", "lock_calendar", R"sql(
SELECT body, version, create_time, update_time FROM business_calendar WHERE id = $1 FOR UPDATE
)sql");

const postgres::Statement kRevision("support", "sla_revision", "SELECT revision FROM sla_revision");

// One statement, so that policies and calendars are of the revision that comes with them.
const postgres::Statement kReadBook("support", "read_sla_book", R"sql(
SELECT r.revision, b.is_policy, b.body
  FROM sla_revision r LEFT JOIN (
    SELECT true AS is_policy, position, id, body FROM sla_policy
    UNION ALL
    SELECT false, 0, id, body FROM business_calendar) b ON true
 ORDER BY b.is_policy, b.position, b.id
)sql");

std::optional<std::string> CalendarIdOf(const SlaPolicy& policy) {
  return policy.calendar_id.empty() ? std::nullopt : std::optional(policy.calendar_id);
}

absl::Status CheckCalendarOf(postgres::Tx& tx, const SlaPolicy& policy) {
  if (policy.calendar_id.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kShareCalendar, policy.calendar_id));
  return rows.empty() ? InvalidField("policy.calendar_id", "is no calendar") : absl::OkStatus();
}

template <typename Record>
void ReadTimes(const postgres::Row& row, Record& record) {
  record.version = row.Get<std::int64_t>(1);
  record.create_time = row.Get<Time>(2);
  record.update_time = row.Get<Time>(3);
}

absl::StatusOr<PolicyRecord> OnePolicy(const postgres::Statement& statement, postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("sla_policy", id);
  return ReadPolicy(rows[0]);
}
absl::StatusOr<CalendarRecord> OneCalendar(const postgres::Statement& statement, postgres::Tx& tx,
                                           const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(statement, id));
  if (rows.empty()) return NotFound("calendar", id);
  return ReadCalendar(rows[0]);
}

}  // namespace

const char kSlaColumns[] = "body, version, create_time, update_time";

absl::StatusOr<PolicyRecord> ReadPolicy(const postgres::Row& row) {
  PolicyRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.body, PolicyFromJson(row.Text(0)));
  ReadTimes(row, record);
  return record;
}

absl::StatusOr<CalendarRecord> ReadCalendar(const postgres::Row& row) {
  CalendarRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.body, CalendarFromJson(row.Text(0)));
  ReadTimes(row, record);
  return record;
}

absl::StatusOr<bool> InsertPolicy(postgres::Tx& tx, const PolicyRecord& record) {
  const SlaPolicy& policy = record.body;
  ESNAF_RETURN_IF_ERROR(CheckCalendarOf(tx, policy));
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertPolicy, policy.id, policy.position, CalendarIdOf(policy),
                                    PolicyToJson(policy), record.version, record.create_time, record.update_time));
  return !rows.empty();
}

absl::StatusOr<bool> InsertCalendar(postgres::Tx& tx, const CalendarRecord& record) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                         tx.Execute(kInsertCalendar, record.body.id, CalendarToJson(record.body), record.version,
                                    record.create_time, record.update_time));
  return !rows.empty();
}

absl::Status UpdatePolicy(postgres::Tx& tx, const PolicyRecord& record) {
  const SlaPolicy& policy = record.body;
  ESNAF_RETURN_IF_ERROR(CheckCalendarOf(tx, policy));
  return tx
      .Execute(kUpdatePolicy, policy.id, policy.position, CalendarIdOf(policy), PolicyToJson(policy), record.version,
               record.update_time)
      .status();
}

absl::Status UpdateCalendar(postgres::Tx& tx, const CalendarRecord& record) {
  return tx.Execute(kUpdateCalendar, record.body.id, CalendarToJson(record.body), record.version, record.update_time)
      .status();
}

absl::Status DeletePolicy(postgres::Tx& tx, const std::string& id) { return tx.Execute(kDeletePolicy, id).status(); }

absl::Status DeleteCalendar(postgres::Tx& tx, const std::string& id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result users, tx.Execute(kPolicyOfCalendar, id));
  if (!users.empty()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CALENDAR_IN_USE", "a policy counts by the calendar",
                     {{"id", id}, {"used_by", users[0].Get<std::string>(0)}});
  }
  return tx.Execute(kDeleteCalendar, id).status();
}

absl::StatusOr<PolicyRecord> GetPolicy(postgres::Tx& tx, const std::string& id) {
  return OnePolicy(kGetPolicy, tx, id);
}
absl::StatusOr<PolicyRecord> LockPolicy(postgres::Tx& tx, const std::string& id) {
  return OnePolicy(kLockPolicy, tx, id);
}
absl::StatusOr<CalendarRecord> GetCalendar(postgres::Tx& tx, const std::string& id) {
  return OneCalendar(kGetCalendar, tx, id);
}
absl::StatusOr<CalendarRecord> LockCalendar(postgres::Tx& tx, const std::string& id) {
  return OneCalendar(kLockCalendar, tx, id);
}

const BusinessHours& SlaBook::HoursOf(const SlaPolicy& policy) const {
  static const BusinessHours kAlways = BusinessHours::AlwaysOpen();
  const auto found = hours.find(policy.calendar_id);
  ESNAF_CHECK(policy.calendar_id.empty() || found != hours.end());
  return policy.calendar_id.empty() ? kAlways : found->second;
}

const SlaPolicy* SlaBook::Find(const std::string& policy_id) const {
  const auto found =
      std::find_if(policies.begin(), policies.end(), [&](const SlaPolicy& policy) { return policy.id == policy_id; });
  return found == policies.end() ? nullptr : &*found;
}

absl::StatusOr<SlaBook> SlaBook::With(SlaPolicy policy) const {
  if (!policy.calendar_id.empty() && !hours.contains(policy.calendar_id)) {
    return InvalidField("policy.calendar_id", "is no calendar");
  }
  SlaBook book = *this;
  std::erase_if(book.policies, [&](const SlaPolicy& known) { return known.id == policy.id; });
  const auto behind = std::find_if(book.policies.begin(), book.policies.end(), [&](const SlaPolicy& known) {
    return std::tie(policy.position, policy.id) < std::tie(known.position, known.id);
  });
  book.policies.insert(behind, std::move(policy));
  return book;
}

absl::StatusOr<std::shared_ptr<const SlaBook>> ReadBook(postgres::Tx& tx, std::shared_ptr<const SlaBook> known) {
  if (known) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result revision, tx.Execute(kRevision));
    if (revision[0].Get<std::int64_t>(0) == known->revision) return known;
  }
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kReadBook));
  auto book = std::make_shared<SlaBook>();
  book->revision = rows[0].Get<std::int64_t>(0);
  for (int i = 0; i < rows.size(); ++i) {
    const postgres::Row row = rows[i];
    if (row.IsNull(1)) continue;
    if (row.Get<bool>(1)) {
      ESNAF_ASSIGN_OR_RETURN(SlaPolicy policy, PolicyFromJson(row.Text(2)));
      book->policies.push_back(std::move(policy));
    } else {
      ESNAF_ASSIGN_OR_RETURN(const BusinessCalendar calendar, CalendarFromJson(row.Text(2)));
      ESNAF_ASSIGN_OR_RETURN(BusinessHours hours, BusinessHours::Make(calendar));
      book->hours.emplace(calendar.id, std::move(hours));
    }
  }
  return book;
}

}  // namespace esnaf::support

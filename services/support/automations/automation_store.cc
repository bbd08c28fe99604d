#include "services/support/automations/automation_store.h"

#include "esnaf/support/v1/macros.pb.h"
#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "services/support/automations/automation_wire.h"
#include "services/support/tickets/desk_record.h"
#include "services/support/tickets/ticket_list.h"
#include "services/support/tickets/ticket_store.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

constexpr int kPruneAtOnce = 1000;

const postgres::Statement kTakeCursor("support", "take_automation_cursor", R"sql(
SELECT c.xact, c.seq, c.epoch NOT IN ('', i.epoch)
  FROM automation_cursor c CROSS JOIN schema_identity i FOR UPDATE OF c SKIP LOCKED
)sql");
const postgres::Statement kReadCursor("support", "read_automation_cursor", "SELECT xact, seq FROM automation_cursor");
// The place is told among the feed's consumers too: what was not handled is not pruned, and the lag is measured.
#define ESNAF_TELL_FEED                                                                                     \
  " INSERT INTO feed_consumer (consumer, epoch, xact, seq) "                                                \
  "SELECT 'automations', epoch, xact, seq FROM moved "                                                      \
  "ON CONFLICT (consumer) DO UPDATE SET epoch = EXCLUDED.epoch, xact = EXCLUDED.xact, seq = EXCLUDED.seq, " \
  "update_time = now()"
const postgres::Statement kMoveCursor("support", "move_automation_cursor", R"sql(
WITH moved AS (
  UPDATE automation_cursor c SET xact = $1, seq = $2, epoch = i.epoch FROM schema_identity i
  RETURNING c.epoch, c.xact, c.seq)
)sql" ESNAF_TELL_FEED);
// Only where something has happened, so that an idle desk writes nothing.
const postgres::Statement kSkipToNow("support", "skip_automation_events", R"sql(
WITH moved AS (
  UPDATE automation_cursor c SET xact = pg_snapshot_xmin(pg_current_snapshot())::text, seq = 0, epoch = i.epoch
    FROM schema_identity i
   WHERE c.epoch <> i.epoch
      OR EXISTS (SELECT FROM outbox o
                  WHERE (o.xact, o.seq) > (c.xact::xid8, c.seq) AND o.xact < pg_snapshot_xmin(pg_current_snapshot()))
  RETURNING c.epoch, c.xact, c.seq)
)sql" ESNAF_TELL_FEED);
const postgres::Statement kReadAfter("support", "read_events_for_automations", R"sql(
SELECT xact::text, seq, event_id, type, payload, happen_time, trace_parent
  FROM outbox
 WHERE (xact, seq) > ($1::text::xid8, $2::bigint) AND xact < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY xact, seq LIMIT $3::int
)sql");
const postgres::Statement kReadSince("support", "read_past_events_for_automations", R"sql(
SELECT xact::text, seq, event_id, type, payload, happen_time, trace_parent
  FROM outbox
 WHERE (xact, seq) > ($1::text::xid8, $2::bigint) AND xact < pg_snapshot_xmin(pg_current_snapshot())
   AND happen_time >= $4 AND aggregate_type IN ('ticket', 'ticket_deadline', 'survey_invitation')
 ORDER BY xact, seq LIMIT $3::int
)sql");

const postgres::Statement kTrailTimes("support", "ticket_trail_times", R"sql(
SELECT max(e.happen_time) FILTER (WHERE e.sequence = 1 OR (e.kind <> 'priority' AND e.details ? 'from')),
       max(e.happen_time) FILTER (WHERE e.actor NOT LIKE 'automation:%')
  FROM ticket_event e WHERE e.ticket_id = $1
)sql");
const postgres::Statement kFindStanding("support", "find_standing", R"sql(
SELECT clv_minor, currency_code, churn_probability FROM customer_standing WHERE contact_id = $1
)sql");

const postgres::Statement kInsertRun("support", "insert_automation_run", R"sql(
INSERT INTO automation_run (id, automation_id, automation_version, ticket_id, event_id, outcome, body, run_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)sql");
const postgres::Statement kCountActed("support", "count_automation_runs", R"sql(
SELECT count(*) FROM automation_run WHERE ticket_id = $1 AND run_time > $2 AND outcome = 1
)sql");
const postgres::Statement kPruneRuns("support", "prune_automation_runs", R"sql(
DELETE FROM automation_run
 WHERE id IN (SELECT id FROM automation_run WHERE run_time < $1 ORDER BY run_time, id LIMIT $2::int)
)sql");

const postgres::Statement kMark("support", "mark_automation_timer", R"sql(
INSERT INTO automation_timer_mark (automation_id, ticket_id, clock_start_time) VALUES ($1, $2, $3)
    ON CONFLICT (automation_id, ticket_id) DO UPDATE SET clock_start_time = EXCLUDED.clock_start_time
 WHERE automation_timer_mark.clock_start_time < EXCLUDED.clock_start_time
RETURNING 1
)sql");
const postgres::Statement kLockTimed("support", "lock_timed_tickets", R"sql(
SELECT t.id FROM ticket t WHERE t.id = ANY ($1::uuid[]) AND t.state <= 6 ORDER BY t.id FOR UPDATE OF t SKIP LOCKED
)sql");
const postgres::Statement kForgetMarks("support", "forget_automation_timer_marks",
                                       "DELETE FROM automation_timer_mark WHERE automation_id = $1");
// Of those that are closed or merged; spam may turn out to be none.
const postgres::Statement kForgetDone("support", "forget_automation_timer_marks_of_done", R"sql(
DELETE FROM automation_timer_mark
 WHERE (automation_id, ticket_id) IN (
   SELECT m.automation_id, m.ticket_id FROM automation_timer_mark m JOIN ticket t ON t.id = m.ticket_id
    WHERE t.state IN (7, 8) LIMIT $1::int)
)sql");

// When an event was recorded: its id is a UUIDv7, which begins with the milliseconds since 1970.
Time RecordTimeOf(const Uuid& id) {
  std::string digits = id.ToString().substr(0, 13);
  std::erase(digits, '-');
  return Time(std::chrono::milliseconds(std::stoll(digits, nullptr, 16)));
}

OutboxEvent ReadEvent(const postgres::Row& row) {
  return {.place = {row.Get<std::string>(0), row.Get<std::int64_t>(1)},
          .id = row.Get<Uuid>(2),
          .type = row.Get<std::string>(3),
          .payload = row.Get<postgres::Bytes>(4).data,
          .happen_time = row.Get<Time>(5),
          .record_time = RecordTimeOf(row.Get<Uuid>(2)),
          .trace_parent = row.Get<std::string>(6)};
}
std::vector<OutboxEvent> ReadEvents(const postgres::Result& rows) {
  std::vector<OutboxEvent> events;
  for (int i = 0; i < rows.size(); ++i) events.push_back(ReadEvent(rows[i]));
  return events;
}

// Since when the clock counts for `ticket t`.
std::string ClockSql(AutomationClock clock) {
  const std::string of_trail = "(SELECT max(e.happen_time) FROM ticket_event e WHERE e.ticket_id = t.id AND ";
  switch (clock) {
    case AutomationClock::kCreated:
      return "t.create_time";
    case AutomationClock::kUpdated:
      return of_trail + "e.actor NOT LIKE 'automation:%')";
    case AutomationClock::kCustomerMessage:
      return "t.last_customer_time";
    case AutomationClock::kAgentMessage:
      return "t.last_agent_time";
    case AutomationClock::kState:
      return of_trail + "(e.sequence = 1 OR (e.kind <> 'priority' AND e.details ? 'from')))";
  }
  return "NULL";
}

// What the conditions that name nothing but fields of the list ask for, with their parameters; begins with AND.
std::string ListedConditions(const Automation& automation, std::vector<postgres::Param>& params) {
  std::string sql;
  const auto write = [&params](const Condition& condition) -> std::string {
    absl::StatusOr<api::SqlCondition> written =
        api::FilterToSql(condition.text(), TicketFields(), static_cast<int>(params.size()) + 1);
    if (!written.ok()) return "";
    std::move(written->params.begin(), written->params.end(), std::back_inserter(params));
    return "(" + written->sql + ")";
  };
  for (const Condition& condition : automation.all) {
    const std::string written = write(condition);
    if (!written.empty()) absl::StrAppend(&sql, " AND ", written, ImpliedCondition(condition.text()));
  }
  return sql;
}

}  // namespace

absl::Status LookUpMacro(postgres::Tx& tx, Automation& automation) {
  if (automation.macro_id.empty()) return absl::OkStatus();
  const absl::StatusOr<DeskRecord> record = GetDeskRecord(tx, "macro", automation.macro_id);
  if (absl::IsNotFound(record.status())) {
    automation.lacks_macro = true;
    return absl::OkStatus();
  }
  ESNAF_RETURN_IF_ERROR(record.status());
  ESNAF_ASSIGN_OR_RETURN(const v1::Macro macro, api::FromStoredJson<v1::Macro>(record->body));
  FieldViolations ignored;
  std::vector<TicketAction> actions = ActionsFromProto(macro.actions(), "macro.actions", ignored);
  automation.actions.insert(automation.actions.begin(), actions.begin(), actions.end());
  if (macro.text().empty()) return absl::OkStatus();
  AutomationSaying saying{.text = {}, .kind = MessageKind::kReply, .mentions = {}};
  ESNAF_ASSIGN_OR_RETURN(saying.text, ParseMacroText(macro.text()));
  if (macro.message_kind() != v1::TICKET_MESSAGE_KIND_UNSPECIFIED) {
    saying.kind = static_cast<MessageKind>(macro.message_kind());
  }
  automation.sayings.insert(automation.sayings.begin(), std::move(saying));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Automation>> ReadAutomations(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<DeskRecord> records, ListDeskRecords(tx, kAutomationKind, ""));
  std::vector<Automation> automations;
  for (const DeskRecord& record : records) {
    ESNAF_ASSIGN_OR_RETURN(const v1::Automation message, api::FromStoredJson<v1::Automation>(record.body));
    if (message.disabled()) continue;
    // One that a newer version of the service has written in a way that this one cannot read does nothing here.
    FieldViolations violations;
    Automation automation = AutomationFromProto(message, kAutomationKind, violations);
    if (!violations.empty()) continue;
    automation.version = record.version;
    automation.create_time = record.create_time;
    ESNAF_RETURN_IF_ERROR(LookUpMacro(tx, automation));
    automations.push_back(std::move(automation));
  }
  return automations;
}

absl::StatusOr<std::optional<OutboxPlace>> TakeCursor(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTakeCursor));
  if (rows.empty()) return std::nullopt;
  if (rows[0].Get<bool>(2)) {
    LogWarning("the data is a copy: automations pass over what happened before they found themselves in it");
    ESNAF_RETURN_IF_ERROR(SkipToNow(tx));
    return ReadCursor(tx);
  }
  return OutboxPlace{rows[0].Get<std::string>(0), rows[0].Get<std::int64_t>(1)};
}
absl::StatusOr<OutboxPlace> ReadCursor(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kReadCursor));
  return OutboxPlace{rows[0].Get<std::string>(0), rows[0].Get<std::int64_t>(1)};
}
absl::Status MoveCursor(postgres::Tx& tx, const OutboxPlace& place) {
  return tx.Execute(kMoveCursor, place.xact, place.seq).status();
}
absl::Status SkipToNow(postgres::Tx& tx) { return tx.Execute(kSkipToNow).status(); }

absl::StatusOr<std::vector<OutboxEvent>> ReadEventsAfter(postgres::Tx& tx, const OutboxPlace& place, int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kReadAfter, place.xact, place.seq, limit));
  return ReadEvents(rows);
}
absl::StatusOr<std::vector<OutboxEvent>> ReadTicketEventsSince(postgres::Tx& tx, Time since, const OutboxPlace& place,
                                                               int limit) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kReadSince, place.xact, place.seq, limit, since));
  return ReadEvents(rows);
}

absl::StatusOr<TrailTimes> ReadTrailTimes(postgres::Tx& tx, const Uuid& ticket_id) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kTrailTimes, ticket_id));
  return TrailTimes{rows[0].Get<std::optional<Time>>(0), rows[0].Get<std::optional<Time>>(1)};
}

absl::StatusOr<std::optional<Standing>> FindStanding(postgres::Tx& tx, const std::optional<Uuid>& contact_id) {
  if (!contact_id) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindStanding, *contact_id));
  if (rows.empty()) return std::nullopt;
  const absl::StatusOr<Currency> currency = Currency::Parse(rows[0].Text(1));
  return Standing{rows[0].Get<std::int64_t>(0), currency.value_or(Currency()), rows[0].Get<std::optional<double>>(2)};
}

absl::Status InsertRun(postgres::Tx& tx, const Uuid& ticket_id, const std::optional<Uuid>& event_id,
                       std::int64_t version, Time now, v1::AutomationRun& run) {
  const Uuid id = Uuid::NewV7(now);
  run.set_id(id.ToString());
  return tx
      .Execute(kInsertRun, id, run.automation_id(), version, ticket_id, event_id, static_cast<int>(run.outcome()),
               api::ToStoredJson(run), now)
      .status();
}

absl::StatusOr<int> CountActed(postgres::Tx& tx, const Uuid& ticket_id, Time since) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kCountActed, ticket_id, since));
  return rows[0].Get<int>(0);
}

absl::StatusOr<bool> PruneRuns(postgres::Tx& tx, Time before) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result gone, tx.Execute(kPruneRuns, before, kPruneAtOnce));
  return gone.affected_rows() == kPruneAtOnce;
}

const char kRunColumns[] = "r.body, r.run_time";

absl::StatusOr<v1::AutomationRun> ReadRun(const postgres::Row& row) {
  return api::FromStoredJson<v1::AutomationRun>(row.Text(0));
}

const api::FieldTable& RunFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{.fields = {{.name = "automation_id", .sql = "r.automation_id"},
                                                  {.name = "ticket_id", .sql = "r.ticket_id", .type = Type::kUuid},
                                                  {.name = "outcome",
                                                   .sql = "r.outcome",
                                                   .type = Type::kEnum,
                                                   .enum_values = {{"FIRED", "1"}, {"FAILED", "2"}, {"STOPPED", "3"}}},
                                                  {.name = "run_time", .sql = "r.run_time", .type = Type::kTime}},
                                       .id_sql = "r.id"};
  return kFields;
}

absl::StatusOr<std::vector<TimedTicket>> FindTimed(postgres::Tx& tx, const Automation& automation, Time by,
                                                   const TimedTicket& after, int limit) {
  std::vector<postgres::Param> params{automation.id, by, after.clock_start, after.id, limit};
  const std::string conditions = ListedConditions(automation, params);
  // What began by then was created by then, which spares the trails of newer tickets.
  const std::string sql = absl::StrCat(
      "SELECT c.clock_start, t.id, t.contact_id FROM ticket t CROSS JOIN LATERAL (SELECT ",
      ClockSql(automation.timer->clock),
      " AS clock_start) c LEFT JOIN automation_timer_mark m ON m.automation_id = $1 AND m.ticket_id = t.id",
      " WHERE t.state <= 6 AND t.create_time <= $2::timestamptz", conditions, " AND c.clock_start <= $2::timestamptz",
      " AND (m.clock_start_time IS NULL OR m.clock_start_time < c.clock_start)",
      " AND (c.clock_start, t.id) > ($3::timestamptz, $4::uuid) ORDER BY c.clock_start, t.id LIMIT $5::int");
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql, params));
  std::vector<TimedTicket> timed;
  timed.reserve(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    timed.push_back({rows[i].Get<Time>(0), rows[i].Get<Uuid>(1), rows[i].Get<std::optional<Uuid>>(2)});
  }
  return timed;
}

absl::StatusOr<std::vector<Ticket>> LockTimed(postgres::Tx& tx, const std::vector<Uuid>& ids) {
  if (ids.empty()) return std::vector<Ticket>();
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockTimed, ids));
  std::vector<Uuid> locked;
  for (int i = 0; i < rows.size(); ++i) locked.push_back(rows[i].Get<Uuid>(0));
  // Read by a statement of its own, which sees what those had committed that held them until now.
  ESNAF_ASSIGN_OR_RETURN(auto found, FindTickets(tx, locked));
  std::vector<Ticket> tickets;
  for (auto& [id, ticket] : found) tickets.push_back(std::move(ticket));
  return tickets;
}

absl::StatusOr<bool> MarkTimed(postgres::Tx& tx, const std::string& automation_id, const Uuid& ticket_id,
                               Time clock_start) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kMark, automation_id, ticket_id, clock_start));
  return !rows.empty();
}
absl::Status ForgetMarks(postgres::Tx& tx, const std::string& automation_id) {
  return tx.Execute(kForgetMarks, automation_id).status();
}
absl::StatusOr<bool> ForgetMarksOfDone(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result gone, tx.Execute(kForgetDone, kPruneAtOnce));
  return gone.affected_rows() == kPruneAtOnce;
}

}  // namespace esnaf::support

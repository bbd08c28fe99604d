#pragma once

// Automations as they act, how far they have looked, and what they did, as it is stored.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/automations.pb.h"
#include "libs/api/fields.h"
#include "libs/postgres/connection.h"
#include "services/support/automations/automation.h"

namespace esnaf::support {

inline constexpr char kAutomationKind[] = "automation";

// Puts in what it says and does by its macro.
absl::Status LookUpMacro(postgres::Tx& tx, Automation& automation);
// Those that are not disabled, in the order in which they act, with their macros.
absl::StatusOr<std::vector<Automation>> ReadAutomations(postgres::Tx& tx);

// A place in the outbox; events behind it come in the order of (xact, seq).
struct OutboxPlace {
  std::string xact = "0";
  std::int64_t seq = 0;
};
struct OutboxEvent {
  OutboxPlace place;
  Uuid id;
  std::string type;
  std::string payload;
  Time happen_time;
  Time record_time;  // by the clock of who recorded it, in milliseconds
  std::string trace_parent;
};
// How far the events were looked at; locked, none where another transaction has it. In a copy of the data, whose places
// mean something else, all that has happened is passed over, which the log tells.
absl::StatusOr<std::optional<OutboxPlace>> TakeCursor(postgres::Tx& tx);
absl::StatusOr<OutboxPlace> ReadCursor(postgres::Tx& tx);
absl::Status MoveCursor(postgres::Tx& tx, const OutboxPlace& place);
// Passes over all that has happened so far.
absl::Status SkipToNow(postgres::Tx& tx);
// Events behind a place, none of which a transaction that still runs can come before.
absl::StatusOr<std::vector<OutboxEvent>> ReadEventsAfter(postgres::Tx& tx, const OutboxPlace& place, int limit);
// The same, of those recorded since, that are about tickets.
absl::StatusOr<std::vector<OutboxEvent>> ReadTicketEventsSince(postgres::Tx& tx, Time since, const OutboxPlace& place,
                                                               int limit);

// What follows from a ticket's trail.
absl::StatusOr<TrailTimes> ReadTrailTimes(postgres::Tx& tx, const Uuid& ticket_id);
absl::StatusOr<std::optional<Standing>> FindStanding(postgres::Tx& tx, const std::optional<Uuid>& contact_id);

// Keeps a run, whose outcome is none of a dry one, and gives it its id.
absl::Status InsertRun(postgres::Tx& tx, const Uuid& ticket_id, const std::optional<Uuid>& event_id,
                       std::int64_t version, Time now, v1::AutomationRun& run);
// How often automations acted on the ticket since.
absl::StatusOr<int> CountActed(postgres::Tx& tx, const Uuid& ticket_id, Time since);
// Forgets runs of before. True where more may be left.
absl::StatusOr<bool> PruneRuns(postgres::Tx& tx, Time before);
// What lists select of `automation_run r JOIN ticket t`, and how a row is read.
extern const char kRunColumns[];
inline constexpr int kRunColumnCount = 2;
absl::StatusOr<v1::AutomationRun> ReadRun(const postgres::Row& row);
const api::FieldTable& RunFields();

// A ticket, and since when a timer's clock counted for it.
struct TimedTicket {
  Time clock_start;
  Uuid id;
  std::optional<Uuid> contact_id;
};
// Tickets whose clock began by `by`, on which the automation has not acted for that beginning, and which its
// conditions admit as far as a list of tickets can tell; behind a place, in the order of the clocks' beginnings.
absl::StatusOr<std::vector<TimedTicket>> FindTimed(postgres::Tx& tx, const Automation& automation, Time by,
                                                   const TimedTicket& after, int limit);
// Those of the tickets that timers may act on, as they are now, locked; without those that another transaction holds.
absl::StatusOr<std::vector<Ticket>> LockTimed(postgres::Tx& tx, const std::vector<Uuid>& ids);
// That it acts, or is kept from it, for this beginning of its clock. False where that was marked already.
absl::StatusOr<bool> MarkTimed(postgres::Tx& tx, const std::string& automation_id, const Uuid& ticket_id,
                               Time clock_start);
absl::Status ForgetMarks(postgres::Tx& tx, const std::string& automation_id);
// Forgets marks of tickets that are done for good. True where more may be left.
absl::StatusOr<bool> ForgetMarksOfDone(postgres::Tx& tx);

}  // namespace esnaf::support

#pragma once

// A ticket, what was said in it, and what happened with it.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/support/sla/sla_clock.h"
#include "services/support/tickets/ticket_state.h"

namespace esnaf::support {

// What came of a ticket's promises at the last reckoning.
struct TicketSla {
  std::string policy_id;      // empty: none matches
  std::int64_t revision = 0;  // of the policies and calendars
  std::vector<ClockStatus> clocks;
  std::optional<Time> next_due_time;
  bool breached = false;       // ever
  std::set<std::string> told;  // see ToldKey
  std::optional<Time> timer_time;
};

// The name of a firm's own that a state has; without an id it has none.
struct NamedState {
  std::string id;
  std::string turkish;
  std::string english;
};

struct Ticket {
  Uuid id;
  std::int64_t number = 0;
  std::string external_id;
  std::string store_id;
  std::string subject;
  std::optional<Uuid> contact_id;
  int channel = 0;  // of esnaf.contacts.v1.Channel
  TicketState state = TicketState::kNew;
  std::optional<Time> hold_until;
  TicketPriority priority = TicketPriority::kNormal;
  std::string type;
  std::string team;
  std::string assignee;
  std::vector<std::string> tags;
  std::map<std::string, std::string> custom_fields;
  std::vector<std::string> followers;
  std::optional<Uuid> order_id;
  std::string order_line_id;
  std::string seller_id;
  std::string product_id;
  std::optional<Uuid> parent_id;
  std::optional<Uuid> follow_up_of_id;
  std::optional<Uuid> merged_into_id;
  std::vector<Uuid> linked_ids;
  int message_count = 0;
  int reopen_count = 0;
  std::optional<Time> last_customer_time;
  std::optional<Time> last_agent_time;
  std::optional<Time> solve_time;
  std::int64_t version = 0;  // counts its events
  Time create_time;
  Time update_time;
  std::optional<Time> wake_time;  // when the state changes by itself
  NamedState named_state;         // as long as the state stays
  TicketSla sla;
};

struct TicketMessage {
  Uuid id;
  Uuid ticket_id;
  MessageKind kind = MessageKind::kReply;
  AuthorKind author = AuthorKind::kAgent;
  std::string actor;
  std::string text;
  int channel = 0;
  std::string external_id;
  std::vector<std::string> mentions;
  std::optional<Uuid> copied_from_id;
  Time create_time;
  std::vector<Uuid> attachment_ids;  // in the order in which they were taken in
};

struct TicketEvent {
  std::int64_t sequence = 0;
  std::string kind;  // `created`, `message`, `state`, ...
  Time time;
  AuthorKind author = AuthorKind::kAgent;
  std::string actor;
  std::optional<MessageKind> message_kind;
  TicketState state = TicketState::kNew;
  TicketPriority priority = TicketPriority::kNormal;
  std::map<std::string, std::string> details;
};

// The id of a ticket that its source names; the same for the same names.
Uuid TicketIdOf(const std::string& store_id, const std::string& external_id);

// Adds what is wrong, by the names of the contract below `field`.
void CheckTicket(const Ticket& ticket, const std::string& field, FieldViolations& violations);
void CheckMessage(const TicketMessage& message, const std::string& field, FieldViolations& violations);

// Who does something.
struct Actor {
  AuthorKind kind = AuthorKind::kAgent;
  std::string name;
};
// An event of the ticket as it stands, without its number and time.
TicketEvent PlainEvent(const Ticket& ticket, const Actor& actor, std::string kind,
                       std::map<std::string, std::string> details = {});
// That another assignee or team works on it.
TicketEvent AssignedEvent(const Ticket& before, const Ticket& after, const Actor& actor);

// Puts the ticket in the state that the verb leads to, and keeps the times and counts that follow from it; answers the
// event, without its number and time. FAILED_PRECONDITION as Transition. A hold needs `hold_until`, which the caller
// has checked.
absl::StatusOr<TicketEvent> ApplyVerb(Ticket& ticket, TicketVerb verb, const Actor& actor, Time now,
                                      std::optional<Time> hold_until = {});
// Counts a message and does what it leads to; a note and what the service says by itself lead to nothing. Answers the
// event as ApplyVerb.
absl::StatusOr<TicketEvent> ApplyMessage(Ticket& ticket, const TicketMessage& message);

// Whether the requester spoke last.
bool AwaitsAnswer(const Ticket& ticket);
// Carries the question of a ticket that is merged into this one, which it then has to answer itself; as if the
// requester had asked it here. FAILED_PRECONDITION as Transition.
absl::StatusOr<TicketEvent> TakeQuestion(Ticket& into, const Ticket& from, const Actor& actor, Time now);
// Those who are named in a note of the firm follow the ticket from then on, as long as there is room.
void FollowMentions(Ticket& ticket, const TicketMessage& message);

// A new ticket for what the requester writes of a closed one: of the same person, links and team.
Ticket FollowUpOf(const Ticket& ticket, Time now);
// A new ticket of the same requester and links for some of the ticket's messages, which become its copies.
absl::StatusOr<Ticket> SplitOff(const Ticket& ticket, const std::string& subject, Time now,
                                std::vector<TicketMessage>& messages);

// How long a solved ticket can be opened again before it closes by itself.
inline constexpr std::chrono::days kReopenWindow{14};

// What a search looks at besides the messages: subject, tags and external id, folded.
std::string SearchTextOf(const Ticket& ticket);

}  // namespace esnaf::support

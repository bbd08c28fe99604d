#pragma once

// Where what somebody writes from outside goes: over merges, over follow-ups of closed tickets, and to its own time in
// the conversation.
#include "absl/status/statusor.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// The ticket, locked, in which what a requester writes to this one goes on: over merges, and over follow-ups of closed
// ones. NOT_FOUND where there is no such ticket.
absl::StatusOr<Ticket> LockWhereItGoesOn(postgres::Tx& tx, Uuid id);

// `origin` (id): the ticket $1, those that were merged into it, that it follows, or that it was split off, over any
// number of steps.
inline constexpr char kOriginTickets[] = R"sql(
WITH RECURSIVE origin (id) AS (
  SELECT $1::uuid
  UNION
  SELECT x.id FROM origin o JOIN LATERAL (
    SELECT t.id FROM ticket t WHERE t.merged_into_id = o.id
    UNION ALL
    SELECT t.follow_up_of_id FROM ticket t WHERE t.id = o.id AND t.follow_up_of_id IS NOT NULL
    UNION ALL
    SELECT c.ticket_id FROM ticket_message s JOIN ticket_message c ON c.id = s.copied_from_id WHERE s.ticket_id = o.id
  ) AS x ON true)
)sql";

// Adds a message to a locked ticket as of its own time, where nothing has happened since; the trail never goes back.
// What was said after it stays said after it. FAILED_PRECONDITION as Transition.
absl::Status SayInTicket(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, Ticket& ticket,
                         const TicketMessage& message);

// Creates a ticket with its first message, as of the message's time. ABORTED where there is one with its id.
absl::Status OpenTicket(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, Ticket& ticket,
                        const TicketMessage& message);

// The same for what is written of a closed ticket, which tells by which it is followed.
absl::Status OpenFollowUp(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, Ticket& closed, Ticket& made,
                          const TicketMessage& message);

}  // namespace esnaf::support

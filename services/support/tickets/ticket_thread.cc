#include "services/support/tickets/ticket_thread.h"

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/tickets/ticket_links.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

Cause AsOf(const Cause& cause, Time time) {
  Cause as_of = cause;
  as_of.now = std::min(cause.now, time);
  return as_of;
}

}  // namespace

absl::StatusOr<Ticket> LockWhereItGoesOn(postgres::Tx& tx, Uuid id) {
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {id}));
    if (locked.empty()) return NotFound("ticket", id.ToString());
    Ticket& ticket = locked.begin()->second;
    std::optional<Uuid> next = ticket.merged_into_id;
    if (ticket.state == TicketState::kClosed) {
      ESNAF_ASSIGN_OR_RETURN(next, FindFollowUp(tx, id));
    }
    if (!next) return std::move(ticket);
    id = *next;
  }
}

absl::Status SayInTicket(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, Ticket& ticket,
                         const TicketMessage& message) {
  const std::optional<Time> customer = ticket.last_customer_time, agent = ticket.last_agent_time;
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent event, ApplyMessage(ticket, message));
  ticket.last_customer_time = std::max(ticket.last_customer_time, customer);
  ticket.last_agent_time = std::max(ticket.last_agent_time, agent);
  return writer.Record(tx, AsOf(cause, message.create_time), ticket, event, &message);
}

absl::Status OpenTicket(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, Ticket& ticket,
                        const TicketMessage& message) {
  ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyMessage(ticket, message));
  event.kind = "created";
  event.details.erase("from");
  ESNAF_ASSIGN_OR_RETURN(const bool created,
                         writer.Create(tx, AsOf(cause, message.create_time), ticket, event, {message}));
  return created ? absl::OkStatus() : absl::AbortedError("the ticket is just being created");
}

absl::Status OpenFollowUp(postgres::Tx& tx, TicketWriter& writer, const Cause& cause, Ticket& closed, Ticket& made,
                          const TicketMessage& message) {
  ESNAF_RETURN_IF_ERROR(OpenTicket(tx, writer, cause, made, message));
  const TicketEvent followed = PlainEvent(closed, cause.actor, "followed_up", {{"ticket_id", made.id.ToString()}});
  return writer.Record(tx, cause, closed, followed);
}

}  // namespace esnaf::support

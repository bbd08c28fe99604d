#pragma once

// Tickets between messages and domain.
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "services/support/tickets/ticket.h"
#include "services/support/tickets/ticket_action.h"

namespace esnaf::support {

// What a caller may give of a ticket, with its priority, team and assignee; adds what is wrong, its rules included.
Ticket TicketFromProto(const v1::Ticket& message, FieldViolations& violations);
v1::Ticket TicketToProto(const Ticket& ticket);

// `kind` and `author` count where the message gives none.
TicketMessage MessageFromProto(const v1::TicketMessage& message, MessageKind kind, AuthorKind author,
                               FieldViolations& violations);
v1::TicketMessage MessageToProto(const TicketMessage& message);

// Adds what is wrong, by the names of the contract below `field`.
std::vector<TicketAction> ActionsFromProto(const google::protobuf::RepeatedPtrField<v1::TicketAction>& messages,
                                           const std::string& field, FieldViolations& violations);

v1::TicketEvent EventToProto(const TicketEvent& event);
v1::TicketDeadline DeadlineToProto(const ClockStatus& clock);
v1::ExplainedDeadline ExplanationToProto(const ClockStatus& clock, const BusinessHours& hours);

}  // namespace esnaf::support

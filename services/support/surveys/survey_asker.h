#pragma once

// Asks people: plans it when a ticket is solved, decides when the time has come, and tells whoever sends the link.
#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/surveys/survey_store.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// Plans invitations where the event solved the ticket; part of its transaction.
absl::Status PlanSurveys(postgres::Tx& tx, const Ticket& ticket, const TicketEvent& event);

// Asks or skips some of those that are due; a worker's step. True where more may be left.
absl::StatusOr<bool> AskSomeDue(postgres::Tx& tx, Time now);

// Asks at once by a survey, with what `invitation` has been filled in with. FAILED_PRECONDITION with the reason
// `SURVEY_NOT_ASKED` where the survey's rules forbid it.
absl::Status AskByHand(postgres::Tx& tx, const Cause& cause, const Survey& survey, SurveyInvitation& invitation);

// What an invitation about a ticket takes from it.
SurveyInvitation InvitationAbout(const Ticket& ticket, const Survey& survey, Time now);

// Tells of an answer.
absl::Status TellAnswer(postgres::Tx& tx, const Cause& cause, const SurveyInvitation& invitation);

}  // namespace esnaf::support

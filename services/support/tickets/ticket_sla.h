#pragma once

// What follows for a ticket from the promises: its deadlines, and what is to be told of them.
#include <vector>

#include "services/support/sla/sla_store.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

SlaFact FactOf(const TicketEvent& event);
SlaSubject SubjectOf(const Ticket& ticket);

// How the telling of a deadline is remembered: `1:1:breached`.
std::string ToldKey(const ClockStatus& clock, SlaNews news);

struct SlaNotice {
  ClockStatus clock;
  SlaNews news = SlaNews::kWarned;
};

// Reckons the ticket's promises from all of its facts as of a time: the first matching policy, the clocks, the earliest
// deadline, and when the timer is to look next. What was told and breached stays so.
void ReckonSla(const SlaBook& book, const std::vector<SlaFact>& facts, Time as_of, Ticket& ticket);

// What is to be told of a ticket that was reckoned as of `now`, each once: it is remembered as told, and the timer is
// set to what comes next. A deadline that is breached is not warned of any more.
std::vector<SlaNotice> TakeNotices(Ticket& ticket, Time now);

}  // namespace esnaf::support

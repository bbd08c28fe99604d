#include "services/support/tickets/ticket_sla.h"

namespace esnaf::support {
namespace {

void Earlier(std::optional<Time>& earliest, const std::optional<Time>& time) {
  if (time && (!earliest || *time < *earliest)) earliest = time;
}

// When something of the clock is to be told next; none where all is told or nothing comes.
std::optional<Time> NextNews(const ClockStatus& clock, const std::set<std::string>& told) {
  if (told.contains(ToldKey(clock, SlaNews::kBreached))) return std::nullopt;
  if (clock.breach_time) return clock.breach_time;
  if (!clock.IsLive()) return std::nullopt;
  std::optional<Time> next = clock.due_time;
  if (!told.contains(ToldKey(clock, SlaNews::kWarned))) Earlier(next, clock.warn_time);
  return next;
}

void SetTimer(Ticket& ticket) {
  ticket.sla.timer_time.reset();
  for (const ClockStatus& clock : ticket.sla.clocks) Earlier(ticket.sla.timer_time, NextNews(clock, ticket.sla.told));
}

}  // namespace

SlaFact FactOf(const TicketEvent& event) {
  return {event.time, event.author, event.message_kind, event.state, event.priority};
}

SlaSubject SubjectOf(const Ticket& ticket) {
  return {ticket.priority, ticket.channel, ticket.type, ticket.team, ticket.store_id, ticket.tags};
}

std::string ToldKey(const ClockStatus& clock, SlaNews news) {
  return absl::StrCat(static_cast<int>(clock.metric), ":", clock.cycle, ":",
                      news == SlaNews::kWarned ? "warned" : "breached");
}

void ReckonSla(const SlaBook& book, const std::vector<SlaFact>& facts, Time as_of, Ticket& ticket) {
  TicketSla& sla = ticket.sla;
  const SlaPolicy* policy = FirstMatching(book.policies, SubjectOf(ticket));
  sla.revision = book.revision;
  sla.policy_id = policy == nullptr ? "" : policy->id;
  sla.clocks.clear();
  if (policy != nullptr) sla.clocks = ReckonClocks(*policy, book.HoursOf(*policy), facts, as_of);
  sla.next_due_time.reset();
  for (const ClockStatus& clock : sla.clocks) {
    if (clock.IsLive() && clock.running) Earlier(sla.next_due_time, clock.due_time);
    sla.breached = sla.breached || clock.breach_time.has_value();
  }
  SetTimer(ticket);
}

std::vector<SlaNotice> TakeNotices(Ticket& ticket, Time now) {
  std::vector<SlaNotice> notices;
  std::set<std::string>& told = ticket.sla.told;
  for (const ClockStatus& clock : ticket.sla.clocks) {
    if (clock.breach_time) {
      if (told.insert(ToldKey(clock, SlaNews::kBreached)).second) notices.push_back({clock, SlaNews::kBreached});
    } else if (clock.IsLive() && clock.warn_time && *clock.warn_time <= now &&
               !told.contains(ToldKey(clock, SlaNews::kBreached))) {
      if (told.insert(ToldKey(clock, SlaNews::kWarned)).second) notices.push_back({clock, SlaNews::kWarned});
    }
  }
  SetTimer(ticket);
  return notices;
}

}  // namespace esnaf::support

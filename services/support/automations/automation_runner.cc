#include "services/support/automations/automation_runner.h"

#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "services/support/automations/automation_wire.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

constexpr int kEventsAtOnce = 20;
constexpr int kTicketsAtOnce = 100;
constexpr std::chrono::milliseconds kAskContactsFor{1000};

bool SpeaksToContact(const Automation& automation) {
  return std::any_of(automation.sayings.begin(), automation.sayings.end(),
                     [](const AutomationSaying& saying) { return NamesContact(saying.text); });
}

bool Sees(const Automation& automation, const std::set<AutomationEvent>& events) {
  return std::any_of(events.begin(), events.end(),
                     [&](AutomationEvent event) { return automation.events.contains(event); });
}

bool HasEvents(const std::vector<Automation>& automations) {
  return std::any_of(automations.begin(), automations.end(), [](const Automation& one) { return !one.timer; });
}

}  // namespace

AutomationRunner::Requesters AutomationRunner::AskContacts(const std::vector<Uuid>& ids) const {
  Requesters known;
  for (const Uuid& id : ids) {
    if (known.contains(id)) continue;
    contacts::v1::GetContactRequest request;
    request.set_id(id.ToString());
    auto answer = contacts_->Call<contacts::v1::Contact>("/esnaf.contacts.v1.ContactService/GetContact", request,
                                                         {.timeout = kAskContactsFor});
    if (answer.ok()) {
      known.emplace(id, *std::move(answer));
    } else if (!absl::IsNotFound(answer.status())) {
      break;  // nothing is held up by a service that is away
    }
  }
  return known;
}

absl::StatusOr<AutomationRunner::Requesters> AutomationRunner::RequestersOfNext(
    postgres::Connection& connection) const {
  std::vector<Uuid> ids;
  ESNAF_RETURN_IF_ERROR(connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) -> absl::Status {
    ids.clear();
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Automation> automations, ReadAutomations(tx));
    if (std::none_of(automations.begin(), automations.end(), SpeaksToContact)) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(const OutboxPlace place, ReadCursor(tx));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<OutboxEvent> events, ReadEventsAfter(tx, place, kEventsAtOnce));
    for (const OutboxEvent& event : events) {
      const std::optional<AutomationNotice> notice = NoticeOf(event);
      if (!notice || !notice->ticket) continue;
      const bool spoken_to = std::any_of(automations.begin(), automations.end(), [&](const Automation& one) {
        return SpeaksToContact(one) && Sees(one, notice->happening.events);
      });
      const std::optional<Uuid> contact = Uuid::Parse(notice->ticket->contact_id());
      if (spoken_to && contact) ids.push_back(*contact);
    }
    return absl::OkStatus();
  }));
  return AskContacts(ids);
}

absl::StatusOr<AutomationFacts> AutomationRunner::FactsAbout(postgres::Tx& tx, Ticket ticket, const EventFacts& event,
                                                             Time now) const {
  AutomationFacts facts{.ticket = std::move(ticket), .now = now, .event = event, .times = {}, .standing = {}};
  ESNAF_ASSIGN_OR_RETURN(facts.times, ReadTrailTimes(tx, facts.ticket.id));
  ESNAF_ASSIGN_OR_RETURN(facts.standing, FindStanding(tx, facts.ticket.contact_id));
  return facts;
}

absl::StatusOr<bool> AutomationRunner::Fire(postgres::Tx& tx, const Automation& automation, const Judgement& judgement,
                                            const Requesters& requesters, Occasion& occasion, AutomationFacts& facts) {
  const std::vector<std::string>& chain = occasion.happening.chain;
  v1::AutomationRun run = RunToProto(automation, facts.ticket, occasion.happening.events, judgement, facts.now);
  if (occasion.clock_start) *run.mutable_clock_start_time() = api::ToProto(*occasion.clock_start);
  const std::string_view stopped = StopReason(chain, automation.id, occasion.acted);
  if (!stopped.empty()) {
    run.set_outcome(v1::AUTOMATION_OUTCOME_STOPPED);
    run.set_reason(std::string(stopped));
  } else {
    ActCause cause{.trace_parent = occasion.trace_parent,
                   .now = facts.now,
                   .chain = chain,
                   .events = occasion.happening.events,
                   .requester = {}};
    if (facts.ticket.contact_id) {
      const auto known = requesters.find(*facts.ticket.contact_id);
      if (known != requesters.end()) cause.requester = known->second;
    }
    ESNAF_ASSIGN_OR_RETURN(const ActOutcome outcome, acts_.Act(tx, automation, cause, facts.ticket));
    if (!outcome.failure.empty()) {
      run.set_outcome(v1::AUTOMATION_OUTCOME_FAILED);
      run.set_reason(outcome.failure);
    }
    for (const auto& [name, result] : outcome.results) (*run.mutable_results())[name] = result;
  }
  ESNAF_RETURN_IF_ERROR(InsertRun(tx, facts.ticket.id, occasion.event_id, automation.version, facts.now, run));
  if (run.outcome() != v1::AUTOMATION_OUTCOME_FIRED) return false;
  ++occasion.acted;
  ESNAF_ASSIGN_OR_RETURN(facts.times, ReadTrailTimes(tx, facts.ticket.id));
  return true;
}

absl::Status AutomationRunner::Handle(postgres::Tx& tx, const std::vector<Automation>& automations,
                                      const OutboxEvent& event, const Requesters& requesters, Time now) {
  std::optional<AutomationNotice> notice = NoticeOf(event);
  if (!notice) return absl::OkStatus();
  const auto sees = [&](const Automation& automation) { return Sees(automation, notice->happening.events); };
  if (std::none_of(automations.begin(), automations.end(), sees)) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {notice->ticket_id}));
  if (locked.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(AutomationFacts facts,
                         FactsAbout(tx, std::move(locked.begin()->second), notice->happening.facts, now));
  Occasion occasion{.happening = std::move(notice->happening),
                    .event_id = event.id,
                    .clock_start = {},
                    .trace_parent = event.trace_parent,
                    .acted = 0};
  ESNAF_ASSIGN_OR_RETURN(occasion.acted, CountActed(tx, facts.ticket.id, now - std::chrono::hours(1)));
  for (const Automation& automation : automations) {
    if (!Sees(automation, occasion.happening.events)) continue;
    const Judgement judgement = Judge(automation, facts);
    if (!judgement.holds) continue;
    ESNAF_ASSIGN_OR_RETURN(const bool acted, Fire(tx, automation, judgement, requesters, occasion, facts));
    if (acted && automation.last) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> AutomationRunner::HandleSome(postgres::Connection& connection, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const Requesters requesters, RequestersOfNext(connection));
  return connection.Run({}, [&](postgres::Tx& tx) -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Automation> automations, ReadAutomations(tx));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<OutboxPlace> place, TakeCursor(tx));
    if (!place) return false;
    if (!HasEvents(automations)) {
      ESNAF_RETURN_IF_ERROR(SkipToNow(tx));
      return false;
    }
    ESNAF_ASSIGN_OR_RETURN(const std::vector<OutboxEvent> events, ReadEventsAfter(tx, *place, kEventsAtOnce));
    if (events.empty()) return false;
    for (const OutboxEvent& event : events) {
      ESNAF_RETURN_IF_ERROR(Handle(tx, automations, event, requesters, now));
    }
    ESNAF_RETURN_IF_ERROR(MoveCursor(tx, events.back().place));
    return true;
  });
}

std::optional<Automation> AutomationRunner::NextTimed(const std::vector<Automation>& automations) {
  while (!sweep_.ids.empty()) {
    const auto found = std::find_if(automations.begin(), automations.end(), [this](const Automation& one) {
      return one.id == sweep_.ids.front() && one.timer;
    });
    if (found != automations.end()) return *found;
    sweep_.ids.erase(sweep_.ids.begin());
    sweep_.place = {};
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<TimedTicket>> AutomationRunner::HandlePage(postgres::Tx& tx, const Automation& automation,
                                                                      const Requesters& requesters, Time now) {
  const AutomationTimer& timer = *automation.timer;
  ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, writer_.Book(tx));
  const auto hours = book->hours.find(timer.calendar_id);
  const bool day_and_night = timer.calendar_id.empty();
  if (!day_and_night && hours == book->hours.end()) return std::vector<TimedTicket>();
  ESNAF_ASSIGN_OR_RETURN(const std::vector<TimedTicket> page,
                         LockTimed(tx, automation, now - timer.after, sweep_.place, kTicketsAtOnce));
  for (const TimedTicket& timed : page) {
    // Of working time there is never more than of time.
    if (!day_and_night && hours->second.Between(timed.clock_start, now) < timer.after) continue;
    ESNAF_ASSIGN_OR_RETURN(AutomationFacts facts, FactsAbout(tx, timed.ticket, {}, now));
    const Judgement judgement = Judge(automation, facts);
    if (!judgement.holds) continue;
    Occasion occasion{
        .happening = {}, .event_id = {}, .clock_start = timed.clock_start, .trace_parent = "", .acted = 0};
    ESNAF_ASSIGN_OR_RETURN(occasion.acted, CountActed(tx, facts.ticket.id, now - std::chrono::hours(1)));
    ESNAF_RETURN_IF_ERROR(Fire(tx, automation, judgement, requesters, occasion, facts).status());
    ESNAF_RETURN_IF_ERROR(MarkTimed(tx, automation.id, timed));
  }
  return page;
}

absl::StatusOr<bool> AutomationRunner::HandleTimers(postgres::Connection& connection, Time now) {
  std::vector<Automation> automations;
  Requesters requesters;
  if (sweep_.ids.empty() && sweep_.begin_time && now - *sweep_.begin_time < kSweepPeriod) return false;
  ESNAF_ASSIGN_OR_RETURN(automations, connection.Run({.autocommit = true, .read_only = true}, ReadAutomations));
  if (sweep_.ids.empty()) {
    sweep_ = {.begin_time = now, .ids = {}, .place = {}};
    for (const Automation& automation : automations) {
      if (automation.timer) sweep_.ids.push_back(automation.id);
    }
  }
  const std::optional<Automation> automation = NextTimed(automations);
  if (!automation) return false;
  if (SpeaksToContact(*automation)) {
    std::vector<Uuid> ids;
    ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
      ids.clear();
      ESNAF_ASSIGN_OR_RETURN(const std::vector<TimedTicket> page,
                             LockTimed(tx, *automation, now - automation->timer->after, sweep_.place, kTicketsAtOnce));
      for (const TimedTicket& timed : page) {
        if (timed.ticket.contact_id) ids.push_back(*timed.ticket.contact_id);
      }
      return absl::OkStatus();
    }));
    requesters = AskContacts(ids);
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<TimedTicket> page, connection.Run({}, [&](postgres::Tx& tx) {
    return HandlePage(tx, *automation, requesters, now);
  }));
  if (page.size() == static_cast<std::size_t>(kTicketsAtOnce)) {
    sweep_.place = {page.back().clock_start, page.back().ticket.id};
  } else {
    sweep_.ids.erase(sweep_.ids.begin());
    sweep_.place = {};
  }
  return !sweep_.ids.empty();
}

}  // namespace esnaf::support

#include "services/support/automations/automation_runner.h"

#include "libs/api/convert.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "services/support/automations/automation_wire.h"
#include "services/support/surveys/survey_store.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

constexpr int kEventsAtOnce = 20;
constexpr std::size_t kTicketsAtOnce = 100;
// How many tickets a timer looks for at a time.
constexpr int kFoundAtOnce = 10'000;
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
    for (const Concern& concern : ConcernsOf(automations, events)) {
      if (!concern.notice.ticket) continue;
      const bool spoken_to = std::any_of(concern.automations.begin(), concern.automations.end(),
                                         [](const Automation* one) { return SpeaksToContact(*one); });
      const std::optional<Uuid> contact = Uuid::Parse(concern.notice.ticket->contact_id());
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

std::vector<AutomationRunner::Concern> AutomationRunner::ConcernsOf(const std::vector<Automation>& automations,
                                                                    const std::vector<OutboxEvent>& events) {
  std::vector<Concern> concerns;
  for (const OutboxEvent& event : events) {
    std::optional<AutomationNotice> notice = NoticeOf(event);
    if (!notice) continue;
    std::vector<const Automation*> seeing;
    for (const Automation& automation : automations) {
      const bool is_past = event.record_time < std::chrono::floor<std::chrono::milliseconds>(automation.create_time);
      if (!is_past && Sees(automation, notice->happening.events)) seeing.push_back(&automation);
    }
    if (!seeing.empty()) concerns.push_back({&event, *std::move(notice), std::move(seeing)});
  }
  return concerns;
}

absl::Status AutomationRunner::HandleAll(postgres::Tx& tx, std::vector<Concern> concerns, const Requesters& requesters,
                                         Time now) {
  if (concerns.empty()) return absl::OkStatus();
  // Whatever the order of the events, all locks are taken in the order of everybody else: asking, then tickets by id.
  std::vector<Uuid> ids;
  bool asks = false;
  for (const Concern& concern : concerns) {
    ids.push_back(concern.notice.ticket_id);
    for (const Automation* automation : concern.automations) asks = asks || !automation->survey_id.empty();
  }
  if (asks) ESNAF_RETURN_IF_ERROR(WaitForAsking(tx));
  ESNAF_RETURN_IF_ERROR(LockTickets(tx, ids).status());
  for (Concern& concern : concerns) ESNAF_RETURN_IF_ERROR(Handle(tx, std::move(concern), requesters, now));
  return absl::OkStatus();
}

absl::Status AutomationRunner::Handle(postgres::Tx& tx, Concern concern, const Requesters& requesters, Time now) {
  AutomationNotice& notice = concern.notice;
  // As the events before have left it.
  ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {notice.ticket_id}));
  if (locked.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(AutomationFacts facts,
                         FactsAbout(tx, std::move(locked.begin()->second), notice.happening.facts, now));
  Occasion occasion{.happening = std::move(notice.happening),
                    .event_id = concern.event->id,
                    .clock_start = {},
                    .trace_parent = concern.event->trace_parent,
                    .acted = 0};
  ESNAF_ASSIGN_OR_RETURN(occasion.acted, CountActed(tx, facts.ticket.id, now - std::chrono::hours(1)));
  for (const Automation* automation : concern.automations) {
    const Judgement judgement = Judge(*automation, facts);
    if (!judgement.holds) continue;
    ESNAF_ASSIGN_OR_RETURN(const bool acted, Fire(tx, *automation, judgement, requesters, occasion, facts));
    if (acted && automation->last) break;
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
    ESNAF_RETURN_IF_ERROR(HandleAll(tx, ConcernsOf(automations, events), requesters, now));
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
    LeaveTimer();
  }
  return std::nullopt;
}

void AutomationRunner::LeaveTimer() {
  sweep_.ids.erase(sweep_.ids.begin());
  sweep_.found.clear();
  sweep_.next = 0;
}

absl::Status AutomationRunner::HandlePage(postgres::Tx& tx, const Automation& automation,
                                          const std::vector<TimedTicket>& page, const Requesters& requesters,
                                          Time now) {
  const AutomationTimer& timer = *automation.timer;
  ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, writer_.Book(tx));
  const auto hours = book->hours.find(timer.calendar_id);
  const bool day_and_night = timer.calendar_id.empty();
  if (!day_and_night && hours == book->hours.end()) return absl::OkStatus();
  const auto is_due = [&](Time start) {
    return (day_and_night ? now - start : Duration(hours->second.Between(start, now))) >= timer.after;
  };
  std::vector<Uuid> ids;
  for (const TimedTicket& timed : page) {
    if (is_due(timed.clock_start)) ids.push_back(timed.id);
  }
  if (ids.empty()) return absl::OkStatus();
  if (!automation.survey_id.empty()) ESNAF_RETURN_IF_ERROR(WaitForAsking(tx));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Ticket> tickets, LockTimed(tx, ids));
  for (Ticket& ticket : tickets) {
    ESNAF_ASSIGN_OR_RETURN(AutomationFacts facts, FactsAbout(tx, std::move(ticket), {}, now));
    // Its clock may have begun anew since the ticket was found.
    const std::optional<Time> start = ClockStart(timer.clock, facts.ticket, facts.times);
    if (!start || !is_due(*start)) continue;
    const Judgement judgement = Judge(automation, facts);
    if (!judgement.holds) continue;
    // Another process may have acted since.
    ESNAF_ASSIGN_OR_RETURN(const bool marked, MarkTimed(tx, automation.id, facts.ticket.id, *start));
    if (!marked) continue;
    Occasion occasion{.happening = {}, .event_id = {}, .clock_start = start, .trace_parent = "", .acted = 0};
    ESNAF_ASSIGN_OR_RETURN(occasion.acted, CountActed(tx, facts.ticket.id, now - std::chrono::hours(1)));
    ESNAF_RETURN_IF_ERROR(Fire(tx, automation, judgement, requesters, occasion, facts).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> AutomationRunner::HandleTimer(postgres::Connection& connection, const Automation& automation,
                                                   Time now) {
  if (sweep_.next == sweep_.found.size()) {
    const TimedTicket after = sweep_.found.empty() ? TimedTicket() : sweep_.found.back();
    ESNAF_ASSIGN_OR_RETURN(sweep_.found, connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) {
      return FindTimed(tx, automation, now - automation.timer->after, after, kFoundAtOnce);
    }));
    sweep_.next = 0;
  }
  const auto begin = sweep_.found.begin() + static_cast<std::ptrdiff_t>(sweep_.next);
  const std::size_t count = std::min(kTicketsAtOnce, sweep_.found.size() - sweep_.next);
  const std::vector<TimedTicket> page(begin, begin + static_cast<std::ptrdiff_t>(count));
  Requesters requesters;
  if (SpeaksToContact(automation)) {
    std::vector<Uuid> ids;
    for (const TimedTicket& timed : page) {
      if (timed.contact_id) ids.push_back(*timed.contact_id);
    }
    requesters = AskContacts(ids);
  }
  ESNAF_RETURN_IF_ERROR(
      connection.Run({}, [&](postgres::Tx& tx) { return HandlePage(tx, automation, page, requesters, now); }));
  sweep_.next += count;
  return sweep_.next < sweep_.found.size() || sweep_.found.size() == static_cast<std::size_t>(kFoundAtOnce);
}

absl::StatusOr<bool> AutomationRunner::HandleTimers(postgres::Connection& connection, Time now) {
  if (sweep_.ids.empty() && sweep_.begin_time && now - *sweep_.begin_time < kSweepPeriod) return false;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Automation> automations,
                         connection.Run({.autocommit = true, .read_only = true}, ReadAutomations));
  if (sweep_.ids.empty()) {
    sweep_ = {.begin_time = now, .ids = {}, .found = {}, .next = 0, .failure = {}};
    for (const Automation& automation : automations) {
      if (automation.timer) sweep_.ids.push_back(automation.id);
    }
  }
  if (const std::optional<Automation> automation = NextTimed(automations)) {
    const absl::StatusOr<bool> more = HandleTimer(connection, *automation, now);
    if (!more.ok()) {
      LogWarning("an automation's timer failed",
                 {{"automation", automation->id}, {"code", absl::StatusCodeToString(more.status().code())}});
      sweep_.failure.Update(more.status());
    }
    if (!more.value_or(false)) LeaveTimer();
  }
  if (!sweep_.ids.empty()) return true;
  ESNAF_RETURN_IF_ERROR(std::exchange(sweep_.failure, absl::OkStatus()));
  return false;
}

}  // namespace esnaf::support

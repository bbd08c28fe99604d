#include "services/support/automations/automation.h"

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace esnaf::support {
namespace {

using Event = AutomationEvent;

constexpr char kChain[] = "automation_chain";
constexpr char kActorPrefix[] = "automation:";

std::optional<std::string> DetailOf(const TicketEvent& event, const std::string& name) {
  const auto found = event.details.find(name);
  return found == event.details.end() ? std::nullopt : std::optional(found->second);
}

void AddSaid(const TicketEvent& event, std::set<Event>& events) {
  if (!event.message_kind) return;
  if (*event.message_kind != MessageKind::kReply) {
    events.insert(Event::kNote);
  } else {
    events.insert(event.author == AuthorKind::kCustomer ? Event::kCustomerMessage : Event::kAgentMessage);
  }
}

void AddUpdated(const std::string& fields, std::set<Event>& events) {
  for (const absl::string_view field : absl::StrSplit(fields, ',', absl::SkipEmpty())) {
    events.insert(field == "tags" ? Event::kTagsChanged : Event::kUpdated);
  }
}

// Whether the event brought the ticket into another state.
bool ChangesState(const TicketEvent& event) { return event.kind != "priority" && event.details.contains("from"); }

}  // namespace

AutomationHappening HappeningOf(const TicketEvent& event, const std::optional<std::string>& text) {
  AutomationHappening happening;
  EventFacts& facts = happening.facts;
  facts.author = event.author;
  facts.actor = event.actor;
  facts.message_text = text;
  if (const auto chain = DetailOf(event, kChain)) happening.chain = absl::StrSplit(*chain, ',', absl::SkipEmpty());
  if (event.sequence == 1) {
    happening.events.insert(Event::kCreated);
    return happening;
  }
  AddSaid(event, happening.events);
  if (event.kind == "assigned") {
    happening.events.insert(Event::kAssigned);
    facts.previous_assignee = DetailOf(event, "previous_assignee");
    facts.previous_team = DetailOf(event, "previous_team");
  } else if (event.kind == "priority") {
    happening.events.insert(Event::kPriorityChanged);
    facts.previous_priority = DetailOf(event, "from");
  } else if (event.kind == "updated") {
    AddUpdated(DetailOf(event, "fields").value_or(""), happening.events);
  }
  if (ChangesState(event)) {
    happening.events.insert(Event::kStateChanged);
    facts.previous_state = DetailOf(event, "from");
  }
  return happening;
}

std::string AutomationActor(const std::string& id) { return absl::StrCat(kActorPrefix, id); }

std::map<std::string, std::string> ChainDetails(const Automation& automation, const std::vector<std::string>& chain) {
  std::vector<std::string> longer = chain;
  longer.push_back(automation.id);
  return {{kChain, absl::StrJoin(longer, ",")}, {"automation_etag", absl::StrCat(automation.version)}};
}

Judgement Judge(const Automation& automation, const AutomationFacts& facts) {
  Judgement judgement{.holds = true};
  for (const Condition& condition : automation.all) {
    judgement.conditions.push_back(condition.Judge(facts));
    judgement.holds = judgement.holds && judgement.conditions.back().holds;
  }
  bool one_holds = automation.any.empty();
  for (const Condition& condition : automation.any) {
    judgement.conditions.push_back(condition.Judge(facts));
    judgement.conditions.back().any = true;
    one_holds = one_holds || judgement.conditions.back().holds;
  }
  judgement.holds = judgement.holds && one_holds;
  return judgement;
}

std::string_view StopReason(const std::vector<std::string>& chain, const std::string& id, int runs_in_past_hour) {
  if (std::find(chain.begin(), chain.end(), id) != chain.end()) return "CHAIN_REPEATED";
  if (chain.size() >= kMostInChain) return "CHAIN_TOO_LONG";
  if (runs_in_past_hour >= kMostAnHour) return "TICKET_RATE";
  return "";
}

std::optional<Time> ClockStart(AutomationClock clock, const Ticket& ticket, const TrailTimes& times) {
  switch (clock) {
    case AutomationClock::kCreated:
      return ticket.create_time;
    case AutomationClock::kUpdated:
      return times.touch_time;
    case AutomationClock::kCustomerMessage:
      return ticket.last_customer_time;
    case AutomationClock::kAgentMessage:
      return ticket.last_agent_time;
    case AutomationClock::kState:
      return times.state_time;
  }
  return std::nullopt;
}

void FollowTrail(const TicketEvent& event, TrailTimes& times) {
  if (event.sequence == 1 || ChangesState(event) || !times.state_time) times.state_time = event.time;
  if (!event.actor.starts_with(kActorPrefix) || !times.touch_time) times.touch_time = event.time;
}

bool IsBeyondTimers(TicketState state) { return !IsActive(state) && state != TicketState::kSolved; }

}  // namespace esnaf::support

#include "services/support/sla/sla_clock.h"

namespace esnaf::support {

bool SlaClocks::Answers(const SlaFact& fact) const {
  if (fact.author != AuthorKind::kAgent || !fact.message) return false;
  return *fact.message == MessageKind::kReply ||
         (*fact.message == MessageKind::kPublicNote && policy_.public_note_answers);
}

bool SlaClocks::Asks(const SlaFact& fact) const {
  return fact.author == AuthorKind::kCustomer && fact.message && *fact.message != MessageKind::kInternalNote;
}

bool SlaClocks::RunsIn(TicketState state) const { return IsActive(state) && !policy_.paused_states.contains(state); }

SlaClocks::Clock* SlaClocks::Live(SlaMetric metric) {
  for (auto clock = clocks_.rbegin(); clock != clocks_.rend(); ++clock) {
    if (clock->status.metric == metric && clock->status.IsLive()) return &*clock;
  }
  return nullptr;
}

// When the target and the warning's share of it are used up, from `since` on.
void SlaClocks::Forecast(Clock& clock) const {
  ClockStatus& status = clock.status;
  if (status.breach_time || !status.IsLive()) return;
  status.due_time.reset();
  status.warn_time.reset();
  if (!clock.has_target || !status.running) return;
  status.due_time = hours_.Add(clock.since, status.target - status.used);
  if (policy_.warn_at_percent == 0) return;
  const Duration warn_at = Duration(status.target) * policy_.warn_at_percent / 100;
  status.warn_time = hours_.Add(clock.since, std::max(Duration(0), warn_at - status.used));
}

void SlaClocks::Advance(Clock& clock, Time to) const {
  ClockStatus& status = clock.status;
  if (!status.IsLive() || to <= clock.since) return;
  const Duration counted = status.running ? hours_.Between(clock.since, to) : Duration(0);
  if (clock.has_target && !status.breach_time && status.running && status.due_time && to > *status.due_time) {
    status.breach_time = status.due_time;
  }
  // What goes on as before is one stretch.
  if (!status.stretches.empty() && status.stretches.back().running == status.running) {
    status.stretches.back().span.end = to;
    status.stretches.back().counted += counted;
  } else {
    status.stretches.push_back({{clock.since, to}, status.running, counted});
  }
  status.used += counted;
  clock.since = to;
}

void SlaClocks::SetTarget(Clock& clock, Time now) const {
  ClockStatus& status = clock.status;
  const auto target = policy_.TargetsFor(last_->priority).Of(status.metric);
  clock.has_target = target.has_value();
  if (!target) return;
  status.target = *target;
  if (status.used > status.target && !status.breach_time) {
    status.breach_time = now;
    status.due_time = now;
    status.warn_time.reset();
  }
}

void SlaClocks::Begin(SlaMetric metric, const SlaFact& fact) {
  int cycle = 1;
  for (const Clock& clock : clocks_) cycle += clock.status.metric == metric ? 1 : 0;
  Clock& clock = clocks_.emplace_back();
  clock.status.metric = metric;
  clock.status.cycle = cycle;
  clock.status.start_time = fact.time;
  clock.since = fact.time;
}

void SlaClocks::AfterAnswer(const SlaFact& fact) {
  for (const SlaMetric metric : {SlaMetric::kFirstResponse, SlaMetric::kNextResponse}) {
    if (Clock* clock = Live(metric)) {
      clock->status.met_time = fact.time;
      clock->status.warn_time.reset();
    }
  }
  if (policy_.next_response_mode == NextResponseMode::kBetweenUpdates && IsActive(fact.state)) {
    Begin(SlaMetric::kNextResponse, fact);
  }
}

void SlaClocks::AfterQuestion(const SlaFact& fact) {
  if (policy_.next_response_mode != NextResponseMode::kToAnswer) return;
  if (Live(SlaMetric::kFirstResponse) == nullptr && Live(SlaMetric::kNextResponse) == nullptr) {
    Begin(SlaMetric::kNextResponse, fact);
  }
}

void SlaClocks::Hear(const SlaFact& fact) {
  if (!last_) {
    const bool owes_response = !Answers(fact);
    if (owes_response) Begin(SlaMetric::kFirstResponse, fact);
    Begin(SlaMetric::kResolution, fact);
    if (owes_response) return;
  }
  if (Answers(fact)) AfterAnswer(fact);
  if (Asks(fact)) AfterQuestion(fact);
}

void SlaClocks::FollowState(TicketState before, const SlaFact& fact) {
  const bool was_done = before == TicketState::kSolved || before == TicketState::kClosed;
  const bool is_done = fact.state == TicketState::kSolved || fact.state == TicketState::kClosed;
  if (is_done && !was_done) {
    if (Clock* resolution = Live(SlaMetric::kResolution)) {
      resolution->status.met_time = fact.time;
      resolution->status.warn_time.reset();
    }
    if (Clock* response = Live(SlaMetric::kNextResponse)) {
      response->status.ended = true;
      response->status.warn_time.reset();
      if (!response->status.breach_time) response->status.due_time.reset();
    }
  }
  if (!was_done || is_done) return;
  for (Clock& clock : clocks_) {
    if (clock.status.metric != SlaMetric::kResolution) continue;
    // The time in which it was solved is told as a pause.
    clock.status.met_time.reset();
    clock.status.running = false;
    Advance(clock, fact.time);
  }
  const bool waits_for_update =
      policy_.next_response_mode == NextResponseMode::kBetweenUpdates && Live(SlaMetric::kFirstResponse) == nullptr;
  if (waits_for_update && Live(SlaMetric::kNextResponse) == nullptr) Begin(SlaMetric::kNextResponse, fact);
}

void SlaClocks::Apply(const SlaFact& given) {
  SlaFact fact = given;
  if (last_) fact.time = std::max(fact.time, last_->time);
  for (Clock& clock : clocks_) Advance(clock, fact.time);
  const TicketState before = last_ ? last_->state : TicketState::kNew;
  Hear(fact);
  FollowState(before, fact);
  last_ = fact;
  for (Clock& clock : clocks_) {
    if (!clock.status.IsLive()) {
      clock.status.running = false;
      continue;
    }
    clock.status.running = RunsIn(fact.state);
    SetTarget(clock, fact.time);
    Forecast(clock);
  }
}

std::vector<ClockStatus> SlaClocks::StatusAt(Time as_of) const {
  std::vector<ClockStatus> statuses;
  for (Clock clock : clocks_) {
    Advance(clock, as_of);
    if (clock.has_target) statuses.push_back(std::move(clock.status));
  }
  std::stable_sort(statuses.begin(), statuses.end(),
                   [](const ClockStatus& a, const ClockStatus& b) { return a.start_time < b.start_time; });
  return statuses;
}

std::vector<ClockStatus> ReckonClocks(const SlaPolicy& policy, const BusinessHours& hours,
                                      const std::vector<SlaFact>& facts, Time as_of) {
  SlaClocks clocks(policy, hours);
  for (const SlaFact& fact : facts) clocks.Apply(fact);
  return clocks.StatusAt(as_of);
}

}  // namespace esnaf::support

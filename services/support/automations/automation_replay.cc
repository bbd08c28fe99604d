#include "services/support/automations/automation_replay.h"

#include <algorithm>

#include "libs/api/convert.h"
#include "services/support/automations/automation_wire.h"

namespace esnaf::support {
namespace {

// When a timer is due; none where its calendar is gone or never holds so much.
std::optional<Time> DueTime(const AutomationTimer& timer, const std::map<std::string, BusinessHours>& hours,
                            Time clock_start) {
  if (timer.calendar_id.empty()) return clock_start + timer.after;
  const auto found = hours.find(timer.calendar_id);
  return found == hours.end() ? std::nullopt : found->second.Add(clock_start, timer.after);
}

}  // namespace

void AutomationReplay::KeepEarliest() {
  std::stable_sort(runs_.begin(), runs_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (runs_.size() > options_.most_runs) runs_.resize(options_.most_runs);
}

void AutomationReplay::Tell(Time time, v1::AutomationRun run) {
  const bool not_met = run.outcome() == v1::AUTOMATION_OUTCOME_NOT_MET;
  if (not_met && !options_.tell_not_met) return;
  if (run.outcome() == v1::AUTOMATION_OUTCOME_FIRED) ++fired_count_;
  runs_.emplace_back(time, std::move(run));
  if (runs_.size() > 2 * options_.most_runs) KeepEarliest();
}

void AutomationReplay::RunTimers(Past& past, Time until) {
  if (IsBeyondTimers(past.facts.ticket.state)) return;
  for (const Automation& automation : automations_) {
    if (!automation.timer) continue;
    const std::optional<Time> start = ClockStart(automation.timer->clock, past.facts.ticket, past.facts.times);
    if (!start) continue;
    const auto acted_for = past.acted_for.find(automation.id);
    if (acted_for != past.acted_for.end() && acted_for->second >= *start) continue;
    const std::optional<Time> due = DueTime(*automation.timer, hours_, *start);
    if (!due || std::max(*due, past.since) >= until) continue;
    past.facts.now = std::max(*due, past.since);
    const Judgement judgement = Judge(automation, past.facts);
    v1::AutomationRun run = RunToProto(automation, past.facts.ticket, {}, judgement, past.facts.now);
    *run.mutable_clock_start_time() = api::ToProto(*start);
    if (judgement.holds) past.acted_for[automation.id] = *start;
    Tell(past.facts.now, std::move(run));
  }
}

void AutomationReplay::Follow(const AutomationNotice& notice, Time time, const std::optional<Standing>& standing) {
  ++event_count_;
  const auto known = tickets_.find(notice.ticket_id);
  // Of an answer about a ticket of which nothing is known, nothing can be said.
  if (known == tickets_.end() && !notice.ticket) return;
  Past& past = known != tickets_.end() ? known->second : tickets_[notice.ticket_id];
  if (known != tickets_.end()) RunTimers(past, time);
  AutomationFacts& facts = past.facts;
  if (notice.ticket) facts.ticket = SnapshotFromProto(*notice.ticket);
  if (notice.event) FollowTrail(*notice.event, facts.times);
  facts.standing = standing;
  facts.event = notice.happening.facts;
  facts.now = time;
  past.since = std::max(past.since, time);
  const std::set<AutomationEvent>& events = notice.happening.events;
  for (const Automation& automation : automations_) {
    const bool sees = std::any_of(events.begin(), events.end(),
                                  [&](AutomationEvent event) { return automation.events.contains(event); });
    if (!sees) continue;
    const Judgement judgement = Judge(automation, facts);
    v1::AutomationRun run = RunToProto(automation, facts.ticket, events, judgement, time);
    const std::string_view stopped = judgement.holds ? StopReason(notice.happening.chain, automation.id, 0) : "";
    if (!stopped.empty()) {
      run.set_outcome(v1::AUTOMATION_OUTCOME_STOPPED);
      run.set_reason(std::string(stopped));
    }
    Tell(time, run);
    if (automation.last && run.outcome() == v1::AUTOMATION_OUTCOME_FIRED) break;
  }
  // Timers look at no event.
  facts.event = {};
}

void AutomationReplay::RunUntil(Time now) {
  for (auto& [id, past] : tickets_) RunTimers(past, now);
}

std::vector<v1::AutomationRun> AutomationReplay::TakeRuns() {
  KeepEarliest();
  std::vector<v1::AutomationRun> taken;
  for (auto& [time, run] : runs_) taken.push_back(std::move(run));
  runs_.clear();
  return taken;
}

}  // namespace esnaf::support

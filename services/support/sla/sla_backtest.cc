#include "services/support/sla/sla_backtest.h"

namespace esnaf::support {
namespace {

// By target and cycle.
using Breaches = std::map<std::pair<SlaMetric, int>, std::optional<Time>>;

void Count(const ClockStatus& clock, BreachCounts& counts) {
  ++counts.deadlines;
  if (clock.breach_time) ++counts.breaches;
}

std::optional<Time> BreachOf(const Breaches& breaches, const std::pair<SlaMetric, int>& key) {
  const auto found = breaches.find(key);
  return found == breaches.end() ? std::nullopt : found->second;
}

}  // namespace

std::vector<ClockStatus> SlaBacktest::Reckon(const SlaBook& book, const SlaPolicy* policy,
                                             const PastTicket& ticket) const {
  if (policy == nullptr) return {};
  return ReckonClocks(*policy, book.HoursOf(*policy), ticket.facts, std::max(as_of_, ticket.facts.back().time));
}

void SlaBacktest::Add(const PastTicket& ticket) {
  const SlaPolicy* const now = FirstMatching(now_.policies, ticket.subject);
  const SlaPolicy* const draft = FirstMatching(draft_.policies, ticket.subject);
  const TicketPriority priority = ticket.subject.priority;
  ++tickets_;
  if (draft != nullptr && draft->id == draft_id_) ++draft_tickets_;
  Breaches now_breaches, draft_breaches;
  for (const ClockStatus& clock : Reckon(now_, now, ticket)) {
    Count(clock, rows_[{clock.metric, priority}].now);
    now_breaches[{clock.metric, clock.cycle}] = clock.breach_time;
  }
  for (const ClockStatus& clock : Reckon(draft_, draft, ticket)) {
    Count(clock, rows_[{clock.metric, priority}].draft);
    draft_breaches[{clock.metric, clock.cycle}] = clock.breach_time;
  }
  Breaches all = now_breaches;
  all.merge(Breaches(draft_breaches));
  for (const auto& [key, ignored] : all) {
    const std::optional<Time> breach = BreachOf(now_breaches, key), draft_breach = BreachOf(draft_breaches, key);
    if (breach.has_value() == draft_breach.has_value()) continue;
    ++(draft_breach ? new_breaches_ : avoided_breaches_);
    if (changes_.size() == most_changes_) continue;
    changes_.push_back({ticket.id, ticket.number, priority, key.first, key.second, breach, draft_breach});
  }
}

}  // namespace esnaf::support

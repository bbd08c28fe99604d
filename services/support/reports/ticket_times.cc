#include "services/support/reports/ticket_times.h"

namespace esnaf::support {
namespace {

bool IsDone(TicketState state) { return state == TicketState::kSolved || state == TicketState::kClosed; }

// A clock runs only where there is a target, and counts on when that is used up; a short one is soon reckoned.
SlaPolicy Measuring(const SlaPolicy& policy) {
  constexpr std::chrono::minutes kAny{1};
  SlaPolicy measuring = policy;
  measuring.targets = {.first_response = kAny, .next_response = kAny, .resolution = kAny};
  measuring.priority_targets.clear();
  measuring.next_response_mode = NextResponseMode::kToAnswer;
  measuring.warn_at_percent = 0;
  return measuring;
}

}  // namespace

TicketTimes ReckonTimes(const SlaPolicy& policy, const BusinessHours& hours, const PastTicket& ticket, Time as_of) {
  TicketTimes times;
  const Time until = std::max(as_of, ticket.facts.back().time);
  for (const ClockStatus& clock : ReckonClocks(Measuring(policy), hours, ticket.facts, until)) {
    if (!clock.met_time) continue;
    const Elapsed elapsed{*clock.met_time - clock.start_time, clock.used};
    switch (clock.metric) {
      case SlaMetric::kFirstResponse:
        times.first_response = elapsed;
        break;
      case SlaMetric::kNextResponse:
        times.next_responses.push_back(elapsed);
        break;
      case SlaMetric::kResolution:
        times.resolution = elapsed;
        break;
    }
  }
  for (const SlaFact& fact : ticket.facts) {
    if (fact.author == AuthorKind::kAgent && fact.message == MessageKind::kReply) ++times.agent_replies;
    if (IsDone(fact.state)) times.ever_solved = true;
    if (times.ever_solved && IsActive(fact.state)) times.reopened = true;
  }
  times.solved = IsDone(ticket.facts.back().state);
  return times;
}

std::optional<Duration> Percentile(std::vector<Duration> durations, int percent) {
  if (durations.empty()) return std::nullopt;
  const std::size_t rank = (durations.size() * static_cast<std::size_t>(percent) + 99) / 100;
  const auto at = durations.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(durations.begin(), at, durations.end());
  return *at;
}

}  // namespace esnaf::support

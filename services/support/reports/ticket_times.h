#pragma once

// How long a ticket took, from its trail alone.
#include <optional>
#include <vector>

#include "services/support/sla/business_hours.h"
#include "services/support/sla/sla_backtest.h"

namespace esnaf::support {

struct Elapsed {
  Duration calendar{0};  // by the wall clock
  Duration business{0};  // working time without pauses
  bool operator==(const Elapsed&) const = default;
};

struct TicketTimes {
  std::optional<Elapsed> first_response;
  std::vector<Elapsed> next_responses;
  std::optional<Elapsed> resolution;  // of one that is solved or closed
  bool solved = false;                // is so now
  bool ever_solved = false;
  bool reopened = false;  // was solved, and active after that
  int agent_replies = 0;
  bool IsOneTouch() const { return solved && !reopened && agent_replies == 1; }
};

// Counts as the clocks of `policy` do, in its pauses and by what answers, whatever its targets are; next responses from
// the customer's message on.
TicketTimes ReckonTimes(const SlaPolicy& policy, const BusinessHours& hours, const PastTicket& ticket, Time as_of);

// The smallest of the durations that so many percent of them do not exceed (nearest rank); none of none.
std::optional<Duration> Percentile(std::vector<Duration> durations, int percent);

}  // namespace esnaf::support

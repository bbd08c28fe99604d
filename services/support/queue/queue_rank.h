#pragma once

// Which waiting ticket is the next one: what is due soonest, where worth, the risk of losing the customer and priority
// make a ticket count as due earlier. Every part is a time, so that a position can be explained in hours.
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/support/sla/sla_policy.h"

namespace esnaf::support {

struct QueueSettings {
  // How much earlier a ticket counts for each unit of worth (see UnitsOfWorth).
  std::chrono::minutes value_lead{120};
  // The same where the customer has surely left; in proportion to the probability of that.
  std::chrono::minutes churn_lead{120};
  // For each step of priority above normal; below it a ticket counts as due later.
  std::chrono::minutes priority_lead{480};
  // When a ticket without any deadline counts as due, from its creation on.
  std::chrono::minutes without_deadline{std::chrono::days(3)};
  // The predicted value that makes one unit of worth. Values in other currencies are not compared.
  Money reference_value{100000, Currency::Parse("TRY").value()};
  bool operator==(const QueueSettings&) const = default;
};

void CheckQueueSettings(const QueueSettings& settings, const std::string& field, FieldViolations& violations);

// What is known of a requester.
struct Standing {
  std::int64_t clv_minor = 0;
  Currency currency;
  std::optional<double> churn_probability;
  bool operator==(const Standing&) const = default;
};

// log2(1 + value / reference), so that each doubling counts alike; 0 for nothing or less, at most 10, 0 for another
// currency.
double UnitsOfWorth(const Standing& standing, const Money& reference);

struct WaitingTicket {
  Uuid id;
  std::int64_t number = 0;
  TicketPriority priority = TicketPriority::kNormal;
  std::optional<Time> due_time;  // the next one that is not met
  Time create_time;
  std::optional<Standing> standing;
};

// Why a ticket has its place: counted_due_time is due_time less the three leads.
struct QueueRank {
  Uuid ticket_id;
  Time due_time;              // the promised one, or create_time and `without_deadline`
  bool has_deadline = false;  // which of the two
  double worth = 0;
  std::chrono::seconds value_lead{0};
  std::chrono::seconds churn_lead{0};  // worth x churn probability x the setting
  std::chrono::seconds priority_lead{0};
  Time counted_due_time;
};

QueueRank RankOf(const WaitingTicket& ticket, const QueueSettings& settings);

// All of them, the first to be taken first: by counted_due_time, then by number.
std::vector<QueueRank> RankQueue(std::vector<WaitingTicket> tickets, const QueueSettings& settings);

}  // namespace esnaf::support

#include "services/support/queue/queue_rank.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace esnaf::support {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kMostWorth = 10;
constexpr minutes kMostLead = std::chrono::days(30);

seconds Scaled(minutes lead, double by) {
  return seconds(std::llround(static_cast<double>(seconds(lead).count()) * by));
}

}  // namespace

void CheckQueueSettings(const QueueSettings& settings, const std::string& field, FieldViolations& violations) {
  for (const auto& [name, lead] :
       {std::pair("value_lead_minutes", settings.value_lead), std::pair("churn_lead_minutes", settings.churn_lead),
        std::pair("priority_lead_minutes", settings.priority_lead)}) {
    if (lead < minutes(0) || lead > kMostLead) {
      violations.Add(absl::StrCat(field, ".", name), absl::StrCat("is not within 0 to ", kMostLead.count()));
    }
  }
  if (settings.without_deadline < minutes(1) || settings.without_deadline > kMostTarget) {
    violations.Add(field + ".without_deadline_minutes", absl::StrCat("is not within 1 to ", kMostTarget.count()));
  }
  if (settings.reference_value.minor < 1) violations.Add(field + ".reference_value", "is not above zero");
}

double UnitsOfWorth(const Standing& standing, const Money& reference) {
  if (standing.clv_minor <= 0 || standing.currency != reference.currency) return 0;
  const double ratio = static_cast<double>(standing.clv_minor) / static_cast<double>(reference.minor);
  return std::min(std::log2(1 + ratio), kMostWorth);
}

QueueRank RankOf(const WaitingTicket& ticket, const QueueSettings& settings) {
  QueueRank rank{.ticket_id = ticket.id, .has_deadline = ticket.due_time.has_value()};
  rank.due_time = ticket.due_time.value_or(ticket.create_time + settings.without_deadline);
  if (ticket.standing) {
    rank.worth = UnitsOfWorth(*ticket.standing, settings.reference_value);
    rank.value_lead = Scaled(settings.value_lead, rank.worth);
    rank.churn_lead =
        Scaled(settings.churn_lead, rank.worth * std::clamp(ticket.standing->churn_probability.value_or(0), 0.0, 1.0));
  }
  const int steps = static_cast<int>(ticket.priority) - static_cast<int>(TicketPriority::kNormal);
  rank.priority_lead = seconds(settings.priority_lead) * steps;
  rank.counted_due_time = rank.due_time - rank.value_lead - rank.churn_lead - rank.priority_lead;
  return rank;
}

std::vector<QueueRank> RankQueue(std::vector<WaitingTicket> tickets, const QueueSettings& settings) {
  std::vector<std::pair<QueueRank, std::int64_t>> ranked;
  ranked.reserve(tickets.size());
  for (const WaitingTicket& ticket : tickets) ranked.emplace_back(RankOf(ticket, settings), ticket.number);
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.counted_due_time, a.second) < std::tie(b.first.counted_due_time, b.second);
  });
  std::vector<QueueRank> queue;
  queue.reserve(ranked.size());
  for (auto& [rank, number] : ranked) queue.push_back(std::move(rank));
  return queue;
}

}  // namespace esnaf::support

#pragma once

// What other promises would have changed: past tickets reckoned from their trails under two books.
#include <map>
#include <utility>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/support/sla/sla_clock.h"
#include "services/support/sla/sla_store.h"

namespace esnaf::support {

// A ticket as back-tests and reports see it.
struct PastTicket {
  Uuid id;
  std::int64_t number = 0;
  SlaSubject subject{};  // this and the next two as they are now
  std::string assignee{};
  TicketState state = TicketState::kNew;
  std::vector<SlaFact> facts{};  // all of its trail, at least the creation
};

// The deadlines of one target at one priority, and how many of them are breached.
struct BreachCounts {
  std::int64_t deadlines = 0;
  std::int64_t breaches = 0;
  bool operator==(const BreachCounts&) const = default;
};

struct BacktestRow {
  BreachCounts now;
  BreachCounts draft;
};

// A deadline that is breached under one book and not under the other.
struct BacktestChange {
  Uuid ticket_id;
  std::int64_t ticket_number = 0;
  TicketPriority priority = TicketPriority::kNormal;
  SlaMetric metric = SlaMetric::kFirstResponse;
  int cycle = 1;
  std::optional<Time> breach_time;
  std::optional<Time> draft_breach_time;
};

class SlaBacktest {
 public:
  // Keeps references to both books. Of the changes the first `most_changes` are kept.
  SlaBacktest(const SlaBook& now, const SlaBook& draft, const std::string& draft_id, Time as_of,
              std::size_t most_changes)
      : now_(now), draft_(draft), draft_id_(draft_id), as_of_(as_of), most_changes_(most_changes) {}

  void Add(const PastTicket& ticket);

  std::int64_t tickets() const { return tickets_; }
  std::int64_t draft_tickets() const { return draft_tickets_; }
  std::int64_t new_breaches() const { return new_breaches_; }
  std::int64_t avoided_breaches() const { return avoided_breaches_; }
  const std::map<std::pair<SlaMetric, TicketPriority>, BacktestRow>& rows() const { return rows_; }
  const std::vector<BacktestChange>& changes() const { return changes_; }

 private:
  std::vector<ClockStatus> Reckon(const SlaBook& book, const SlaPolicy* policy, const PastTicket& ticket) const;

  const SlaBook& now_;
  const SlaBook& draft_;
  const std::string draft_id_;
  const Time as_of_;
  const std::size_t most_changes_;
  std::int64_t tickets_ = 0;
  std::int64_t draft_tickets_ = 0;
  std::int64_t new_breaches_ = 0;
  std::int64_t avoided_breaches_ = 0;
  std::map<std::pair<SlaMetric, TicketPriority>, BacktestRow> rows_;
  std::vector<BacktestChange> changes_;
};

}  // namespace esnaf::support

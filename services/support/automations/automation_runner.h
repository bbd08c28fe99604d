#pragma once

// Lets automations act: after each event of the outbox, in its order and exactly once, and when time has passed.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/channel.h"
#include "services/support/automations/automation_acts.h"
#include "services/support/automations/automation_notice.h"

namespace esnaf::support {

// How long runs are kept.
inline constexpr std::chrono::days kKeepRuns{90};
// How often timers are looked at.
inline constexpr std::chrono::minutes kSweepPeriod{1};

class AutomationRunner {
 public:
  // The writer outlives it.
  AutomationRunner(TicketWriter& writer, std::shared_ptr<runtime::Channel> contacts)
      : writer_(writer), acts_(writer), contacts_(std::move(contacts)) {}

  // Handles some of what has happened, together with the place up to which that was; a worker's step. True where more
  // may be left.
  absl::StatusOr<bool> HandleSome(postgres::Connection& connection, Time now);
  // Looks at some of the tickets whose time may have come; a worker's step, for one thread. True where more may be
  // left. A timer that fails holds up no other: the first error is answered when all were looked at.
  absl::StatusOr<bool> HandleTimers(postgres::Connection& connection, Time now);

 private:
  using Requesters = std::map<Uuid, contacts::v1::Contact>;
  // What an automation is about to act on.
  struct Occasion {
    AutomationHappening happening;
    std::optional<Uuid> event_id;
    std::optional<Time> clock_start;
    std::string trace_parent;
    int acted = 0;  // on the ticket, in the past hour
  };
  // An event, and the automations that see it.
  struct Concern {
    const OutboxEvent* event = nullptr;
    AutomationNotice notice;
    std::vector<const Automation*> automations;
  };
  // How far the timers have been looked at.
  struct Sweep {
    std::optional<Time> begin_time;
    std::vector<std::string> ids;    // of the automations that are left
    std::vector<TimedTicket> found;  // of the first of them, read at once
    std::size_t next = 0;            // in what was found
    absl::Status failure;            // the first
  };

  // Who the people are, where contacts says so; of the others nothing is known.
  Requesters AskContacts(const std::vector<Uuid>& ids) const;
  // Who the requesters of events are that automations speak to.
  absl::StatusOr<Requesters> RequestersOfNext(postgres::Connection& connection) const;
  // Those that concern any automation, in their order.
  static std::vector<Concern> ConcernsOf(const std::vector<Automation>& automations,
                                         const std::vector<OutboxEvent>& events);
  absl::Status HandleAll(postgres::Tx& tx, std::vector<Concern> concerns, const Requesters& requesters, Time now);
  absl::Status Handle(postgres::Tx& tx, Concern concern, const Requesters& requesters, Time now);
  // Acts where nothing keeps it from that, and keeps the run. True where it acted.
  absl::StatusOr<bool> Fire(postgres::Tx& tx, const Automation& automation, const Judgement& judgement,
                            const Requesters& requesters, Occasion& occasion, AutomationFacts& facts);
  absl::StatusOr<AutomationFacts> FactsAbout(postgres::Tx& tx, Ticket ticket, const EventFacts& event, Time now) const;
  // Acts on those of the tickets whose time has come.
  absl::Status HandlePage(postgres::Tx& tx, const Automation& automation, const std::vector<TimedTicket>& page,
                          const Requesters& requesters, Time now);
  // Some of a timer's tickets. True where it has more.
  absl::StatusOr<bool> HandleTimer(postgres::Connection& connection, const Automation& automation, Time now);
  // The automation whose turn it is, without those that are gone; none at the sweep's end.
  std::optional<Automation> NextTimed(const std::vector<Automation>& automations);
  void LeaveTimer();

  TicketWriter& writer_;
  AutomationActs acts_;
  std::shared_ptr<runtime::Channel> contacts_;
  Sweep sweep_;
};

}  // namespace esnaf::support

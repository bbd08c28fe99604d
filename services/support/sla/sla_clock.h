#pragma once

// The clocks of a ticket: what was promised, how much of it is used up, and when it is due. They follow from the
// ticket's facts, the policy and its calendar alone, so they can be reckoned again at any time, under any policy.
//
// - First response: from the creation until an agent answers the requester. There is none where the ticket begins with
//   what an agent told him.
// - Next response: only after the first one. To answer: from the requester's first message that waits for an answer
//   until an agent answers; it does not run where an agent spoke last. Between updates: from one answer to the next.
//   Solving the ticket ends it, met or not.
// - Resolution: from the creation until the ticket is solved. A reopened ticket goes on with what was left.
//
// A clock counts working time while the ticket is in a state in which it runs, and stands still in all others, so a
// pause moves the due time by as much working time as it lasted. An internal note changes nothing.
#include <optional>
#include <vector>

#include "libs/base/time.h"
#include "services/support/sla/business_hours.h"
#include "services/support/sla/sla_policy.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1, and stored.
enum class AuthorKind { kCustomer = 1, kAgent = 2, kSystem = 3 };
enum class MessageKind { kReply = 1, kPublicNote = 2, kInternalNote = 3 };

// What the clocks know of one thing that happened, in the order of times; the first is the creation.
struct SlaFact {
  Time time;
  AuthorKind author = AuthorKind::kSystem;
  std::optional<MessageKind> message;  // none: nothing was said
  // As they are from here on.
  TicketState state = TicketState::kNew;
  TicketPriority priority = TicketPriority::kNormal;
  bool operator==(const SlaFact&) const = default;
};

// A stretch of a clock in which it ran, or stood still.
struct ClockStretch {
  TimeSpan span;
  bool running = false;
  Duration counted{0};  // working time; 0 where it stood still
  bool operator==(const ClockStretch&) const = default;
};

struct ClockStatus {
  SlaMetric metric = SlaMetric::kFirstResponse;
  int cycle = 1;  // counts the next responses of the ticket; 1 of the others
  Time start_time;
  std::chrono::minutes target{0};
  Duration used{0};  // working time
  bool running = false;
  std::optional<Time> met_time;
  bool ended = false;  // by solving, with nothing to be met any more
  // When the target is used up if nothing happens; none while it stands still, or where ten years would not do. Where
  // it was met or used up already: when that was to be, or was.
  std::optional<Time> due_time;
  // When the warning's share of it is used up; none as for due_time, and where it was met.
  std::optional<Time> warn_time;
  // When the due time passed without being met; at the due time itself it is in time. A target that is made shorter
  // breaches no earlier than then.
  std::optional<Time> breach_time;
  std::vector<ClockStretch> stretches{};

  // Whether something is still owed.
  bool IsLive() const { return !met_time && !ended; }
  bool operator==(const ClockStatus&) const = default;
};

class SlaClocks {
 public:
  // Keeps references to both.
  SlaClocks(const SlaPolicy& policy, const BusinessHours& hours) : policy_(policy), hours_(hours) {}

  // What happened next; a time before that of the last fact counts as that.
  void Apply(const SlaFact& fact);
  // Every clock that has a target, in the order of their beginnings, as of a time that is not before the last fact.
  std::vector<ClockStatus> StatusAt(Time as_of) const;

 private:
  struct Clock {
    ClockStatus status;
    bool has_target = false;
    Time since;  // until when it is reckoned
  };

  void Advance(Clock& clock, Time to) const;
  void Forecast(Clock& clock) const;
  void SetTarget(Clock& clock, Time now) const;
  void Begin(SlaMetric metric, const SlaFact& fact);
  void Hear(const SlaFact& fact);
  void AfterAnswer(const SlaFact& fact);
  void AfterQuestion(const SlaFact& fact);
  void FollowState(TicketState before, const SlaFact& fact);
  bool Answers(const SlaFact& fact) const;
  bool Asks(const SlaFact& fact) const;
  bool RunsIn(TicketState state) const;
  // The newest clock of the metric that is not yet met or ended; null where there is none.
  Clock* Live(SlaMetric metric);

  const SlaPolicy& policy_;
  const BusinessHours& hours_;
  std::vector<Clock> clocks_;
  std::optional<SlaFact> last_;
};

// The clocks of a whole history, as of a time.
std::vector<ClockStatus> ReckonClocks(const SlaPolicy& policy, const BusinessHours& hours,
                                      const std::vector<SlaFact>& facts, Time as_of);

}  // namespace esnaf::support

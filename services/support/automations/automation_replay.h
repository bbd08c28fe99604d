#pragma once

// What automations would have done about what happened: a dry run, reckoned from the events alone.
#include <map>
#include <vector>

#include "esnaf/support/v1/automations.pb.h"
#include "services/support/automations/automation_notice.h"

namespace esnaf::support {

struct ReplayOptions {
  bool tell_not_met = false;     // also those whose conditions did not hold
  std::size_t most_runs = 1000;  // of which the earliest are told
};

class AutomationReplay {
 public:
  // `hours` are those of the calendars; timers by others never act.
  AutomationReplay(std::vector<Automation> automations, const std::map<std::string, BusinessHours>& hours,
                   ReplayOptions options)
      : automations_(std::move(automations)), hours_(hours), options_(options) {}

  // The events in the order in which they happened; what a timer would have done before is reckoned first. `standing`
  // is the requester's.
  void Follow(const AutomationNotice& notice, Time time, const std::optional<Standing>& standing);
  // Lets the timers of all tickets run on until `now`.
  void RunUntil(Time now);

  std::int64_t event_count() const { return event_count_; }
  std::int64_t fired_count() const { return fired_count_; }
  // The earliest, in order; once.
  std::vector<v1::AutomationRun> TakeRuns();

 private:
  struct Past {
    AutomationFacts facts;
    Time since;                             // when it became what it is
    std::map<std::string, Time> acted_for;  // by automation: the beginning of the clock
  };
  void RunTimers(Past& past, Time until);
  void Tell(Time time, v1::AutomationRun run);
  void KeepEarliest();

  const std::vector<Automation> automations_;
  const std::map<std::string, BusinessHours>& hours_;
  const ReplayOptions options_;
  std::map<Uuid, Past> tickets_;
  std::vector<std::pair<Time, v1::AutomationRun>> runs_;
  std::int64_t event_count_ = 0;
  std::int64_t fired_count_ = 0;
};

}  // namespace esnaf::support

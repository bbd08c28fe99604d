#pragma once

// What a report sums up, group by group. Names of channels and priorities are the contract's.
#include <map>
#include <string>
#include <vector>

#include "services/support/reports/ticket_times.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1.
enum class SupportGrouping {
  kNone = 0,
  kAgent = 1,
  kTeam = 2,
  kChannel = 3,
  kStore = 4,
  kPriority = 5,
  kDay = 6,
  kWeek = 7,
  kMonth = 8,
};

// The first day of what the time falls into: itself, its Monday, the first of its month; for other groupings itself.
Date PeriodOf(SupportGrouping grouping, Time time, const TimeZone& zone);
// In which group a ticket is; channels and priorities by the names of the contract without their prefix.
std::string GroupKey(SupportGrouping grouping, const TimeZone& zone, const SlaSubject& subject,
                     const std::string& assignee, Time create_time);

struct ElapsedList {
  std::vector<Duration> calendar;
  std::vector<Duration> business;
  void Add(const Elapsed& elapsed) {
    calendar.push_back(elapsed.calendar);
    business.push_back(elapsed.business);
  }
};

struct ReportGroup {
  std::int64_t tickets = 0;
  std::int64_t solved = 0;
  std::int64_t ever_solved = 0;
  std::int64_t reopened = 0;
  std::int64_t one_touch = 0;
  std::int64_t agent_replies = 0;
  ElapsedList first_response;
  ElapsedList next_response;
  ElapsedList resolution;
  std::map<SlaMetric, BreachCounts> breaches;
  std::vector<Duration> backlog;  // ages of what is open now

  void Add(const TicketTimes& times, const std::vector<ClockStatus>& clocks);
};

}  // namespace esnaf::support

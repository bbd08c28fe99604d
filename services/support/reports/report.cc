#include "services/support/reports/report.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/support/v1/sla.pb.h"

namespace esnaf::support {

Date PeriodOf(SupportGrouping grouping, Time time, const TimeZone& zone) {
  const Date date = zone.LocalDate(time);
  if (grouping == SupportGrouping::kMonth) return Date(date.year(), date.month(), std::chrono::day(1));
  if (grouping != SupportGrouping::kWeek) return date;
  const std::chrono::sys_days day(date);
  return day - std::chrono::days(std::chrono::weekday(day).iso_encoding() - 1);
}

std::string GroupKey(SupportGrouping grouping, const TimeZone& zone, const SlaSubject& subject,
                     const std::string& assignee, Time create_time) {
  switch (grouping) {
    case SupportGrouping::kNone:
      return {};
    case SupportGrouping::kAgent:
      return assignee;
    case SupportGrouping::kTeam:
      return subject.team;
    case SupportGrouping::kChannel:
      return contacts::v1::Channel_Name(subject.channel).substr(std::string_view("CHANNEL_").size());
    case SupportGrouping::kStore:
      return subject.store_id;
    case SupportGrouping::kPriority:
      return v1::TicketPriority_Name(static_cast<int>(subject.priority))
          .substr(std::string_view("TICKET_PRIORITY_").size());
    case SupportGrouping::kDay:
    case SupportGrouping::kWeek:
    case SupportGrouping::kMonth:
      return FormatDate(PeriodOf(grouping, create_time, zone));
  }
  return {};
}

void ReportGroup::Add(const TicketTimes& times, const std::vector<ClockStatus>& clocks) {
  ++tickets;
  solved += times.solved ? 1 : 0;
  ever_solved += times.ever_solved ? 1 : 0;
  reopened += times.reopened ? 1 : 0;
  one_touch += times.IsOneTouch() ? 1 : 0;
  agent_replies += times.agent_replies;
  if (times.first_response) first_response.Add(*times.first_response);
  for (const Elapsed& elapsed : times.next_responses) next_response.Add(elapsed);
  if (times.resolution) resolution.Add(*times.resolution);
  for (const ClockStatus& clock : clocks) {
    BreachCounts& counts = breaches[clock.metric];
    ++counts.deadlines;
    if (clock.breach_time) ++counts.breaches;
  }
}

}  // namespace esnaf::support

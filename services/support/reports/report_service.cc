#include "services/support/reports/report_service.h"

#include <thread>

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/reports/report_store.h"
#include "services/support/sla/past_tickets.h"
#include "services/support/surveys/survey_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;
using namespace std::chrono_literals;

constexpr std::chrono::days kUsualPeriod{30};
constexpr std::chrono::days kLongestPeriod{366};
constexpr auto kQueuePause = 250ms;
constexpr auto kQueuePeriod = 1s;
constexpr auto kQueueSilence = 15s;

struct ReportScope {
  PastTicketScope tickets;
  SupportGrouping grouping = SupportGrouping::kNone;
  TimeZone zone = TimeZone::Utc();
  Time as_of;
};

absl::StatusOr<ReportScope> ScopeOf(const Call& call, const v1::GetSupportReportRequest& request) {
  ReportScope scope{.tickets = {.end = call.now(), .store_ids = call.caller().store_ids}, .as_of = call.now()};
  if (request.has_end_time()) {
    ESNAF_ASSIGN_OR_RETURN(scope.tickets.end, api::FromProto(request.end_time(), "end_time"));
  }
  scope.tickets.start = scope.tickets.end - kUsualPeriod;
  if (request.has_start_time()) {
    ESNAF_ASSIGN_OR_RETURN(scope.tickets.start, api::FromProto(request.start_time(), "start_time"));
  }
  if (scope.tickets.start >= scope.tickets.end) return InvalidField("start_time", "is not before the end");
  if (scope.tickets.end - scope.tickets.start > kLongestPeriod) {
    return InvalidField("start_time", "is more than 366 days before the end");
  }
  if (!v1::SupportGrouping_IsValid(request.group_by())) return InvalidField("group_by", "is no grouping");
  scope.grouping = static_cast<SupportGrouping>(request.group_by());
  absl::StatusOr<TimeZone> zone = TimeZone::Load(request.time_zone().empty() ? "Europe/Istanbul" : request.time_zone());
  if (!zone.ok()) return InvalidField("time_zone", "is no IANA zone");
  scope.zone = *std::move(zone);
  return scope;
}

google::protobuf::Duration DurationToProto(Duration duration) {
  google::protobuf::Duration message;
  message.set_seconds(duration.count() / 1'000'000);
  message.set_nanos(static_cast<int>(duration.count() % 1'000'000 * 1000));
  return message;
}

v1::SupportTimes TimesToProto(const std::vector<Duration>& calendar, const std::vector<Duration>& business) {
  v1::SupportTimes times;
  times.set_count(static_cast<std::int64_t>(calendar.size()));
  if (const auto median = Percentile(calendar, 50)) *times.mutable_median() = DurationToProto(*median);
  if (const auto p90 = Percentile(calendar, 90)) *times.mutable_p90() = DurationToProto(*p90);
  if (const auto median = Percentile(business, 50)) *times.mutable_business_median() = DurationToProto(*median);
  if (const auto p90 = Percentile(business, 90)) *times.mutable_business_p90() = DurationToProto(*p90);
  return times;
}

double Share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// What was asked and answered by one kind of survey in a group.
struct SurveySums {
  std::int64_t asked = 0;
  ScoreCounts counts;
};

struct GroupSums {
  ReportGroup tickets;
  std::map<SurveyKind, SurveySums> surveys;

  void Add(const AskedSurvey& asked) {
    const ScoreScale scale = ScaleOf(asked.kind);
    SurveySums& sums = surveys[asked.kind];
    sums.counts.resize(static_cast<std::size_t>(scale.most - scale.least + 1));
    ++sums.asked;
    if (asked.score && scale.Holds(*asked.score)) ++sums.counts[static_cast<std::size_t>(*asked.score - scale.least)];
  }
};

v1::SupportReportRow RowToProto(const std::string& key, const GroupSums& sums) {
  const ReportGroup& group = sums.tickets;
  v1::SupportReportRow row;
  row.set_key(key);
  row.set_ticket_count(group.tickets);
  *row.mutable_first_response() = TimesToProto(group.first_response.calendar, group.first_response.business);
  *row.mutable_next_response() = TimesToProto(group.next_response.calendar, group.next_response.business);
  *row.mutable_resolution() = TimesToProto(group.resolution.calendar, group.resolution.business);
  row.set_solved_count(group.solved);
  row.set_reopened_count(group.reopened);
  row.set_reopen_rate(Share(group.reopened, group.ever_solved));
  row.set_one_touch_count(group.one_touch);
  row.set_one_touch_rate(Share(group.one_touch, group.solved));
  row.set_agent_reply_count(group.agent_replies);
  for (const auto& [metric, counts] : group.breaches) {
    v1::SupportBreaches& breaches = *row.add_breaches();
    breaches.set_metric(static_cast<v1::SlaMetric>(metric));
    breaches.set_deadline_count(counts.deadlines);
    breaches.set_breach_count(counts.breaches);
  }
  row.set_open_count(static_cast<std::int64_t>(group.backlog.size()));
  *row.mutable_backlog_age() = TimesToProto(group.backlog, {});
  for (const auto& [kind, answers] : sums.surveys) {
    if (kind == SurveyKind::kCsat) *row.mutable_csat() = ResultsToProto(kind, key, answers.asked, answers.counts);
    if (kind == SurveyKind::kNps) *row.mutable_nps() = ResultsToProto(kind, key, answers.asked, answers.counts);
  }
  return row;
}

class Report {
 public:
  Report(const ReportScope& scope, const SlaBook& book) : scope_(scope), book_(book) {}

  void Add(const PastTicket& ticket) {
    static const SlaPolicy kNoPromise;
    const SlaPolicy* const policy = FirstMatching(book_.policies, ticket.subject);
    const SlaPolicy& counting = policy == nullptr ? kNoPromise : *policy;
    const BusinessHours& hours = book_.HoursOf(counting);
    const TicketTimes times = ReckonTimes(counting, hours, ticket, scope_.as_of);
    const Time until = std::max(scope_.as_of, ticket.facts.back().time);
    const std::vector<ClockStatus> clocks = ReckonClocks(counting, hours, ticket.facts, until);
    total_.tickets.Add(times, clocks);
    Group(ticket.subject, ticket.assignee, ticket.facts.front().time).tickets.Add(times, clocks);
  }
  void Add(const OpenTicket& open) {
    const Duration age = std::max(Duration(0), scope_.as_of - open.create_time);
    total_.tickets.backlog.push_back(age);
    const bool by_time = scope_.grouping >= SupportGrouping::kDay;
    const bool within = open.create_time >= scope_.tickets.start && open.create_time < scope_.tickets.end;
    if (!by_time || within) Group(open.subject, open.assignee, open.create_time).tickets.backlog.push_back(age);
  }
  void Add(const AskedSurvey& asked) {
    total_.Add(asked);
    if (scope_.grouping == SupportGrouping::kChannel || scope_.grouping == SupportGrouping::kPriority) return;
    Group({.team = asked.team, .store_id = asked.store_id}, asked.agent, asked.ask_time).Add(asked);
  }

  v1::SupportReport ToProto() const {
    v1::SupportReport report;
    *report.mutable_start_time() = api::ToProto(scope_.tickets.start);
    *report.mutable_end_time() = api::ToProto(scope_.tickets.end);
    *report.mutable_as_of_time() = api::ToProto(scope_.as_of);
    *report.mutable_total() = RowToProto("", total_);
    if (scope_.grouping == SupportGrouping::kNone) return report;
    for (const auto& [key, sums] : groups_) *report.add_rows() = RowToProto(key, sums);
    return report;
  }

 private:
  GroupSums& Group(const SlaSubject& subject, const std::string& assignee, Time create_time) {
    return groups_[GroupKey(scope_.grouping, scope_.zone, subject, assignee, create_time)];
  }

  const ReportScope& scope_;
  const SlaBook& book_;
  GroupSums total_;
  std::map<std::string, GroupSums> groups_;
};

v1::SupportQueue QueueToProto(const QueueCounts& counts, Time now) {
  v1::SupportQueue queue;
  *queue.mutable_as_of_time() = api::ToProto(now);
  queue.set_new_count(counts.fresh);
  queue.set_open_count(counts.open);
  queue.set_pending_count(counts.pending);
  queue.set_on_hold_count(counts.on_hold);
  queue.set_unassigned_count(counts.unassigned);
  queue.set_overdue_count(counts.overdue);
  queue.set_due_soon_count(counts.due_soon);
  if (counts.oldest_time) *queue.mutable_oldest_time() = api::ToProto(*counts.oldest_time);
  return queue;
}

}  // namespace

runtime::RpcService SupportReportService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.SupportReportService");
  rpcs.Unary("GetSupportReport", this, &SupportReportService::GetSupportReport)
      .Unary("GetRetentionReport", this, &SupportReportService::GetRetentionReport)
      .ServerStream("WatchSupportQueue", this, &SupportReportService::WatchSupportQueue);
  return rpcs;
}

absl::StatusOr<v1::SupportReport> SupportReportService::GetSupportReport(Call& call,
                                                                         const v1::GetSupportReportRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const ReportScope scope, ScopeOf(call, request));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::SupportReport> {
    ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, ReadBook(tx, nullptr));
    Report report(scope, *book);
    ESNAF_RETURN_IF_ERROR(VisitPastTickets(
        tx, scope.tickets, [&] { return call.cancelled(); }, [&](const PastTicket& ticket) { report.Add(ticket); }));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<OpenTicket> open, ReadOpenTickets(tx, scope.tickets.store_ids));
    for (const OpenTicket& ticket : open) report.Add(ticket);
    ESNAF_ASSIGN_OR_RETURN(const std::vector<AskedSurvey> asked,
                           ReadAskedSurveys(tx, scope.tickets.start, scope.tickets.end, scope.tickets.store_ids));
    for (const AskedSurvey& survey : asked) report.Add(survey);
    return report.ToProto();
  });
}

absl::Status SupportReportService::WatchSupportQueue(Call& call, const v1::WatchSupportQueueRequest& request,
                                                     runtime::StreamWriter<v1::SupportQueue>& writer) {
  using Steady = std::chrono::steady_clock;
  std::optional<QueueCounts> told;
  Steady::time_point told_at;
  Steady::time_point next = Steady::now();
  while (!closed_ && !call.cancelled()) {
    if (Steady::now() < next) {
      std::this_thread::sleep_for(kQueuePause);
      continue;
    }
    next = Steady::now() + kQueuePeriod;
    const Time now = call.clock().Now();
    // A stream goes on beyond the deadline of its first answer.
    ESNAF_ASSIGN_OR_RETURN(const QueueCounts counts,
                           call.connection().Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) {
                             return CountQueue(tx, request.team(), call.caller().store_ids, now);
                           }));
    if (told == counts && Steady::now() - told_at < kQueueSilence) continue;
    if (!writer.Write(QueueToProto(counts, now))) break;
    told = counts;
    told_at = Steady::now();
  }
  return closed_ ? absl::UnavailableError("the service stops") : absl::CancelledError("nobody watches any more");
}

}  // namespace esnaf::support

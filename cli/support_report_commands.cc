// How the help desk does: the report and the live queue, below `esnaf tickets`.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/reports.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.SupportReportService/";

struct Arguments {
  std::string group_by, team, first_month, last_month, policy;
  int days = 30;
  bool watch = false;
};
using SharedArguments = std::shared_ptr<Arguments>;

// `1:05` hours and minutes; empty where there is none.
std::string ShowHours(bool given, const google::protobuf::Duration& duration) {
  if (!given) return "";
  const std::int64_t minutes = duration.seconds() / 60;
  return absl::StrFormat("%d:%02d", minutes / 60, minutes % 60);
}
std::string ShowMedian(const v1::SupportTimes& times) {
  return ShowHours(times.has_business_median(), times.business_median());
}
std::string ShowP90(const v1::SupportTimes& times) { return ShowHours(times.has_business_p90(), times.business_p90()); }

std::int64_t BreachesOf(const v1::SupportReportRow& row) {
  std::int64_t breaches = 0;
  for (const v1::SupportBreaches& of_metric : row.breaches()) breaches += of_metric.breach_count();
  return breaches;
}

Table ReportTable(const v1::SupportReport& report) {
  Table table{{"GROUP", "TICKETS", "FIRST", "P90", "SOLVED IN", "P90", "SOLVED", "ONE TOUCH", "REOPENED", "BREACHES",
               "OPEN", "CSAT", "NPS"},
              {}};
  const auto add = [&](const std::string& name, const v1::SupportReportRow& row) {
    table.rows.push_back({name, std::to_string(row.ticket_count()), ShowMedian(row.first_response()),
                          ShowP90(row.first_response()), ShowMedian(row.resolution()), ShowP90(row.resolution()),
                          std::to_string(row.solved_count()), absl::StrFormat("%.0f %%", 100 * row.one_touch_rate()),
                          absl::StrFormat("%.0f %%", 100 * row.reopen_rate()), std::to_string(BreachesOf(row)),
                          std::to_string(row.open_count()),
                          row.csat().answer_count() > 0 ? absl::StrFormat("%.0f %%", 100 * row.csat().value()) : "",
                          row.nps().answer_count() > 0 ? absl::StrFormat("%.0f", row.nps().value()) : ""});
  };
  for (const v1::SupportReportRow& row : report.rows()) add(row.key().empty() ? "-" : row.key(), row);
  add("all", report.total());
  return table;
}

void AddReport(CLI::App& tickets, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* report = tickets.add_subcommand("report", "How the help desk does; times are hours of working time");
  report->add_option("--by", arguments->group_by, "agent, team, channel, store, priority, day, week or month")
      ->check(CLI::IsMember({"agent", "team", "channel", "store", "priority", "day", "week", "month"}));
  report->add_option("--days", arguments->days, "Of tickets created in so many days until now")
      ->capture_default_str()
      ->check(CLI::Range(1, 366));
  report->callback([&context, arguments] {
    v1::GetSupportReportRequest request;
    v1::SupportGrouping grouping = v1::SUPPORT_GROUPING_UNSPECIFIED;
    v1::SupportGrouping_Parse("SUPPORT_GROUPING_" + absl::AsciiStrToUpper(arguments->group_by), &grouping);
    request.set_group_by(grouping);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    request.mutable_start_time()->set_seconds(
        std::chrono::duration_cast<std::chrono::seconds>(now - std::chrono::days(arguments->days)).count());
    const auto answer = context.client().Call<v1::SupportReport>(kService + "GetSupportReport", request);
    if (answer.ok()) Print(context.format, ReportTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

std::string ShowPercent(bool given, double share) { return given ? absl::StrFormat("%.1f %%", 100 * share) : ""; }

Table RetentionTable(const v1::RetentionReport& report) {
  Table table{{"WHO", "DAYS", "PEOPLE", "ORDERED", "OTHERS", "ORDERED", "DIFFERENCE", "FROM", "TO", "MONTHS NOT OVER",
               "SMALL OR ONE-SIDED"},
              {}};
  for (const v1::RetentionComparison& comparison : report.comparisons()) {
    const bool given = comparison.has_difference(), bounded = comparison.has_lower_bound();
    const auto weak = std::count_if(
        comparison.strata().begin(), comparison.strata().end(),
        [](const v1::RetentionStratum& stratum) { return stratum.state() != v1::RETENTION_STRATUM_STATE_COMPARED; });
    const std::string who = v1::RetentionExposure_Name(comparison.exposure());
    table.rows.push_back(
        {absl::AsciiStrToLower(who.substr(std::string_view("RETENTION_EXPOSURE_").size())),
         std::to_string(comparison.horizon_days()), std::to_string(comparison.exposed_count()),
         ShowPercent(given, comparison.exposed_share()), std::to_string(comparison.compared_count()),
         ShowPercent(given, comparison.compared_share()), ShowPercent(given, comparison.difference()),
         ShowPercent(bounded, comparison.lower_bound()), ShowPercent(bounded, comparison.upper_bound()),
         std::to_string(comparison.censored_months_size()), absl::StrCat(weak, " of ", comparison.strata_size())});
  }
  return table;
}

void AddRetention(CLI::App& tickets, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* retention = tickets.add_subcommand(
      "retention", "Whether those who asked, were kept waiting or were not content order again as often as others");
  retention->add_option("--from", arguments->first_month, "The first month, YYYY-MM; five before the last");
  retention->add_option("--to", arguments->last_month, "The last month, YYYY-MM; the last one that is over");
  retention->add_option("--policy", arguments->policy, "The RFM policy whose labels match people");
  retention->callback([&context, arguments] {
    v1::GetRetentionReportRequest request;
    request.set_first_month(arguments->first_month);
    request.set_last_month(arguments->last_month);
    request.set_rfm_policy_id(arguments->policy);
    const auto answer = context.client().Call<v1::RetentionReport>(kService + "GetRetentionReport", request);
    if (answer.ok()) Print(context.format, RetentionTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

// Prints the queue once, or goes on with each change.
void ShowQueue(Context& context, const Arguments& arguments) {
  v1::WatchSupportQueueRequest request;
  request.set_team(arguments.team);
  context.Finish(context.client().Stream<v1::SupportQueue>(
      kService + "WatchSupportQueue", request, [&](const v1::SupportQueue& now) {
        const Table table{{"AS OF", "NEW", "OPEN", "PENDING", "ON HOLD", "UNASSIGNED", "OVERDUE", "DUE SOON"},
                          {{ShowTime(now.as_of_time()), std::to_string(now.new_count()),
                            std::to_string(now.open_count()), std::to_string(now.pending_count()),
                            std::to_string(now.on_hold_count()), std::to_string(now.unassigned_count()),
                            std::to_string(now.overdue_count()), std::to_string(now.due_soon_count())}}};
        Print(context.format, table, now);
        std::cout.flush();
        return arguments.watch;
      }));
}

void AddQueue(CLI::App& tickets, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* queue = tickets.add_subcommand("queue", "How many tickets wait");
  queue->add_option("--team", arguments->team, "Only of this team");
  queue->add_flag("--watch", arguments->watch, "Go on with each change");
  queue->callback([&context, arguments] { ShowQueue(context, *arguments); });
}

void AddQueueWatch(CLI::App& queue, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  arguments->watch = true;
  auto* watch = queue.add_subcommand("watch", "How many tickets wait, with each change");
  watch->add_option("TEAM", arguments->team, "Only of this team");
  watch->callback([&context, arguments] { ShowQueue(context, *arguments); });
}

}  // namespace

void AddSupportReportCommands(CLI::App& app, Context& context) {
  CLI::App* const tickets = app.get_subcommand("tickets");
  AddReport(*tickets, context);
  AddRetention(*tickets, context);
  AddQueue(*tickets, context);
  AddQueueWatch(*app.get_subcommand("queue"), context);
}

}  // namespace esnaf::cli

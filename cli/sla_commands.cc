// What the firm promises its customers: the policies, and what another one would have meant.
#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/sla.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.SlaService/";

struct Arguments {
  std::string id, file;
  int first_response = 0, next_response = 0, resolution = 0, days = 365, page_size = 20;
};
using SharedArguments = std::shared_ptr<Arguments>;

std::string Short(const std::string& name, const std::string& prefix) {
  return absl::AsciiStrToLower(name.substr(std::min(prefix.size(), name.size())));
}
std::string MetricText(v1::SlaMetric metric) { return Short(v1::SlaMetric_Name(metric), "SLA_METRIC_"); }
std::string PriorityText(v1::TicketPriority priority) {
  return Short(v1::TicketPriority_Name(priority), "TICKET_PRIORITY_");
}
std::string Minutes(bool given, int minutes) { return given ? std::to_string(minutes) : ""; }

void AddPolicies(CLI::App& sla, Context& context) {
  sla.add_subcommand("policies", "What is promised, in minutes of working time; the first one that matches counts")
      ->callback([&context] {
        v1::ListSlaPoliciesRequest request;
        request.set_page_size(1000);
        const auto answer = context.client().Call<v1::ListSlaPoliciesResponse>(kService + "ListSlaPolicies", request);
        if (answer.ok()) {
          Table table{{"ID", "FIRST RESPONSE", "NEXT RESPONSE", "RESOLUTION", "NAME"}, {}};
          for (const v1::SlaPolicy& policy : answer->policies()) {
            const v1::SlaTargets& targets = policy.targets();
            table.rows.push_back(
                {policy.id(), Minutes(targets.has_first_response_minutes(), targets.first_response_minutes()),
                 Minutes(targets.has_next_response_minutes(), targets.next_response_minutes()),
                 Minutes(targets.has_resolution_minutes(), targets.resolution_minutes()), policy.display_name()});
          }
          Print(context.format, table, *answer);
        }
        context.Finish(answer.status());
      });
}

// The draft: a file as the API writes policies, or a policy that there is, with the targets that are given in place of
// its own.
absl::StatusOr<v1::SlaPolicy> ReadDraft(Context& context, const Arguments& arguments) {
  v1::SlaPolicy draft;
  if (arguments.file.empty()) {
    v1::GetSlaPolicyRequest request;
    request.set_id(arguments.id);
    ESNAF_ASSIGN_OR_RETURN(draft, context.client().Call<v1::SlaPolicy>(kService + "GetSlaPolicy", request));
  } else {
    std::ifstream file(arguments.file);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return absl::InvalidArgumentError(absl::StrCat("the file ", arguments.file, " cannot be read"));
    const auto read = google::protobuf::util::JsonStringToMessage(text.str(), &draft);
    if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(arguments.file, ": ", read.ToString()));
  }
  v1::SlaTargets& targets = *draft.mutable_targets();
  if (arguments.first_response > 0) targets.set_first_response_minutes(arguments.first_response);
  if (arguments.next_response > 0) targets.set_next_response_minutes(arguments.next_response);
  if (arguments.resolution > 0) targets.set_resolution_minutes(arguments.resolution);
  return draft;
}

Table BacktestTable(const v1::SlaBacktest& backtest) {
  Table table{{"TARGET", "PRIORITY", "DEADLINES", "BREACHED", "DEADLINES THEN", "BREACHED THEN"}, {}};
  for (const v1::SlaBacktestRow& row : backtest.rows()) {
    table.rows.push_back({MetricText(row.metric()), PriorityText(row.priority()), std::to_string(row.deadline_count()),
                          std::to_string(row.breach_count()), std::to_string(row.draft_deadline_count()),
                          std::to_string(row.draft_breach_count())});
  }
  return table;
}

// What is not in the table, for people.
void TellChanges(const v1::SlaBacktest& backtest) {
  std::cout << absl::StrFormat("%d tickets, %d of them by the draft: %d breaches more, %d less\n",
                               backtest.ticket_count(), backtest.draft_ticket_count(), backtest.new_breach_count(),
                               backtest.avoided_breach_count());
  for (const v1::SlaBacktestChange& change : backtest.changes()) {
    const bool breaches = change.has_draft_breach_time();
    std::cout << absl::StrFormat("  #%d %s: %s %s\n", change.ticket_number(), MetricText(change.metric()),
                                 breaches ? "would be breached at" : "would not be breached, as it was at",
                                 ShowTime(breaches ? change.draft_breach_time() : change.breach_time()));
  }
}

void AddBacktest(CLI::App& sla, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* backtest = sla.add_subcommand("backtest", "Replay past tickets under a draft; nothing changes");
  auto* id = backtest->add_option("POLICY", arguments->id, "A policy that there is, to try with other targets");
  auto* file = backtest->add_option("--file", arguments->file, "A draft as JSON, in place of a policy");
  id->excludes(file);
  const auto add_target = [&](const char* name, int& minutes, const char* what) {
    backtest->add_option(name, minutes, what)->check(CLI::Range(1, 527'040));
  };
  add_target("--first-response", arguments->first_response, "Minutes until the first response");
  add_target("--next-response", arguments->next_response, "Minutes until the next one");
  add_target("--resolution", arguments->resolution, "Minutes until the ticket is solved");
  backtest->add_option("--days", arguments->days, "Of tickets created in so many days until now")
      ->capture_default_str()
      ->check(CLI::Range(1, 366));
  backtest->add_option("--changes", arguments->page_size, "The most deadlines to tell one by one")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  backtest->callback([&context, arguments] {
    if (arguments->id.empty() && arguments->file.empty()) throw CLI::RequiredError("POLICY or --file");
    auto draft = ReadDraft(context, *arguments);
    if (!draft.ok()) return context.Finish(draft.status());
    v1::BacktestSlaPolicyRequest request;
    *request.mutable_policy() = *std::move(draft);
    request.set_page_size(arguments->page_size);
    const auto start = std::chrono::system_clock::now() - std::chrono::days(arguments->days);
    request.mutable_start_time()->set_seconds(
        std::chrono::duration_cast<std::chrono::seconds>(start.time_since_epoch()).count());
    const auto answer = context.client().Call<v1::SlaBacktest>(kService + "BacktestSlaPolicy", request);
    if (answer.ok()) {
      Print(context.format, BacktestTable(*answer), *answer);
      if (context.format == Format::kTable) TellChanges(*answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

void AddSlaCommands(CLI::App& app, Context& context) {
  auto* sla = app.add_subcommand("sla", "What is promised to customers who ask");
  sla->require_subcommand(1);
  AddPolicies(*sla, context);
  AddBacktest(*sla, context);
}

}  // namespace esnaf::cli

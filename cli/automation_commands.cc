// What the desk does by itself: automations, what they did and would have done, and the calls of other systems.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/ascii.h"
#include "cli/command_line.h"
#include "esnaf/support/v1/automations.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = support::v1;

const std::string kService = "support.v1.AutomationService/";

struct Arguments {
  std::string id, ticket, filter;
  int days = 0, page_size = 50;
};
using SharedArguments = std::shared_ptr<Arguments>;

// `AUTOMATION_EVENT_CREATED` as people read it.
std::string Short(const std::string& name, const std::string& prefix) {
  return absl::AsciiStrToLower(name.substr(std::min(prefix.size(), name.size())));
}

std::string EventsText(const google::protobuf::RepeatedField<int>& events) {
  std::string text;
  for (const int event : events) {
    text += (text.empty() ? "" : " ") +
            Short(v1::AutomationEvent_Name(static_cast<v1::AutomationEvent>(event)), "AUTOMATION_EVENT_");
  }
  return text;
}

std::string WhenText(const v1::Automation& automation) {
  if (!automation.has_timer()) return EventsText(automation.events());
  return std::to_string(automation.timer().hours()) + " h after " +
         Short(v1::AutomationClock_Name(automation.timer().clock()), "AUTOMATION_CLOCK_");
}

template <typename Automations>
Table AutomationTable(const Automations& automations) {
  Table table{{"ID", "POSITION", "DISABLED", "WHEN", "CONDITIONS", "LAST", "NAME"}, {}};
  for (const v1::Automation& automation : automations) {
    table.rows.push_back({automation.id(), std::to_string(automation.position()), automation.disabled() ? "yes" : "",
                          WhenText(automation),
                          std::to_string(automation.all_conditions_size() + automation.any_conditions_size()),
                          automation.last() ? "yes" : "", automation.display_name()});
  }
  return table;
}

// Each condition with its values: `yes state = OPEN (state: OPEN)`.
std::string WhyText(const v1::AutomationRun& run) {
  std::string text;
  for (const v1::AutomationConditionResult& result : run.conditions()) {
    text += (text.empty() ? "" : "; ") + std::string(result.holds() ? "yes " : "no ") + result.condition();
    std::string values;
    const std::map<std::string, std::string> sorted(result.values().begin(), result.values().end());
    for (const auto& [name, value] : sorted) values += (values.empty() ? "" : ", ") + name + ": " + value;
    if (!values.empty()) text += " (" + values + ")";
  }
  return text;
}

template <typename Runs>
Table RunTable(const Runs& runs) {
  Table table{{"TIME", "AUTOMATION", "TICKET", "OUTCOME", "REASON", "ON", "WHY"}, {}};
  for (const v1::AutomationRun& run : runs) {
    table.rows.push_back({ShowTime(run.run_time()), run.automation_id(), std::to_string(run.ticket_number()),
                          Short(v1::AutomationOutcome_Name(run.outcome()), "AUTOMATION_OUTCOME_"), run.reason(),
                          EventsText(run.events()), WhyText(run)});
  }
  return table;
}

void AddReading(CLI::App& automations, Context& context, const SharedArguments& arguments) {
  auto* list = automations.add_subcommand("list", "The automations in the order in which they act");
  list->callback([&context] {
    v1::ListAutomationsRequest request;
    request.set_page_size(1000);
    const auto page = context.client().Call<v1::ListAutomationsResponse>(kService + "ListAutomations", request);
    if (page.ok()) Print(context.format, AutomationTable(page->automations()), *page);
    context.Finish(page.status());
  });
  auto* show = automations.add_subcommand("show", "One automation; --format json shows all of it");
  show->add_option("ID", arguments->id, "What it is called by")->required();
  show->callback([&context, arguments] {
    v1::GetAutomationRequest request;
    request.set_id(arguments->id);
    const auto automation = context.client().Call<v1::Automation>(kService + "GetAutomation", request);
    if (automation.ok()) {
      Print(context.format, AutomationTable(std::vector<v1::Automation>{*automation}), *automation);
    }
    context.Finish(automation.status());
  });
}

void AddRuns(CLI::App& automations, Context& context, const SharedArguments& arguments) {
  auto* runs = automations.add_subcommand("runs", "What they did and were kept from, newest first");
  runs->add_option("--filter", arguments->filter, "For example: automation_id = close_silent AND outcome = FIRED");
  runs->add_option("--page-size", arguments->page_size, "The most rows")->capture_default_str();
  runs->callback([&context, arguments] {
    v1::ListAutomationRunsRequest request;
    request.set_filter(arguments->filter);
    request.set_page_size(arguments->page_size);
    const auto page = context.client().Call<v1::ListAutomationRunsResponse>(kService + "ListAutomationRuns", request);
    if (page.ok()) Print(context.format, RunTable(page->runs()), *page);
    context.Finish(page.status());
  });
  auto* dry_run = automations.add_subcommand("dry-run", "What they would have done in the past days; nothing changes");
  dry_run->add_option("ID", arguments->id, "One of them; all that are not disabled where it is not given");
  dry_run->add_option("--ticket", arguments->ticket, "About this ticket (its id) alone, with why not");
  dry_run->add_option("--days", arguments->days, "How many days to look back, at most 30");
  dry_run->add_option("--page-size", arguments->page_size, "The most rows")->capture_default_str();
  dry_run->callback([&context, arguments] {
    v1::DryRunAutomationsRequest request;
    request.set_automation_id(arguments->id);
    request.set_ticket_id(arguments->ticket);
    request.set_days(arguments->days);
    request.set_page_size(arguments->page_size);
    const auto answer = context.client().Call<v1::DryRunAutomationsResponse>(kService + "DryRunAutomations", request);
    if (answer.ok()) {
      Print(context.format, RunTable(answer->runs()), *answer);
      std::cerr << answer->fired_count() << " would have acted, of " << answer->event_count() << " events\n";
    }
    context.Finish(answer.status());
  });
}

}  // namespace

void AddAutomationCommands(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* automations = app.add_subcommand("automations", "What the support desk does by itself");
  automations->require_subcommand(1);
  AddReading(*automations, context, arguments);
  AddRuns(*automations, context, arguments);
}

}  // namespace esnaf::cli

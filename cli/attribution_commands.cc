#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/attribution_tables.h"
#include "cli/command_line.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = attribution::v1;

constexpr int kUsualPage = 50;
constexpr int kLargestPage = 10000;

struct Arguments {
  std::string from, to, model = "last_non_direct", level = "campaign", period, store, customers, currency, as_known;
  std::string channel, platform, campaign, ad_group, compare_from, page_token, order, show = "paths";
  std::optional<int> page_size;
  int markov_order = 0, paths = 20;
  bool by_store = false, chart = false, all = false;
};

// A value of an enum by its name without the prefix, in lower case.
template <typename Enum>
std::map<std::string, Enum> Words(const google::protobuf::EnumDescriptor* descriptor, std::size_t prefix) {
  std::map<std::string, Enum> words;
  for (int i = 1; i < descriptor->value_count(); ++i) {
    std::string word = descriptor->value(i)->name().substr(prefix);
    for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    words[word] = static_cast<Enum>(descriptor->value(i)->number());
  }
  return words;
}

const std::map<std::string, v1::AttributionModel>& Models() {
  static const auto kWords =
      Words<v1::AttributionModel>(v1::AttributionModel_descriptor(), sizeof("ATTRIBUTION_MODEL_") - 1);
  return kWords;
}
const std::map<std::string, v1::ReportLevel>& Levels() {
  static const auto kWords = Words<v1::ReportLevel>(v1::ReportLevel_descriptor(), sizeof("REPORT_LEVEL_") - 1);
  return kWords;
}
const std::map<std::string, v1::ReportPeriod>& Periods() {
  static const auto kWords = Words<v1::ReportPeriod>(v1::ReportPeriod_descriptor(), sizeof("REPORT_PERIOD_") - 1);
  return kWords;
}

template <typename Enum>
std::vector<std::string> NamesOf(const std::map<std::string, Enum>& words) {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  return names;
}

template <typename Enum>
Enum ValueOf(const std::map<std::string, Enum>& words, const std::string& name) {
  const auto found = words.find(name);
  return found == words.end() ? Enum{} : found->second;
}

void AddDays(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("--from", arguments->from, "The first day, YYYY-MM-DD; 29 days before the last where not given");
  command->add_option("--to", arguments->to, "The last day, included; today where not given");
  command->add_option("--store", arguments->store, "Only this store");
  command->add_option("--currency", arguments->currency, "ISO 4217; the most frequent where not given");
}

void AddModel(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("--model", arguments->model, "How credit is shared")
      ->check(CLI::IsMember(NamesOf(Models())))
      ->capture_default_str();
}

template <typename Request>
Request DaysRequest(const Arguments& arguments) {
  Request request;
  request.set_from_date(arguments.from);
  request.set_to_date(arguments.to);
  request.set_store_id(arguments.store);
  request.set_currency_code(arguments.currency);
  return request;
}

absl::StatusOr<v1::GetAttributionReportRequest> ReportRequest(const Arguments& arguments) {
  auto request = DaysRequest<v1::GetAttributionReportRequest>(arguments);
  request.set_model(ValueOf(Models(), arguments.model));
  request.set_level(ValueOf(Levels(), arguments.level));
  request.set_period(ValueOf(Periods(), arguments.period));
  request.set_customers(arguments.customers == "new"         ? v1::CUSTOMER_FILTER_NEW
                        : arguments.customers == "returning" ? v1::CUSTOMER_FILTER_RETURNING
                                                             : v1::CUSTOMER_FILTER_UNSPECIFIED);
  request.set_channel(arguments.channel);
  request.set_platform(arguments.platform);
  request.set_campaign(arguments.campaign);
  request.set_ad_group(arguments.ad_group);
  request.set_compare_from_date(arguments.compare_from);
  request.set_by_store(arguments.by_store);
  request.set_page_size(arguments.page_size.value_or(arguments.all ? kLargestPage : kUsualPage));
  request.set_page_token(arguments.page_token);
  if (!arguments.as_known.empty()) {
    const auto time = TimeZone::Utc().ParseLocal(arguments.as_known);
    if (!time.ok())
      return absl::InvalidArgumentError(absl::StrCat("--as-known: \"", arguments.as_known, "\" is no time"));
    *request.mutable_as_known_time() = api::ToProto(*time);
  }
  return request;
}

// The report with the rows of the page that the request asks for, or of that and all behind it.
absl::StatusOr<v1::AttributionReport> AskReport(Context& context, v1::GetAttributionReportRequest request, bool all) {
  constexpr char kMethod[] = "attribution.v1.ReportService/GetAttributionReport";
  absl::StatusOr<v1::AttributionReport> report = context.client().Call<v1::AttributionReport>(kMethod, request);
  while (all && report.ok() && !report->next_page_token().empty()) {
    request.set_page_token(report->next_page_token());
    absl::StatusOr<v1::AttributionReport> next = context.client().Call<v1::AttributionReport>(kMethod, request);
    if (!next.ok()) return next.status();
    report->mutable_rows()->MergeFrom(next->rows());
    report->set_next_page_token(next->next_page_token());
  }
  return report;
}

void AddReport(CLI::App& attribution, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* report = attribution.add_subcommand("report", "What ads cost, and what they brought");
  AddDays(report, arguments);
  AddModel(report, arguments);
  report->add_option("--by", arguments->level, "What a row stands for")
      ->check(CLI::IsMember(NamesOf(Levels())))
      ->capture_default_str();
  report->add_option("--per", arguments->period, "What a row covers in time; all days where not given")
      ->check(CLI::IsMember(NamesOf(Periods())));
  report->add_option("--customers", arguments->customers, "Only first, or only later orders")
      ->check(CLI::IsMember({"new", "returning"}));
  report->add_option("--channel", arguments->channel, "Only this channel");
  report->add_option("--platform", arguments->platform, "Only this platform, for example google");
  report->add_option("--campaign", arguments->campaign, "Only the campaign of this id or name");
  report->add_option("--ad-group", arguments->ad_group, "Only the ad group of this id or name");
  report->add_option("--compare-from", arguments->compare_from, "Beside as many days from this one on");
  report->add_option("--as-known", arguments->as_known, "As it was known then; now where not given");
  report->add_flag("--by-store", arguments->by_store, "A row for each store");
  report->add_flag("--chart", arguments->chart, "A chart of net and spend below the table");
  report->add_option("--page-size", arguments->page_size, "The most rows, 50 where not given");
  report->add_option("--page-token", arguments->page_token, "What the last page gave");
  report->add_flag("--all", arguments->all, "Every row, for example for --output csv");
  report->callback([&context, arguments] {
    const auto request = ReportRequest(*arguments);
    if (!request.ok()) return context.Finish(request.status());
    const auto answer = AskReport(context, *request, arguments->all);
    if (answer.ok()) {
      Print(context.format, ReportTable(*answer), *answer);
      if (arguments->chart && context.format == Format::kTable) std::cout << "\n" << ReportChart(*answer);
      if (answer->other_currency_order_count() > 0) {
        std::cerr << answer->other_currency_order_count() << " orders in other currencies are left out\n";
      }
      if (!answer->next_page_token().empty()) std::cerr << "more: --page-token " << answer->next_page_token() << "\n";
    }
    context.Finish(answer.status());
  });
}

void AddCompare(CLI::App& attribution, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* compare = attribution.add_subcommand("compare", "Orders per channel under every model, side by side");
  AddDays(compare, arguments);
  compare->add_option("--markov-order", arguments->markov_order, "1 to 4; the settings' where not given");
  compare->callback([&context, arguments] {
    auto request = DaysRequest<v1::CompareModelsRequest>(*arguments);
    request.set_markov_order(arguments->markov_order);
    const auto answer =
        context.client().Call<v1::ModelComparison>("attribution.v1.ReportService/CompareModels", request);
    if (answer.ok()) Print(context.format, ComparisonTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

Table PathsTableOf(const std::string& show, const v1::ConversionPaths& paths) {
  if (show == "days") return CountsTable("DAYS", paths.days_to_conversion());
  if (show == "touches") return CountsTable("TOUCHES", paths.touches_to_conversion());
  return show == "assists" ? AssistsTable(paths) : PathsTable(paths);
}

void AddPaths(CLI::App& attribution, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* paths = attribution.add_subcommand("paths", "By which sequences of channels orders came, and how long it took");
  AddDays(paths, arguments);
  paths
      ->add_option(
          "--show", arguments->show,
          "The paths; orders by days or by touches from the first touch to the order; or which channels assisted")
      ->check(CLI::IsMember({"paths", "days", "touches", "assists"}))
      ->capture_default_str();
  paths->add_option("--count", arguments->paths, "The most paths")->capture_default_str();
  paths->callback([&context, arguments] {
    auto request = DaysRequest<v1::GetConversionPathsRequest>(*arguments);
    request.set_path_count(arguments->paths);
    const auto answer =
        context.client().Call<v1::ConversionPaths>("attribution.v1.ReportService/GetConversionPaths", request);
    if (answer.ok()) Print(context.format, PathsTableOf(arguments->show, *answer), *answer);
    context.Finish(answer.status());
  });
}

void AddCohorts(CLI::App& attribution, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* cohorts = attribution.add_subcommand("cohorts", "What the customers whom campaigns acquired have been worth");
  cohorts->add_option("--from", arguments->from, "The first month, YYYY-MM; 11 before the last where not given");
  cohorts->add_option("--to", arguments->to, "The last month, included; this one where not given");
  cohorts->add_option("--store", arguments->store, "Only this store");
  cohorts->add_option("--currency", arguments->currency, "ISO 4217; the most frequent where not given");
  cohorts->add_option("--by", arguments->level, "channel or campaign")->check(CLI::IsMember({"channel", "campaign"}));
  AddModel(cohorts, arguments);
  cohorts->callback([&context, arguments] {
    v1::GetAcquisitionCohortsRequest request;
    request.set_from_month(arguments->from);
    request.set_to_month(arguments->to);
    request.set_store_id(arguments->store);
    request.set_currency_code(arguments->currency);
    request.set_level(ValueOf(Levels(), arguments->level));
    request.set_model(ValueOf(Models(), arguments->model));
    const auto answer =
        context.client().Call<v1::AcquisitionCohorts>("attribution.v1.ReportService/GetAcquisitionCohorts", request);
    if (answer.ok()) Print(context.format, CohortsTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

void AddExplain(CLI::App& attribution, Context& context, const std::shared_ptr<Arguments>& arguments) {
  auto* explain = attribution.add_subcommand("explain", "Why an order is credited as it is");
  explain->add_option("order", arguments->order, "The order's id")->required();
  explain->callback([&context, arguments] {
    v1::ExplainCreditRequest request;
    request.set_order_id(arguments->order);
    const auto answer =
        context.client().Call<v1::CreditExplanation>("attribution.v1.CreditService/ExplainCredit", request);
    if (answer.ok()) Print(context.format, ExplanationTable(*answer), *answer);
    context.Finish(answer.status());
  });
}

}  // namespace

void AddAttributionCommands(CLI::App& app, Context& context) {
  auto* attribution = app.add_subcommand("attribution", "Ad spend against the orders that it brought");
  attribution->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  AddReport(*attribution, context, arguments);
  AddCompare(*attribution, context, arguments);
  AddPaths(*attribution, context, arguments);
  AddCohorts(*attribution, context, arguments);
  AddExplain(*attribution, context, arguments);
}

}  // namespace esnaf::cli

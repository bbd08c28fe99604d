// What advertising cost: imports, lists, and the rates that they are converted at.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/command_line.h"
#include "cli/gzip.h"
#include "esnaf/attribution/v1/spend.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = attribution::v1;

const std::string kSpendService = "attribution.v1.AdSpendService/";
const std::string kRateService = "attribution.v1.CurrencyRateService/";

struct Arguments {
  std::string file, store, platform, account, currency, format, decimal, date_order, from, to, by = "platform";
  std::string filter, page_token, day, rate, rate_from, rate_to, source = "hand";
  std::vector<std::string> columns;
  int page_size = 50;
  bool skip_bad_lines = false, dry_run = false;
};
using SharedArguments = std::shared_ptr<Arguments>;

// What each value of an option means; CLI11 refuses others and lists these.
const std::map<std::string, v1::SpendFormat> kFormats = {{"google", v1::SPEND_FORMAT_GOOGLE_ADS_TABLE},
                                                         {"google-json", v1::SPEND_FORMAT_GOOGLE_ADS_JSON},
                                                         {"meta", v1::SPEND_FORMAT_META_TABLE},
                                                         {"meta-json", v1::SPEND_FORMAT_META_JSON},
                                                         {"table", v1::SPEND_FORMAT_GENERIC_TABLE}};
const std::map<std::string, v1::SpendGrouping> kGroupings = {{"platform", v1::SPEND_GROUPING_UNSPECIFIED},
                                                             {"campaign", v1::SPEND_GROUPING_CAMPAIGN},
                                                             {"day", v1::SPEND_GROUPING_DAY}};

std::string Show(const api::v1::Money& money) { return ShowMinor(money.minor(), money.currency_code()); }

Table ImportTable(const v1::AdSpendImport& import) {
  return {
      {"PLATFORM", "FIRST DAY", "LAST DAY", "STORED", "REPLACED", "SKIPPED", "COST"},
      {{import.platform(), import.first_day(), import.last_day(), std::to_string(import.stored_count()),
        std::to_string(import.replaced_count()), std::to_string(import.skipped_count()), Show(import.store_cost())}}};
}

absl::StatusOr<v1::ImportAdSpendRequest> ReadRequest(const Arguments& arguments) {
  v1::ImportAdSpendRequest request;
  std::ifstream file(arguments.file, std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot open ", arguments.file));
  if (content.starts_with("\x1F\x8B")) {
    request.set_content(content);
  } else {
    ESNAF_ASSIGN_OR_RETURN(*request.mutable_content(), Gzip(content));
  }
  request.set_file_name(std::filesystem::path(arguments.file).filename().string());
  request.set_store_id(arguments.store);
  request.set_platform(arguments.platform);
  request.set_account_id(arguments.account);
  request.set_currency_code(arguments.currency);
  if (!arguments.format.empty()) request.set_format(kFormats.at(arguments.format));
  if (arguments.decimal == "point") request.set_decimal_mark(v1::SPEND_DECIMAL_MARK_POINT);
  if (arguments.decimal == "comma") request.set_decimal_mark(v1::SPEND_DECIMAL_MARK_COMMA);
  if (arguments.date_order == "day-first") request.set_date_order(v1::SPEND_DATE_ORDER_DAY_FIRST);
  if (arguments.date_order == "month-first") request.set_date_order(v1::SPEND_DATE_ORDER_MONTH_FIRST);
  for (const std::string& column : arguments.columns) {
    const std::size_t equals = column.find('=');
    if (equals == std::string::npos) return absl::InvalidArgumentError("--column: say it as day=Datum");
    (*request.mutable_columns())[column.substr(0, equals)] = column.substr(equals + 1);
  }
  request.set_skip_bad_lines(arguments.skip_bad_lines);
  request.set_validate_only(arguments.dry_run);
  return request;
}

void Import(Context& context, const Arguments& arguments) {
  const auto request = ReadRequest(arguments);
  if (!request.ok()) {
    PrintError(request.status());
    context.exit_code = kUsage;
    return;
  }
  Client client = context.client();
  client.set_timeout(std::chrono::seconds(60));
  const auto import = client.Call<v1::AdSpendImport>(kSpendService + "ImportAdSpend", *request);
  context.Finish(import.status());
  if (!import.ok()) return;
  Print(context.format, ImportTable(*import), *import);
  for (const std::string& warning : import->warnings()) std::cerr << "warning: " << warning << "\n";
  for (const v1::SkippedSpendLine& line : import->skipped_lines()) {
    if (line.reason() == "TITLE" || line.reason() == "TOTAL") continue;
    std::cerr << "line " << line.line() << ": " << line.reason() << ": " << line.detail() << "\n";
    context.exit_code = kPartly;
  }
  if (arguments.dry_run) std::cerr << "nothing was changed\n";
}

void AddImport(CLI::App& spend, Context& context, const SharedArguments& arguments) {
  auto* import = spend.add_subcommand("import", "Import a report; its days replace what stood for them");
  import->add_option("file", arguments->file, "The report, as the platform gave it")->required();
  import->add_option("--store", arguments->store, "The store that the advertising was for")->required();
  import->add_option("--format", arguments->format, "The kind of report; found out where not given")
      ->check(CLI::IsMember(kFormats));
  import->add_option("--platform", arguments->platform, "The platform, where the format does not say it");
  import->add_option("--account", arguments->account, "The account of rows that name none");
  import->add_option("--currency", arguments->currency, "The currency of rows that name none");
  import->add_option("--decimal", arguments->decimal, "What decimals are written with")
      ->check(CLI::IsMember({"point", "comma"}));
  import->add_option("--date-order", arguments->date_order, "How days with slashes are written")
      ->check(CLI::IsMember({"day-first", "month-first"}));
  import->add_option("--column", arguments->columns, "What a column holds, for example day=Datum; repeat it");
  import->add_flag("--skip-bad-lines", arguments->skip_bad_lines, "Import what can be read");
  import->add_flag("--dry-run", arguments->dry_run, "Read and convert everything, change nothing");
  import->callback([&context, arguments] { Import(context, *arguments);
});
}  // namespace

void AddDays(CLI::App& command, const SharedArguments& arguments) {
  command.add_option("--store", arguments->store, "The store")->required();
  command.add_option("--from", arguments->from, "The first day");
  command.add_option("--to", arguments->to, "The last day");
}

void AddPaging(CLI::App& command, const SharedArguments& arguments) {
  command.add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  command.add_option("--page-token", arguments->page_token, "What the last page gave");
}

void ShowMore(const std::string& page_token) {
  if (!page_token.empty()) std::cerr << "more: --page-token " << page_token << "\n";
}

void AddList(CLI::App& spend, Context& context, const SharedArguments& arguments) {
  auto* list = spend.add_subcommand("list", "List spend by day and campaign");
  AddDays(*list, arguments);
  AddPaging(*list, arguments);
  list->add_option("--filter", arguments->filter, "For example: platform = google AND clicks > 10");
  list->callback([&context, arguments] {
    v1::ListAdSpendRequest request;
    request.set_store_id(arguments->store);
    request.set_first_day(arguments->from);
    request.set_last_day(arguments->to);
    request.set_filter(arguments->filter);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListAdSpendResponse>(kSpendService + "ListAdSpend", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Table table{{"DAY", "PLATFORM", "CAMPAIGN", "AD GROUP", "KEYWORD", "SHOWN", "CLICKS", "COST"}, {}};
    for (const v1::AdSpend& row : page->rows()) {
      table.rows.push_back({row.day(), row.platform(), row.campaign().empty() ? row.campaign_id() : row.campaign(),
                            row.ad_group().empty() ? row.ad_group_id() : row.ad_group(), row.keyword(),
                            std::to_string(row.impressions()), std::to_string(row.clicks()), Show(row.cost())});
    }
    Print(context.format, table, *page);
    ShowMore(page->next_page_token());
  });
}

void AddSummary(CLI::App& spend, Context& context, const SharedArguments& arguments) {
  auto* summary = spend.add_subcommand("summary", "Sum spend up, the dearest first");
  AddDays(*summary, arguments);
  summary->add_option("--by", arguments->by, "platform, campaign or day")
      ->check(CLI::IsMember(kGroupings))
      ->capture_default_str();
  summary->callback([&context, arguments] {
    v1::SummarizeAdSpendRequest request;
    request.set_store_id(arguments->store);
    request.set_first_day(arguments->from);
    request.set_last_day(arguments->to);
    request.set_grouping(kGroupings.at(arguments->by));
    const auto sums = context.client().Call<v1::SummarizeAdSpendResponse>(kSpendService + "SummarizeAdSpend", request);
    context.Finish(sums.status());
    if (!sums.ok()) return;
    Table table{{"DAY", "PLATFORM", "CAMPAIGN", "SHOWN", "CLICKS", "COST"}, {}};
    for (const v1::AdSpendSum& sum : sums->sums()) {
      table.rows.push_back({sum.day(), sum.platform(), sum.campaign().empty() ? sum.campaign_id() : sum.campaign(),
                            std::to_string(sum.impressions()), std::to_string(sum.clicks()), Show(sum.cost())});
    }
    Print(context.format, table, *sums);
  });
}

void AddImports(CLI::App& spend, Context& context, const SharedArguments& arguments) {
  auto* imports = spend.add_subcommand("imports", "List what was imported, newest first");
  imports->add_option("--store", arguments->store, "The store")->required();
  AddPaging(*imports, arguments);
  imports->callback([&context, arguments] {
    v1::ListAdSpendImportsRequest request;
    request.set_store_id(arguments->store);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListAdSpendImportsResponse>(kSpendService + "ListAdSpendImports", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Table table{{"TIME", "FILE", "PLATFORM", "FIRST DAY", "LAST DAY", "STORED", "SKIPPED", "COST", "BY"}, {}};
    for (const v1::AdSpendImport& import : page->imports()) {
      table.rows.push_back({ShowTime(import.import_time()), import.file_name(), import.platform(), import.first_day(),
                            import.last_day(), std::to_string(import.stored_count()),
                            std::to_string(import.skipped_count()), Show(import.store_cost()), import.actor()});
    }
    Print(context.format, table, *page);
    ShowMore(page->next_page_token());
  });
}

void AddRateSet(CLI::App& rates, Context& context, const SharedArguments& arguments) {
  auto* set = rates.add_subcommand("set", "Set a rate: esnaf rates set USD TRY 2026-01-31 41.1234 --source TCMB");
  set->add_option("from", arguments->rate_from, "The currency that is converted")->required();
  set->add_option("to", arguments->rate_to, "The currency that it is converted to")->required();
  set->add_option("day", arguments->day, "The day")->required();
  set->add_option("rate", arguments->rate, "How much of the second one of the first is")->required();
  set->add_option("--source", arguments->source, "Where it is from")->capture_default_str();
  set->callback([&context, arguments] {
    v1::BatchUpsertCurrencyRatesRequest request;
    v1::CurrencyRate& rate = *request.add_rates();
    rate.set_from_currency_code(arguments->rate_from);
    rate.set_to_currency_code(arguments->rate_to);
    rate.set_day(arguments->day);
    rate.set_rate(arguments->rate);
    rate.set_source(arguments->source);
    const auto answer =
        context.client().Call<v1::BatchUpsertCurrencyRatesResponse>(kRateService + "BatchUpsertCurrencyRates", request);
    if (answer.ok()) Print(context.format, {{"RATES"}, {{std::to_string(answer->rate_count())}}}, *answer);
    context.Finish(answer.status());
  });
}

void AddRateList(CLI::App& rates, Context& context, const SharedArguments& arguments) {
  auto* list = rates.add_subcommand("list", "List rates, the newest day first");
  list->add_option("--from", arguments->rate_from, "Only from this currency");
  list->add_option("--to", arguments->rate_to, "Only to this currency");
  AddPaging(*list, arguments);
  list->callback([&context, arguments] {
    v1::ListCurrencyRatesRequest request;
    request.set_from_currency_code(arguments->rate_from);
    request.set_to_currency_code(arguments->rate_to);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListCurrencyRatesResponse>(kRateService + "ListCurrencyRates", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Table table{{"DAY", "FROM", "TO", "RATE", "SOURCE"}, {}};
    for (const v1::CurrencyRate& rate : page->rates()) {
      table.rows.push_back(
          {rate.day(), rate.from_currency_code(), rate.to_currency_code(), rate.rate(), rate.source()});
    }
    Print(context.format, table, *page);
    ShowMore(page->next_page_token());
  });
}

}  // namespace esnaf::cli

void AddSpendCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* spend = app.add_subcommand("adspend", "What advertising cost");
  spend->require_subcommand(1);
  AddImport(*spend, context, arguments);
  AddList(*spend, context, arguments);
  AddSummary(*spend, context, arguments);
  AddImports(*spend, context, arguments);
  auto* rates = app.add_subcommand("rates", "The rates at which spend in other currencies is converted");
  rates->require_subcommand(1);
  AddRateSet(*rates, context, arguments);
  AddRateList(*rates, context, arguments);
}

}  // namespace esnaf::cli

// İYS, the Turkish registry of commercial messages: what is due there, batches to upload, and what people said there.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "cli/command_line.h"
#include "cli/csv_reader.h"
#include "esnaf/contacts/v1/iys.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/error.h"

namespace esnaf::cli {
namespace {

namespace v1 = contacts::v1;

const std::string kService = "contacts.v1.IysService/";
constexpr int kLinesAtOnce = 1000;

struct Arguments {
  std::string brand, name, format = "json", file, batch, errors, page_token;
  std::vector<std::string> stores;
  bool is_default = false, overdue = false, retry = false;
  int page_size = 50, most = 5000;
};
using SharedArguments = std::shared_ptr<Arguments>;

Table BatchTable(const v1::IysBatch& batch) {
  return {{"ID", "BRAND", "RECORDS", "ACKNOWLEDGED", "FAILED", "CREATED"},
          {{batch.id(), batch.brand_code(), std::to_string(batch.record_count()),
            std::to_string(batch.acknowledged_count()), std::to_string(batch.failed_count()),
            ShowTime(batch.create_time())}}};
}

void AddDue(CLI::App& iys, Context& context, const SharedArguments& arguments) {
  auto* due = iys.add_subcommand("due", "What İYS has not acknowledged, by its deadline");
  due->add_flag("--overdue", arguments->overdue, "Only what is late");
  due->add_option("--page-size", arguments->page_size, "The most rows")->capture_default_str();
  due->add_option("--page-token", arguments->page_token, "Where the last page ended");
  due->callback([&context, arguments] {
    v1::ListIysRecordsRequest request;
    request.set_overdue_only(arguments->overdue);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListIysRecordsResponse>(kService + "ListIysRecords", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Table table{{"DEADLINE", "LATE", "STATE", "BRAND", "TYPE", "STATUS", "RECIPIENT", "PROBLEM", "BATCH"}, {}};
    for (const v1::IysRecord& record : page->records()) {
      table.rows.push_back({ShowTime(record.deadline()), record.overdue() ? "late" : "",
                            v1::IysRecordState_Name(record.state()).substr(17), record.brand_code(),
                            v1::ConsentChannel_Name(record.channel()).substr(16),
                            v1::ConsentStatus_Name(record.status()).substr(15), record.recipient(), record.problem(),
                            record.batch_id()});
    }
    Print(context.format, table, *page);
    if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
  });
}

void AddExport(CLI::App& iys, Context& context, const SharedArguments& arguments) {
  auto* command = iys.add_subcommand("export", "Take what is pending into a batch, and write its file for İYS");
  command->add_option("BRAND", arguments->brand, "The brand code")->required();
  command->add_option("--file", arguments->file, "Where to write it")->required();
  command->add_option("--format", arguments->format, "json or csv")->check(CLI::IsMember({"json", "csv"}));
  command->add_option("--most", arguments->most, "The most records, at most 5000")->capture_default_str();
  command->add_option("--batch", arguments->batch, "Write this batch again, in place of a new one");
  command->callback([&context, arguments] {
    const v1::IysFormat format = arguments->format == "csv" ? v1::IYS_FORMAT_CSV : v1::IYS_FORMAT_JSON;
    // Before anything is taken: a batch whose file cannot be written would be missed.
    // Opened to append, so that the file of an earlier batch stays whole where there is nothing to export.
    if (!std::ofstream(arguments->file, std::ios::app))
      return context.Finish(InvalidField("--file", absl::StrCat(arguments->file, " cannot be written")));
    Client client = context.client();
    absl::StatusOr<v1::IysBatch> batch;
    if (arguments->batch.empty()) {
      v1::CreateIysBatchRequest request;
      request.set_brand_code(arguments->brand);
      request.set_max_records(arguments->most);
      request.set_format(format);
      batch = client.Call<v1::IysBatch>(kService + "CreateIysBatch", request, false);
    } else {
      v1::GetIysBatchRequest request;
      request.set_id(arguments->batch);
      request.set_format(format);
      batch = client.Call<v1::IysBatch>(kService + "GetIysBatch", request);
    }
    context.Finish(batch.status());
    if (!batch.ok()) return;
    std::ofstream file(arguments->file, std::ios::binary);
    file << batch->content() << std::flush;
    if (!file) return context.Finish(absl::DataLossError(absl::StrCat("could not write it: --batch ", batch->id())));
    v1::IysBatch shown = *batch;
    shown.clear_content();
    Print(context.format, BatchTable(shown), shown);
  });
}

// `index,error` for each record that İYS did not take.
absl::Status ReadErrors(const std::string& path, v1::ReportIysBatchRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const auto reader, CsvReader::Open(path));
  ESNAF_ASSIGN_OR_RETURN(const std::size_t index, reader->Column("index"));
  ESNAF_ASSIGN_OR_RETURN(const std::size_t error, reader->Column("error"));
  std::vector<std::string> row;
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const bool more, reader->Next(row));
    if (!more) return absl::OkStatus();
    v1::IysResult& result = *request.add_results();
    int number = -1;
    const bool is_number = row.size() > std::max(index, error) && absl::SimpleAtoi(row[index], &number);
    if (!is_number) return absl::InvalidArgumentError(absl::StrCat(path, ":", reader->line(), ": index is no number"));
    result.set_index(number);
    result.set_error(row[error]);
  }
}

void AddReport(CLI::App& iys, Context& context, const SharedArguments& arguments) {
  auto* report = iys.add_subcommand("report", "Say that İYS took a batch, but for the records of a file");
  report->add_option("BATCH", arguments->batch, "The batch's id")->required();
  report->add_option("--errors", arguments->errors, "CSV of index and error, one for each record that İYS refused");
  report->add_flag("--retry", arguments->retry, "Make what failed pending again");
  report->callback([&context, arguments] {
    v1::ReportIysBatchRequest request;
    request.set_id(arguments->batch);
    request.set_others_acknowledged(true);
    if (!arguments->errors.empty()) {
      if (const absl::Status read = ReadErrors(arguments->errors, request); !read.ok()) return context.Finish(read);
    }
    Client client = context.client();
    auto batch = client.Call<v1::IysBatch>(kService + "ReportIysBatch", request);
    if (batch.ok() && arguments->retry) {
      v1::RetryIysBatchRequest retry;
      retry.set_id(arguments->batch);
      batch = client.Call<v1::IysBatch>(kService + "RetryIysBatch", retry);
    }
    if (batch.ok()) batch->clear_content();
    if (batch.ok()) Print(context.format, BatchTable(*batch), *batch);
    context.Finish(batch.status());
  });
}

// An array of objects, as İYS writes it.
absl::Status ReadJson(const std::string& path, v1::ImportIysChangesRequest& all) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return absl::InvalidArgumentError(absl::StrCat(path, " cannot be read"));
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto read =
      google::protobuf::util::JsonStringToMessage(absl::StrCat("{\"changes\":", text.str(), "}"), &all, options);
  if (read.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::string(read.message())));
}

absl::Status ReadCsv(const std::string& path, v1::ImportIysChangesRequest& all) {
  ESNAF_ASSIGN_OR_RETURN(const auto reader, CsvReader::Open(path));
  const std::vector<std::string> names{"type", "recipient", "recipientType", "status", "consentDate", "source"};
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    ESNAF_ASSIGN_OR_RETURN(const std::size_t column, reader->Column(name));
    columns.push_back(column);
  }
  std::vector<std::string> row;
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const bool more, reader->Next(row));
    if (!more) return absl::OkStatus();
    const auto cell = [&](int name) { return columns[name] < row.size() ? row[columns[name]] : std::string(); };
    v1::IysChange& change = *all.add_changes();
    change.set_type(cell(0));
    change.set_recipient(cell(1));
    change.set_recipient_type(cell(2));
    change.set_status(cell(3));
    change.set_consent_date(cell(4));
    change.set_source(cell(5));
  }
}

void ImportFile(Context& context, const Arguments& arguments) {
  v1::ImportIysChangesRequest all;
  const bool csv = arguments.file.ends_with(".csv") || arguments.file.ends_with(".csv.gz");
  const absl::Status read = csv ? ReadCsv(arguments.file, all) : ReadJson(arguments.file, all);
  if (!read.ok()) return context.Finish(read);
  Client client = context.client();
  Table table{{"LINE", "RECIPIENT", "STATUS", "OUTCOME", "ERROR"}, {}};
  v1::ImportIysChangesResponse results;
  for (int begin = 0; begin < all.changes_size(); begin += kLinesAtOnce) {
    v1::ImportIysChangesRequest request;
    request.set_brand_code(arguments.brand);
    const int end = std::min(begin + kLinesAtOnce, all.changes_size());
    for (int i = begin; i < end; ++i) *request.add_changes() = all.changes(i);
    // A line that comes again does nothing, so a failure is mended by importing the file again.
    const auto answer = client.Call<v1::ImportIysChangesResponse>(kService + "ImportIysChanges", request);
    if (!answer.ok()) return context.Finish(answer.status());
    for (int i = 0; i < answer->results_size(); ++i) {
      const v1::IysChangeResult& result = answer->results(i);
      table.rows.push_back({std::to_string(begin + i + 1), request.changes(i).recipient(), request.changes(i).status(),
                            v1::IysChangeOutcome_Name(result.outcome()).substr(19), result.error()});
      *results.add_results() = result;
    }
  }
  Print(context.format, table, results);
  const bool partly = std::any_of(results.results().begin(), results.results().end(), [](const auto& result) {
    return result.outcome() == v1::IYS_CHANGE_OUTCOME_REFUSED;
  });
  if (partly) context.exit_code = kPartly;
}

void AddImport(CLI::App& iys, Context& context, const SharedArguments& arguments) {
  auto* command = iys.add_subcommand("import", "Record what people told İYS");
  command->add_option("BRAND", arguments->brand, "The brand code")->required();
  command->add_option("FILE", arguments->file, "İYS's JSON array, or CSV with the same columns")->required();
  command->callback([&context, arguments] { ImportFile(context, *arguments); });
}

void AddBrands(CLI::App& iys, Context& context, const SharedArguments& arguments) {
  auto* brands = iys.add_subcommand("brands", "The brands");
  brands->callback([&context] {
    const auto answer =
        context.client().Call<v1::ListIysBrandsResponse>(kService + "ListIysBrands", v1::ListIysBrandsRequest());
    context.Finish(answer.status());
    if (!answer.ok()) return;
    Table table{{"BRAND", "DEFAULT", "STORES", "NAME"}, {}};
    for (const v1::IysBrand& brand : answer->brands()) {
      std::string stores;
      for (const std::string& store : brand.store_ids()) absl::StrAppend(&stores, stores.empty() ? "" : " ", store);
      table.rows.push_back({brand.brand_code(), brand.is_default() ? "yes" : "", stores, brand.display_name()});
    }
    Print(context.format, table, *answer);
  });
  auto* set = iys.add_subcommand("set-brand", "Create a brand or replace it whole");
  set->add_option("BRAND", arguments->brand, "The brand code")->required();
  set->add_option("--name", arguments->name, "What people read");
  set->add_option("--store", arguments->stores, "A store that sells under it");
  set->add_flag("--default", arguments->is_default, "It has the consents without a brand code");
  set->callback([&context, arguments] {
    v1::UpdateIysBrandRequest request;
    request.mutable_brand()->set_brand_code(arguments->brand);
    request.mutable_brand()->set_display_name(arguments->name);
    for (const std::string& store : arguments->stores) request.mutable_brand()->add_store_ids(store);
    request.mutable_brand()->set_is_default(arguments->is_default);
    const auto brand = context.client().Call<v1::IysBrand>(kService + "UpdateIysBrand", request);
    if (brand.ok()) Print(context.format, {{"BRAND", "NAME"}, {{brand->brand_code(), brand->display_name()}}}, *brand);
    context.Finish(brand.status());
  });
}

}  // namespace

void AddIysCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* iys = app.add_subcommand("iys", "The registry of commercial messages: what is due, batches, what came back");
  iys->require_subcommand(1);
  AddDue(*iys, context, arguments);
  AddExport(*iys, context, arguments);
  AddReport(*iys, context, arguments);
  AddImport(*iys, context, arguments);
  AddBrands(*iys, context, arguments);
}

}  // namespace esnaf::cli

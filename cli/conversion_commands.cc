// Telling advertising platforms of conversions.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/command_line.h"
#include "esnaf/attribution/v1/exports.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = attribution::v1;

const std::string kService = "attribution.v1.ConversionExportService/";

struct Arguments {
  std::string store, destination, purpose, name, zone, from, to, delivery, folder, id, page_token;
  int page_size = 50;
  bool dry_run = false;
};
using SharedArguments = std::shared_ptr<Arguments>;

// What each value of an option means; CLI11 refuses others and lists these.
const std::map<std::string, v1::ExportDestination> kDestinations = {
    {"google-clicks", v1::EXPORT_DESTINATION_GOOGLE_CLICKS},
    {"google-leads", v1::EXPORT_DESTINATION_GOOGLE_LEADS},
    {"meta", v1::EXPORT_DESTINATION_META}};
const std::map<std::string, v1::ExportDelivery> kDeliveries = {{"folder", v1::EXPORT_DELIVERY_FOLDER},
                                                               {"https", v1::EXPORT_DELIVERY_HTTPS}};

std::string NameOf(v1::ExportDestination destination) {
  for (const auto& [name, value] : kDestinations) {
    if (value == destination) return name;
  }
  return {};
}

template <typename Exports>
Table ExportTable(const Exports& exports) {
  Table table{{"ID", "TIME", "TO", "CONVERSIONS", "ADJUSTMENTS", "LEFT OUT", "STATE"}, {}};
  for (const v1::ConversionExport& made : exports) {
    std::int64_t left_out = 0;
    for (const v1::ExportOmission& omission : made.omissions()) left_out += omission.count();
    const char* state = made.id().empty()                            ? "not made"
                        : made.state() == v1::EXPORT_STATE_DELIVERED ? "delivered"
                                                                     : "pending";
    table.rows.push_back({made.id(), ShowTime(made.create_time()), NameOf(made.destination()),
                          std::to_string(made.conversion_count()), std::to_string(made.adjustment_count()),
                          std::to_string(left_out), state});
  }
  return table;
}

// Writes the files of an export into a folder of this machine.
absl::Status WriteFiles(const std::string& folder, const v1::ConversionExport& made) {
  for (const v1::ExportFile& file : made.files()) {
    const auto path = std::filesystem::path(folder) / std::filesystem::path(file.name()).filename();
    std::ofstream out(path, std::ios::binary);
    out << file.content();
    out.close();
    if (!out) return absl::InvalidArgumentError(absl::StrCat("cannot write ", path.string()));
    std::cerr << path.string() << "\n";
  }
  return absl::OkStatus();
}

// Shows an export and what became of its files.
void Show(Context& context, const Arguments& arguments, const absl::StatusOr<v1::ConversionExport>& made) {
  context.Finish(made.status());
  if (!made.ok()) return;
  Print(context.format, ExportTable(std::vector<v1::ConversionExport>{*made}), *made);
  for (const v1::ExportOmission& omission : made->omissions()) {
    std::cerr << "left out: " << omission.count() << " " << omission.reason() << "\n";
  }
  for (const v1::ExportFile& file : made->files()) {
    if (!file.has_send_time() || file.delivered()) continue;
    std::cerr << file.name() << " was not taken: " << file.answer_status() << " " << file.answer() << "\n";
    context.exit_code = kPartly;
  }
  if (made->has_more()) std::cerr << "there is more: export again\n";
  if (arguments.folder.empty() || made->id().empty()) return;
  if (const absl::Status written = WriteFiles(arguments.folder, *made); !written.ok()) context.Finish(written);
}

absl::Status ReadTime(const std::string& option, const std::string& text, google::protobuf::Timestamp* target) {
  const auto time = TimeZone::Utc().ParseLocal(text);
  if (!time.ok()) return absl::InvalidArgumentError(absl::StrFormat("%s: \"%s\" is no time", option, text));
  *target = api::ToProto(*time);
  return absl::OkStatus();
}

void Export(Context& context, const Arguments& arguments) {
  v1::CreateConversionExportRequest request;
  request.set_store_id(arguments.store);
  request.set_destination(kDestinations.at(arguments.destination));
  request.set_consent_purpose(arguments.purpose);
  request.set_conversion_name(arguments.name);
  request.set_time_zone(arguments.zone);
  if (!arguments.delivery.empty()) request.set_delivery(kDeliveries.at(arguments.delivery));
  request.set_validate_only(arguments.dry_run);
  absl::Status read;
  if (!arguments.from.empty()) read = ReadTime("--from", arguments.from, request.mutable_start_time());
  if (read.ok() && !arguments.to.empty()) read = ReadTime("--to", arguments.to, request.mutable_end_time());
  if (!read.ok()) return context.Finish(read);
  Client client = context.client();
  client.set_timeout(std::chrono::seconds(60));
  Show(context, arguments, client.Call<v1::ConversionExport>(kService + "CreateConversionExport", request, false));
}

void AddExport(CLI::App& conversions, Context& context, const SharedArguments& arguments) {
  auto* command = conversions.add_subcommand("export", "Tell a platform of conversions that it does not know yet");
  command->add_option("--store", arguments->store, "The store")->required();
  command->add_option("--destination", arguments->destination, "The platform, and how it is told")
      ->required()
      ->check(CLI::IsMember(kDestinations));
  command->add_option("--purpose", arguments->purpose, "What contacts must have consented to, for example marketing");
  command->add_option("--name", arguments->name, "The conversion action's or event's name; Purchase where not given");
  command->add_option("--zone", arguments->zone, "The time zone of Google's files");
  command->add_option("--from", arguments->from, "The first order's time; 90 days ago where not given");
  command->add_option("--to", arguments->to, "The end of the orders' times; now where not given");
  command->add_option("--deliver", arguments->delivery, "How it is delivered; where not given, by the answer alone")
      ->check(CLI::IsMember(kDeliveries));
  command->add_option("--out", arguments->folder, "A folder of this machine to write the files into");
  command->add_flag("--dry-run", arguments->dry_run, "Count, and tell nobody");
  command->callback([&context, arguments] { Export(context, *arguments); });
}

void AddGetAndSend(CLI::App& conversions, Context& context, const SharedArguments& arguments) {
  auto* get = conversions.add_subcommand("get", "Show an export and what was answered");
  get->add_option("id", arguments->id, "The export's id")->required();
  get->add_option("--out", arguments->folder, "A folder of this machine to write the files into");
  get->callback([&context, arguments] {
    v1::GetConversionExportRequest request;
    request.set_id(arguments->id);
    Show(context, *arguments, context.client().Call<v1::ConversionExport>(kService + "GetConversionExport", request));
  });
  auto* send = conversions.add_subcommand("send", "Deliver what of an export was not delivered");
  send->add_option("id", arguments->id, "The export's id")->required();
  send->callback([&context, arguments] {
    v1::SendConversionExportRequest request;
    request.set_id(arguments->id);
    Client client = context.client();
    client.set_timeout(std::chrono::seconds(60));
    Show(context, *arguments, client.Call<v1::ConversionExport>(kService + "SendConversionExport", request));
  });
}

void AddList(CLI::App& conversions, Context& context, const SharedArguments& arguments) {
  auto* list = conversions.add_subcommand("list", "List exports, newest first");
  list->add_option("--store", arguments->store, "The store")->required();
  list->add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "What the last page gave");
  list->callback([&context, arguments] {
    v1::ListConversionExportsRequest request;
    request.set_store_id(arguments->store);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page =
        context.client().Call<v1::ListConversionExportsResponse>(kService + "ListConversionExports", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Print(context.format, ExportTable(page->exports()), *page);
    if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
  });
}

}  // namespace

void AddConversionCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* conversions = app.add_subcommand("conversions", "What advertising platforms are told of orders");
  conversions->require_subcommand(1);
  AddExport(*conversions, context, arguments);
  AddGetAndSend(*conversions, context, arguments);
  AddList(*conversions, context, arguments);
}

}  // namespace esnaf::cli

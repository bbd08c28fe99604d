// What other systems post to the shop: connections and deliveries.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/command_line.h"
#include "esnaf/gateway/v1/hooks.pb.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::cli {
namespace {

namespace v1 = api::v1;

const std::string kService = "gateway.v1.HookService/";

struct Arguments {
  std::string connector, store, id, page_token;
  std::vector<std::string> secret_files;
  int state = v1::HOOK_DELIVERY_STATE_UNSPECIFIED;
  int page_size = 50;
};
using SharedArguments = std::shared_ptr<Arguments>;

// What each value of an option means; CLI11 refuses others and lists these.
const std::map<std::string, int> kStates = {{"pending", v1::HOOK_DELIVERY_STATE_PENDING},
                                            {"done", v1::HOOK_DELIVERY_STATE_DONE},
                                            {"dead", v1::HOOK_DELIVERY_STATE_DEAD}};

std::string NameOf(v1::HookDeliveryState state) {
  for (const auto& [name, value] : kStates) {
    if (value == state) return name;
  }
  return {};
}

template <typename Connections>
Table ConnectionTable(const Connections& connections) {
  Table table{{"ID", "CONNECTOR", "STORE", "SINCE", "SECRETS"}, {}};
  for (const v1::HookConnection& connection : connections) {
    std::string names;
    for (const std::string& name : connection.secret_names()) absl::StrAppend(&names, names.empty() ? "" : ", ", name);
    table.rows.push_back(
        {connection.id(), connection.connector(), connection.store_id(), ShowTime(connection.create_time()), names});
  }
  return table;
}

template <typename Deliveries>
Table DeliveryTable(const Deliveries& deliveries) {
  Table table{{"ID", "STORE", "EXTERNAL ID", "CAME", "STATE", "TRIES", "BECAME", "WHAT"}, {}};
  for (const v1::HookDelivery& delivery : deliveries) {
    table.rows.push_back({delivery.id(), delivery.store_id(), delivery.external_id(), ShowTime(delivery.receive_time()),
                          NameOf(delivery.state()), std::to_string(delivery.attempt_count()), delivery.subject_id(),
                          delivery.message()});
  }
  return table;
}

// Reads `google_key=/path`: secrets come from files, since others see the arguments of a command.
absl::Status ReadSecret(const std::string& argument, v1::CreateHookConnectionRequest& request) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) return absl::InvalidArgumentError("--secret-file: give NAME=PATH");
  std::ifstream file(argument.substr(equals + 1), std::ios::binary);
  if (!file) return absl::InvalidArgumentError("--secret-file: cannot read " + argument.substr(equals + 1));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  (*request.mutable_secrets())[argument.substr(0, equals)] = std::string(Trim(text));
  return absl::OkStatus();
}

void AddConnectionCommands(CLI::App& hooks, Context& context, const SharedArguments& arguments) {
  auto* connectors = hooks.add_subcommand("connectors", "What can be connected");
  connectors->callback([&context] {
    const auto answer = context.client().Call<gateway::v1::ListHookConnectorsResponse>(
        kService + "ListHookConnectors", gateway::v1::ListHookConnectorsRequest());
    context.Finish(answer.status());
    if (!answer.ok()) return;
    Table table{{"CONNECTOR", "SERVICE"}, {}};
    for (const auto& connector : answer->connectors()) {
      table.rows.push_back({connector.connector(), connector.service()});
    }
    Print(context.format, table, *answer);
  });

  auto* connect = hooks.add_subcommand("connect", "Let a store's sender post to /hooks/CONNECTOR/STORE");
  connect->add_option("connector", arguments->connector, "For example google_lead_form")->required();
  connect->add_option("store", arguments->store, "The store's id")->required();
  connect->add_option("--secret-file", arguments->secret_files,
                      "NAME=PATH of a file that holds a secret: google_key; app_secret, verify_token, access_token; or "
                      "webhook_secret");
  connect->callback([&context, arguments] {
    v1::CreateHookConnectionRequest request;
    request.set_connector(arguments->connector);
    request.set_store_id(arguments->store);
    for (const std::string& secret : arguments->secret_files) {
      if (const absl::Status read = ReadSecret(secret, request); !read.ok()) return context.Finish(read);
    }
    const auto made = context.client().Call<v1::HookConnection>(kService + "CreateHookConnection", request, false);
    if (made.ok()) Print(context.format, ConnectionTable(std::vector<v1::HookConnection>{*made}), *made);
    context.Finish(made.status());
  });

  auto* list = hooks.add_subcommand("connections", "Who is connected");
  list->add_option("connector", arguments->connector, "For example google_lead_form")->required();
  list->callback([&context, arguments] {
    v1::ListHookConnectionsRequest request;
    request.set_connector(arguments->connector);
    request.set_page_size(500);
    const auto page = context.client().Call<v1::ListHookConnectionsResponse>(kService + "ListHookConnections", request);
    if (page.ok()) Print(context.format, ConnectionTable(page->connections()), *page);
    context.Finish(page.status());
  });

  auto* disconnect = hooks.add_subcommand("disconnect", "End a connection and forget its secrets");
  disconnect->add_option("connector", arguments->connector, "For example google_lead_form")->required();
  disconnect->add_option("id", arguments->id, "The connection's id")->required();
  disconnect->callback([&context, arguments] {
    v1::DeleteHookConnectionRequest request;
    request.set_connector(arguments->connector);
    request.set_id(arguments->id);
    context.Finish(context.client()
                       .Call<v1::DeleteHookConnectionResponse>(kService + "DeleteHookConnection", request, false)
                       .status());
  });
}

void AddDeliveryCommands(CLI::App& hooks, Context& context, const SharedArguments& arguments) {
  auto* list = hooks.add_subcommand("deliveries", "What was posted, and what became of it or why not");
  list->add_option("connector", arguments->connector, "For example google_lead_form")->required();
  list->add_option("--state", arguments->state, "pending, done or dead")
      ->transform(CLI::CheckedTransformer(kStates, CLI::ignore_case));
  list->add_option("--page-size", arguments->page_size, "The most deliveries")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "What the last page gave");
  list->callback([&context, arguments] {
    v1::ListHookDeliveriesRequest request;
    request.set_connector(arguments->connector);
    request.set_state(static_cast<v1::HookDeliveryState>(arguments->state));
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListHookDeliveriesResponse>(kService + "ListHookDeliveries", request);
    context.Finish(page.status());
    if (!page.ok()) return;
    Print(context.format, DeliveryTable(page->deliveries()), *page);
    if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
  });

  auto* retry = hooks.add_subcommand("retry", "Handle a dead delivery again");
  retry->add_option("connector", arguments->connector, "For example google_lead_form")->required();
  retry->add_option("id", arguments->id, "The delivery's id")->required();
  retry->callback([&context, arguments] {
    v1::RetryHookDeliveryRequest request;
    request.set_connector(arguments->connector);
    request.set_id(arguments->id);
    const auto delivery = context.client().Call<v1::HookDelivery>(kService + "RetryHookDelivery", request, false);
    if (delivery.ok()) Print(context.format, DeliveryTable(std::vector<v1::HookDelivery>{*delivery}), *delivery);
    context.Finish(delivery.status());
  });
}

}  // namespace

void AddHookCommands(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  auto* hooks = app.add_subcommand("hooks", "What other systems post by themselves; needs an admin key");
  hooks->require_subcommand(1);
  AddConnectionCommands(*hooks, context, arguments);
  AddDeliveryCommands(*hooks, context, arguments);
}

}  // namespace esnaf::cli

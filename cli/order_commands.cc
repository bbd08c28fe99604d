#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/command_line.h"
#include "cli/order_import.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/base/absl_compat.h"

namespace esnaf::cli {
namespace {

namespace v1 = orders::v1;

// `ORDER_STATE_OPEN` as `open`.
std::string StateName(std::string_view name, std::string_view prefix) {
  std::string text(name.substr(prefix.size()));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

template <typename Orders>
Table OrderTable(const Orders& orders) {
  Table table{{"ID", "STORE", "NUMBER", "PLACED", "CONTACT", "LINES", "TOTAL", "REFUNDED", "NET", "STATE", "PAYMENT",
               "FULFILLMENT"},
              {}};
  for (const v1::Order& order : orders) {
    table.rows.push_back({order.id(), order.store_id(), order.external_id(), ShowTime(order.place_time()),
                          order.contact_id(), std::to_string(order.lines_size()),
                          ShowMinor(order.totals().total(), order.currency_code()),
                          ShowMinor(order.totals().refunded(), order.currency_code()),
                          ShowMinor(order.totals().net(), order.currency_code()),
                          StateName(v1::OrderState_Name(order.state()), "ORDER_STATE_"),
                          StateName(v1::PaymentState_Name(order.payment_state()), "PAYMENT_STATE_"),
                          StateName(v1::FulfillmentState_Name(order.fulfillment_state()), "FULFILLMENT_STATE_")});
  }
  return table;
}

void ShowOrder(Context& context, const absl::StatusOr<v1::Order>& order) {
  if (order.ok()) Print(context.format, OrderTable(std::vector<v1::Order>{*order}), *order);
  context.Finish(order.status());
}

template <typename Stores>
Table StoreTable(const Stores& stores) {
  Table table{{"ID", "NAME", "CURRENCY", "ZONE", "COUNTRY"}, {}};
  for (const v1::Store& store : stores) {
    table.rows.push_back(
        {store.id(), store.display_name(), store.currency_code(), store.time_zone(), store.country_code()});
  }
  return table;
}

void AddStoreCommands(CLI::App& app, Context& context) {
  auto* stores = app.add_subcommand("stores", "Places to sell");
  stores->require_subcommand(1);
  auto store = std::make_shared<v1::Store>();
  struct Arguments {
    std::string id, name, currency = "TRY", zone, country;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* create = stores->add_subcommand("create", "Create a store");
  create->add_option("id", arguments->id, "The id, for example web")->required();
  create->add_option("--name", arguments->name, "What people read");
  create->add_option("--currency", arguments->currency, "ISO 4217")->capture_default_str();
  create->add_option("--time-zone", arguments->zone, "An IANA zone");
  create->add_option("--country", arguments->country, "ISO 3166-1 alpha-2");
  create->callback([&context, arguments] {
    v1::CreateStoreRequest request;
    auto& target = *request.mutable_store();
    target.set_id(arguments->id);
    target.set_display_name(arguments->name.empty() ? arguments->id : arguments->name);
    target.set_currency_code(arguments->currency);
    target.set_time_zone(arguments->zone);
    target.set_country_code(arguments->country);
    const auto created = context.client().Call<v1::Store>("orders.v1.StoreService/CreateStore", request);
    if (created.ok()) Print(context.format, StoreTable(std::vector<v1::Store>{*created}), *created);
    context.Finish(created.status());
  });
  stores->add_subcommand("list", "List the stores")->callback([&context] {
    const auto all =
        context.client().Call<v1::ListStoresResponse>("orders.v1.StoreService/ListStores", v1::ListStoresRequest());
    if (all.ok()) Print(context.format, StoreTable(all->stores()), *all);
    context.Finish(all.status());
  });
}

struct ImportArguments {
  std::string path, join, store, map, zone, currency, prefix, reject;
  bool dry_run = false, restart = false;
  int in_flight = 4;
  int patience = 120;
};

// INVALID_ARGUMENT naming the option.
absl::StatusOr<ImportOptions> ReadImportArguments(Client& client, const ImportArguments& arguments) {
  ImportOptions options;
  OrderFileOptions& file = options.file;
  file.path = arguments.path;
  file.join_path = arguments.join;
  file.store_id = arguments.store;
  file.cancellation_prefix = arguments.prefix;
  if (!arguments.map.empty()) {
    for (absl::string_view pair : absl::StrSplit(arguments.map, ',')) {
      const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
      if (std::find(kOrderFields.begin(), kOrderFields.end(), parts.first) == kOrderFields.end() ||
          parts.second.empty()) {
        return absl::InvalidArgumentError(absl::StrFormat("--map: \"%s\" is no field=COLUMN; the fields are %s",
                                                          std::string(pair), absl::StrJoin(kOrderFields, ", ")));
      }
      file.columns[parts.first] = parts.second;
    }
  }
  // What the command does not say, the store does.
  v1::GetStoreRequest request;
  request.set_id(arguments.store);
  const auto store = client.Call<v1::Store>("orders.v1.StoreService/GetStore", request);
  const std::string zone = !arguments.zone.empty() ? arguments.zone : store.ok() ? store->time_zone() : "UTC";
  const std::string currency = !arguments.currency.empty() ? arguments.currency
                               : store.ok()                ? store->currency_code()
                                                           : "TRY";
  ESNAF_ASSIGN_OR_RETURN(file.time_zone, TimeZone::Load(zone));
  ESNAF_ASSIGN_OR_RETURN(file.currency, Currency::Parse(currency));
  options.dry_run = arguments.dry_run;
  options.restart = arguments.restart;
  options.reject_path = arguments.reject;
  options.send.in_flight = arguments.in_flight;
  options.send.patience = std::chrono::seconds(arguments.patience);
  return options;
}

void AddImport(CLI::App& orders, Context& context) {
  auto arguments = std::make_shared<ImportArguments>();
  auto* import =
      orders.add_subcommand("import", "Import orders from a CSV file (also gzip) with one row a line of an order");
  import->add_option("file", arguments->path, "The file")->required();
  import->add_option("--store", arguments->store, "The store that they belong to")->required();
  import->add_option("--join", arguments->join, "A second file with one row an order, found by the column of `order`");
  import->add_option(
      "--map", arguments->map,
      absl::StrCat("field=COLUMN,... where columns are named otherwise; fields: ", absl::StrJoin(kOrderFields, ", ")));
  import->add_option("--time-zone", arguments->zone,
                     "The IANA zone of times without an offset; the store's where not given");
  import->add_option("--currency", arguments->currency,
                     "ISO 4217, where the file has no currency column; the store's where not given");
  import->add_option("--cancellation-prefix", arguments->prefix, "Orders whose number starts so are returns");
  import->add_option("--reject", arguments->reject, "Where to write rejected rows, each with its line and reason");
  import->add_flag("--dry-run", arguments->dry_run, "Check everything, change nothing");
  import->add_flag("--restart", arguments->restart, "Start anew where an earlier try was broken off");
  import->add_option("--in-flight", arguments->in_flight, "Batches under way at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  import->add_option("--patience", arguments->patience, "Seconds for which the suite may be away")
      ->check(CLI::Range(0, 86400))
      ->capture_default_str();
  import->callback([&context, arguments] {
    Client client = context.client();
  const auto options = ReadImportArguments(client, *arguments);
  if (!options.ok()) {
    PrintError(options.status());
    context.exit_code = kUsage;
    return;
  }
  context.exit_code = ImportOrders(client, *options);
});
}  // namespace

}  // namespace esnaf::cli

void AddOrderCommands(CLI::App& app, Context& context) {
  AddStoreCommands(app, context);
  auto* orders = app.add_subcommand("orders", "Orders");
  orders->require_subcommand(1);
  AddImport(*orders, context);
  struct Arguments {
    std::string id, filter, order_by, page_token, contact, store, reason, amount;
    int page_size = 50;
  };
  auto arguments = std::make_shared<Arguments>();

  auto* get = orders->add_subcommand("get", "Show an order");
  get->add_option("id", arguments->id, "The order's id")->required();
  get->callback([&context, arguments] {
    v1::GetOrderRequest request;
    request.set_id(arguments->id);
    ShowOrder(context, context.client().Call<v1::Order>("orders.v1.OrderService/GetOrder", request));
  });

  auto* list = orders->add_subcommand("list", "List orders");
  list->add_option("--filter", arguments->filter, "An AIP-160 filter, for example 'state = COMPLETED AND net > 10000'");
  list->add_option("--order-by", arguments->order_by, "For example 'net desc'");
  list->add_option("--contact", arguments->contact, "Only this person's");
  list->add_option("--store", arguments->store, "Only this store's");
  list->add_option("--page-size", arguments->page_size, "The most on a page")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "What the last page gave");
  list->callback([&context, arguments] {
    v1::ListOrdersRequest request;
    request.set_filter(arguments->filter);
    request.set_order_by(arguments->order_by);
    request.set_contact_id(arguments->contact);
    request.set_store_id(arguments->store);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto page = context.client().Call<v1::ListOrdersResponse>("orders.v1.OrderService/ListOrders", request);
    if (page.ok()) {
      Print(context.format, OrderTable(page->orders()), *page);
      if (!page->next_page_token().empty()) std::cerr << "more: --page-token " << page->next_page_token() << "\n";
    }
    context.Finish(page.status());
  });

  auto* cancel = orders->add_subcommand("cancel", "Cancel an order");
  cancel->add_option("id", arguments->id, "The order's id")->required();
  cancel->add_option("--reason", arguments->reason, "Why");
  cancel->callback([&context, arguments] {
    v1::CancelOrderRequest request;
    request.set_id(arguments->id);
    request.set_reason(arguments->reason);
    ShowOrder(context, context.client().Call<v1::Order>("orders.v1.OrderService/CancelOrder", request, false));
  });

  auto* refund = orders->add_subcommand("refund", "Refund an order, wholly or in part");
  refund->add_option("id", arguments->id, "The order's id")->required();
  refund->add_option("--amount", arguments->amount, "How much, for example 129.90; all that is left where not given");
  refund->add_option("--reason", arguments->reason, "Why");
  refund->callback([&context, arguments] {
    Client client = context.client();
    v1::GetOrderRequest get_request;
    get_request.set_id(arguments->id);
    const auto order = client.Call<v1::Order>("orders.v1.OrderService/GetOrder", get_request);
    if (!order.ok()) return context.Finish(order.status());
    v1::RefundOrderRequest request;
    request.set_id(arguments->id);
    request.mutable_refund()->set_reason(arguments->reason);
    if (!arguments->amount.empty()) {
      const auto currency = Currency::Parse(order->currency_code());
      const auto amount = currency.ok() ? ParseMoney(arguments->amount, *currency) : currency.status();
      if (!amount.ok()) return context.Finish(amount.status());
      request.mutable_refund()->mutable_amount()->set_minor(amount->minor);
      request.mutable_refund()->mutable_amount()->set_currency_code(order->currency_code());
    }
    ShowOrder(context, client.Call<v1::Order>("orders.v1.OrderService/RefundOrder", request, false));
  });
}

}  // namespace esnaf::cli

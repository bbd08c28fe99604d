// Products: what a store sells, what that cost over time, and which of it sells.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "cli/command_line.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = orders::v1;

struct Arguments {
  std::string store, sku, page_token, from, until, rank = "units";
  int page_size = 50;
};

template <typename Response, typename Request>
absl::StatusOr<Response> Call(Context& context, const std::string& method, const Request& request) {
  return context.client().Call<Response>("orders.v1.ProductService/" + method, request);
}

std::string Amount(const api::v1::Money& money) { return ShowMinor(money.minor(), money.currency_code()); }

template <typename Products>
Table ProductTable(const Products& products) {
  Table table{{"SKU", "TITLE", "VARIANT OF", "OPTIONS", "CATEGORY", "BRAND", "PRICE", "COST", "STOCK"}, {}};
  for (const v1::Product& product : products) {
    std::string options;
    for (const v1::ProductOption& option : product.options()) {
      absl::StrAppend(&options, options.empty() ? "" : ", ", option.name(), ": ", option.value());
    }
    table.rows.push_back({product.sku(), product.title(), product.parent_sku(), options, product.category(),
                          product.brand(), product.has_price() ? Amount(product.price()) : "",
                          product.has_cost() ? Amount(product.cost()) : "",
                          product.has_stock_quantity() ? std::to_string(product.stock_quantity()) : ""});
  }
  return table;
}

void AddList(CLI::App& products, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* list = products.add_subcommand("list", "List a store's products, by SKU");
  list->add_option("STORE", arguments->store, "The store")->required();
  list->add_option("--page-size", arguments->page_size, "The most products")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "What the last page named");
  list->callback([&context, arguments] {
    v1::ListProductsRequest request;
    request.set_store_id(arguments->store);
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto answer = Call<v1::ListProductsResponse>(context, "ListProducts", request);
    if (answer.ok()) {
      Print(context.format, ProductTable(answer->products()), *answer);
      if (!answer->next_page_token().empty()) std::cerr << "more: --page-token " << answer->next_page_token() << "\n";
    }
    context.Finish(answer.status());
  });
}

void AddHistory(CLI::App& products, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* history = products.add_subcommand("history", "Show what a product was sold for and cost");
  history->add_option("STORE", arguments->store, "The store")->required();
  history->add_option("SKU", arguments->sku, "The product")->required();
  history->callback([&context, arguments] {
    v1::GetProductHistoryRequest request;
    request.set_store_id(arguments->store);
    request.set_sku(arguments->sku);
    const auto answer = Call<v1::ProductHistory>(context, "GetProductHistory", request);
    if (answer.ok()) {
      Table table{{"WHAT", "SINCE", "AMOUNT"}, {}};
      const auto add = [&table](const std::string& what, const auto& entries) {
        for (const v1::PastAmount& past : entries) {
          table.rows.push_back({what, ShowTime(past.from_time()), past.has_amount() ? Amount(past.amount()) : "none"});
        }
      };
      add("price", answer->prices());
      add("cost", answer->costs());
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

// Puts an option's time, where it is given, into the request.
absl::Status ReadTime(const std::string& text, const std::string& option,
                      google::protobuf::Timestamp* (*field)(v1::ListProductPopularityRequest&),
                      v1::ListProductPopularityRequest& request) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Time> time = TimeZone::Utc().ParseLocal(text);
  if (!time.ok()) return absl::InvalidArgumentError(option + ": " + std::string(time.status().message()));
  *field(request) = api::ToProto(*time);
  return absl::OkStatus();
}

void AddPopular(CLI::App& products, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* popular = products.add_subcommand("popular", "Rank products by what was sold of them");
  popular->add_option("STORE", arguments->store, "The store")->required();
  popular->add_option("--from", arguments->from, "The orders from then on, in UTC; the last 30 days where not given");
  popular->add_option("--until", arguments->until, "And before then; now where not given");
  popular->add_option("--by", arguments->rank, "units, orders, net-revenue or margin")
      ->check(CLI::IsMember({"units", "orders", "net-revenue", "margin"}))
      ->capture_default_str();
  popular->add_option("--page-size", arguments->page_size, "The most products")->capture_default_str();
  popular->callback([&context, arguments] {
    v1::ListProductPopularityRequest request;
    request.set_store_id(arguments->store);
    request.set_page_size(arguments->page_size);
    request.set_rank(arguments->rank == "orders"        ? v1::POPULARITY_RANK_ORDERS
                     : arguments->rank == "net-revenue" ? v1::POPULARITY_RANK_NET_REVENUE
                     : arguments->rank == "margin"      ? v1::POPULARITY_RANK_MARGIN
                                                        : v1::POPULARITY_RANK_UNITS);
    absl::Status read = ReadTime(
        arguments->from, "--from", [](v1::ListProductPopularityRequest& to) { return to.mutable_start_time(); },
        request);
    if (read.ok()) {
      read = ReadTime(
          arguments->until, "--until", [](v1::ListProductPopularityRequest& to) { return to.mutable_end_time(); },
          request);
    }
    if (!read.ok()) return context.Finish(read);
    const auto answer = Call<v1::ListProductPopularityResponse>(context, "ListProductPopularity", request);
    if (answer.ok()) {
      Table table{{"SKU", "TITLE", "UNITS", "ORDERS", "NET REVENUE", "COST", "MARGIN", "UNITS WITHOUT COST"}, {}};
      for (const v1::ProductPopularity& one : answer->products()) {
        const auto amount = [&one](std::int64_t minor) { return ShowMinor(minor, one.currency_code()); };
        table.rows.push_back({one.sku(), one.title(), std::to_string(one.unit_count()),
                              std::to_string(one.order_count()), amount(one.net_revenue()), amount(one.cost()),
                              amount(one.margin()), std::to_string(one.uncosted_unit_count())});
      }
      Print(context.format, table, *answer);
    }
    context.Finish(answer.status());
  });
}

}  // namespace

void AddProductCommands(CLI::App& app, Context& context) {
  auto* products = app.add_subcommand("products", "What a store sells");
  products->require_subcommand(1);
  AddList(*products, context);
  AddHistory(*products, context);
  AddPopular(*products, context);
}

}  // namespace esnaf::cli

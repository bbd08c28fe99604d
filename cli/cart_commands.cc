// Carts: which were left, by which policy they count as such, and the way back to them.
#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "cli/command_line.h"
#include "esnaf/orders/v1/carts.pb.h"

namespace esnaf::cli {
namespace {

namespace v1 = orders::v1;

struct Arguments {
  std::string id, store, state, contact, page_token, token;
  int page_size = 50, idle_minutes = 0, expire_days = 0, recovery_days = 0;
  std::int64_t min_value = -1;
};
using SharedArguments = std::shared_ptr<Arguments>;

template <typename Response, typename Request>
absl::StatusOr<Response> Call(Context& context, const std::string& method, const Request& request) {
  return context.client().Call<Response>("orders.v1.CartService/" + method, request);
}

// `CART_STATE_OPEN` as `open`.
std::string StateText(v1::CartState state) {
  constexpr std::size_t kPrefix = sizeof("CART_STATE_") - 1;
  return absl::AsciiStrToLower(v1::CartState_Name(state).substr(kPrefix));
}

template <typename Carts>
Table CartTable(const Carts& carts) {
  Table table{{"ID", "STORE", "NUMBER", "STATE", "VALUE", "LINES", "ACTIVE", "ABANDONED", "TIMES", "ORDER",
               "ORDER TOTAL", "CONTACT"},
              {}};
  for (const v1::Cart& cart : carts) {
    const bool known = cart.has_order();
    table.rows.push_back({cart.id(), cart.store_id(), cart.external_id(), StateText(cart.state()),
                          ShowMinor(cart.value(), cart.currency_code()), std::to_string(cart.lines_size()),
                          ShowTime(cart.activity_time()), cart.has_abandon_time() ? ShowTime(cart.abandon_time()) : "",
                          std::to_string(cart.abandon_count()),
                          known ? cart.order().external_id() : cart.order_external_id(),
                          known ? ShowMinor(cart.order().total().minor(), cart.order().total().currency_code()) : "",
                          cart.contact_id()});
  }
  return table;
}

void PrintPolicy(Context& context, const absl::StatusOr<v1::CartPolicy>& policy) {
  if (policy.ok()) {
    const Table table{{"STORE", "IDLE MINUTES", "EXPIRE DAYS", "RECOVERY DAYS", "LEAST VALUE", "VERSION"},
                      {{policy->store_id(), std::to_string(policy->idle_minutes()),
                        std::to_string(policy->expire_days()), std::to_string(policy->recovery_days()),
                        ShowMinor(policy->min_value().minor(), policy->min_value().currency_code()), policy->etag()}}};
    Print(context.format, table, *policy);
  }
  context.Finish(policy.status());
}

void AddList(CLI::App& carts, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* list = carts.add_subcommand("list", "List carts, last changed first");
  list->add_option("--store", arguments->store, "Only those of a store");
  list->add_option("--contact", arguments->contact, "Only those of a person");
  list->add_option("--state", arguments->state, "open, ordered, abandoned, recovered or expired")
      ->check(CLI::IsMember({"open", "ordered", "abandoned", "recovered", "expired"}));
  list->add_option("--page-size", arguments->page_size, "The most carts")->capture_default_str();
  list->add_option("--page-token", arguments->page_token, "What the last page named");
  list->callback([&context, arguments] {
    v1::ListCartsRequest request;
    request.set_store_id(arguments->store);
    request.set_contact_id(arguments->contact);
    if (!arguments->state.empty()) request.set_filter("state = " + absl::AsciiStrToUpper(arguments->state));
    request.set_page_size(arguments->page_size);
    request.set_page_token(arguments->page_token);
    const auto answer = Call<v1::ListCartsResponse>(context, "ListCarts", request);
    if (answer.ok()) {
      Print(context.format, CartTable(answer->carts()), *answer);
      if (!answer->next_page_token().empty()) std::cerr << "more: --page-token " << answer->next_page_token() << "\n";
    }
    context.Finish(answer.status());
  });
}

void AddPolicy(CLI::App& carts, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* policy = carts.add_subcommand("policy", "Show a store's policy, and change what is given");
  policy->add_option("STORE", arguments->store, "The store")->required();
  policy->add_option("--idle-minutes", arguments->idle_minutes, "After how long a cart is abandoned");
  policy->add_option("--expire-days", arguments->expire_days, "After how long it expires");
  policy->add_option("--recovery-days", arguments->recovery_days, "How long after that an order recovers it");
  policy->add_option("--min-value", arguments->min_value, "What a cart must be worth, in minor units");
  policy->callback([&context, arguments, policy] {
    v1::UpdateCartPolicyRequest request;
    v1::CartPolicy& wanted = *request.mutable_policy();
    wanted.set_store_id(arguments->store);
    const auto given = [&](const char* option, const char* path) {
      if (policy->count(option) == 0) return false;
      request.mutable_update_mask()->add_paths(path);
      return true;
    };
    if (given("--idle-minutes", "idle_minutes")) wanted.set_idle_minutes(arguments->idle_minutes);
    if (given("--expire-days", "expire_days")) wanted.set_expire_days(arguments->expire_days);
    if (given("--recovery-days", "recovery_days")) wanted.set_recovery_days(arguments->recovery_days);
    if (given("--min-value", "min_value")) wanted.mutable_min_value()->set_minor(arguments->min_value);
    if (request.update_mask().paths().empty()) {
      v1::GetCartPolicyRequest get;
      get.set_store_id(arguments->store);
      return PrintPolicy(context, Call<v1::CartPolicy>(context, "GetCartPolicy", get));
    }
    PrintPolicy(context, Call<v1::CartPolicy>(context, "UpdateCartPolicy", request));
  });
}

void AddLinks(CLI::App& carts, Context& context) {
  auto arguments = std::make_shared<Arguments>();
  auto* link = carts.add_subcommand("link", "Make a token by which a storefront fills a cart again");
  link->add_option("CART", arguments->id, "The cart's id")->required();
  link->callback([&context, arguments] {
    v1::CreateCartLinkRequest request;
    request.set_id(arguments->id);
    const auto made = Call<v1::CartLink>(context, "CreateCartLink", request);
    if (made.ok()) {
      Print(context.format,
            Table{{"CART", "TOKEN", "EXPIRES"}, {{made->cart_id(), made->token(), ShowTime(made->expire_time())}}},
            *made);
    }
    context.Finish(made.status());
  });
  auto* recover = carts.add_subcommand("recover", "Show what a token's cart holds");
  recover->add_option("TOKEN", arguments->token, "The token")->required();
  recover->callback([&context, arguments] {
    v1::RecoverCartRequest request;
    request.set_token(arguments->token);
    const auto content = Call<v1::RecoverCartResponse>(context, "RecoverCart", request);
    if (content.ok()) {
      Table table{{"SKU", "TITLE", "QUANTITY", "AMOUNT"}, {}};
      for (const v1::OrderLine& line : content->lines()) {
        table.rows.push_back({line.sku(), line.title(), std::to_string(line.quantity()),
                              ShowMinor(line.amount().minor(), content->currency_code())});
      }
      Print(context.format, table, *content);
    }
    context.Finish(content.status());
  });
}

}  // namespace

void AddCartCommands(CLI::App& app, Context& context) {
  auto* carts = app.add_subcommand("carts", "What people mean to buy, and leave");
  carts->require_subcommand(1);
  AddList(*carts, context);
  AddPolicy(*carts, context);
  AddLinks(*carts, context);
}

}  // namespace esnaf::cli

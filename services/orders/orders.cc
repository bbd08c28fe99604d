#include "services/orders/orders.h"

#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "libs/hooks/hook_service.h"
#include "services/orders/cart_service.h"
#include "services/orders/cart_store.h"
#include "services/orders/cart_watch.h"
#include "services/orders/catalog_service.h"
#include "services/orders/connectors/storefront_connectors.h"
#include "services/orders/contacts_consumer.h"
#include "services/orders/order_service.h"

namespace esnaf::orders {
namespace {

using namespace std::chrono_literals;

// For how long a worker goes on without a pause: a program that stops waits for it.
constexpr std::chrono::milliseconds kAtOnce{2000};

template <typename Store>
absl::Status LinkAndTell(runtime::App& app, postgres::Connection& connection, ContactLinker& linker) {
  ESNAF_ASSIGN_OR_RETURN(const int linked, LinkParked<Store>(connection, linker, app.clock().Now()));
  if (linked > 0 && connection.last_event_xact()) app.NotifyEvents(*connection.last_event_xact());
  return absl::OkStatus();
}

void AddStorefronts(runtime::App& app, const StorefrontParts& parts) {
  struct Storefronts {
    std::unique_ptr<hooks::Connector> shopify, woocommerce;
  };
  auto& storefronts = app.Make<Storefronts>();
  storefronts.shopify = MakeShopify(parts);
  storefronts.woocommerce = MakeWooCommerce(parts);
  hooks::ServeHooks(app, {storefronts.shopify.get(), storefronts.woocommerce.get()}, "orders");
}

}  // namespace

absl::Status Build(runtime::App& app) {
  auto& shops = app.Make<ShopCache>(app.clock());
  auto& linker = app.Make<ContactLinker>(app.channel("contacts"), app.clock());
  auto& ingest = app.Make<OrderIngest>(shops, linker);
  app.AddRpcs(app.Make<OrderService>(ingest).Rpcs());
  auto& carts = app.Make<CartService>(shops, linker);
  app.AddRpcs(carts.Rpcs());
  app.AddRpcs(app.Make<StoreService>().Rpcs());
  app.AddRpcs(app.Make<ProductService>(shops).Rpcs());
  AddStorefronts(app, {shops, linker, ingest, carts});
  events::ServeFeed(app);
  events::Consume(app, "contacts", ApplyContacts);

  auto& unlinked = app.metrics().GetGauge("esnaf_orders_unlinked", "Orders that wait for their contact.");
  app.AddWorker("link-orders", 1s, [&app, &linker, &unlinked](postgres::Connection& connection) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(LinkAndTell<OrderStore>(app, connection, linker));
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t count,
                           connection.Run({.autocommit = true, .read_only = true},
                                          [](postgres::Tx& tx) { return OrderStore::CountUnlinked(tx); }));
    unlinked.Set(static_cast<double>(count));
    return absl::OkStatus();
  });
  app.AddWorker("link-carts", 1s, [&app, &linker](postgres::Connection& connection) {
    return LinkAndTell<CartStore>(app, connection, linker);
  });
  app.AddWorker("cart-watch", 1s, [&app](postgres::Connection& connection) {
    return runtime::TakeSteps(kAtOnce, [&]() -> absl::StatusOr<bool> {
      const auto step = [&](postgres::Tx& tx) { return WatchSomeCarts(tx, app.clock().Now()); };
      ESNAF_ASSIGN_OR_RETURN(const bool more, connection.Run({}, step));
      if (connection.last_event_xact()) app.NotifyEvents(*connection.last_event_xact());
      return more;
    });
  });
  return absl::OkStatus();
}

}  // namespace esnaf::orders

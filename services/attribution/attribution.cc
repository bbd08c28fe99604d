#include "services/attribution/attribution.h"

#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/attribution/contacts_consumer.h"
#include "services/attribution/orders_consumer.h"
#include "services/attribution/spend/spend_service.h"
#include "services/attribution/spend/store_currency.h"
#include "services/attribution/touches/touchpoint_service.h"

namespace esnaf::attribution {
namespace {

void AddSpend(runtime::App& app) {
  StoreCurrencies& currencies = app.Make<StoreCurrencies>(app.channel("orders"));
  const StoreCurrency currency_of = [&currencies](const runtime::Call& call, const std::string& store_id) {
    return currencies.Get(call, store_id);
  };
  app.AddRpcs(app.Make<AdSpendService>(currency_of).Rpcs());
  app.AddRpcs(app.Make<CurrencyRateService>().Rpcs());
}

}  // namespace

absl::Status Build(runtime::App& app) {
  app.AddRpcs(app.Make<TouchpointService>().Rpcs());
  AddSpend(app);
  events::ServeFeed(app);
  const Clock& clock = app.clock();
  events::Consume(app, "orders", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
    return ApplyOrderEvents(tx, events, clock.Now());
  });
  events::Consume(app, "contacts", [&clock](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
    return ApplyContactEvents(tx, events, clock.Now());
  });
  return absl::OkStatus();
}

}  // namespace esnaf::attribution

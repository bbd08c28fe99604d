#include "services/attribution/attribution.h"

#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/attribution/contacts_consumer.h"
#include "services/attribution/orders_consumer.h"
#include "services/attribution/touches/touchpoint_service.h"

namespace esnaf::attribution {

absl::Status Build(runtime::App& app) {
  app.AddRpcs(app.Make<TouchpointService>().Rpcs());
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

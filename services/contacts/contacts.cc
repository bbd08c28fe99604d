#include "services/contacts/contacts.h"

#include "esnaf/migrations/contacts.h"
#include "esnaf/migrations/events.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "services/contacts/consent_service.h"
#include "services/contacts/contact_service.h"
#include "services/contacts/custom_field_service.h"
#include "services/contacts/interaction_service.h"
#include "services/contacts/order_consumer.h"
#include "services/contacts/segment_consumer.h"

namespace esnaf::contacts {

runtime::ServiceDefinition Definition() {
  return {.name = "contacts",
          .migrations = {&migrations::events(), &migrations::contacts()},
          .components = {"events", "contacts"},
          .keys = {{"orders-address", "", "Where orders listens; without it the timeline has no orders."},
                   {"segmentation-address", "", "Where segmentation listens; without it the timeline has no labels."}},
          .build = Build};
}

absl::Status Build(runtime::App& app) {
  app.AddRpcs(app.Make<ContactService>().Rpcs());
  app.AddRpcs(app.Make<ConsentService>().Rpcs());
  app.AddRpcs(app.Make<InteractionService>().Rpcs());
  app.AddRpcs(app.Make<CustomFieldService>().Rpcs());
  events::ServeFeed(app);
  if (!app.config().Text("orders-address").empty()) events::Consume(app, "orders", ApplyOrderEvents);
  if (!app.config().Text("segmentation-address").empty()) events::Consume(app, "segmentation", ApplySegmentEvents);
  return absl::OkStatus();
}

}  // namespace esnaf::contacts

#include "services/contacts/contacts.h"

#include "esnaf/migrations/contacts.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/hooks.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/events/feed.h"
#include "libs/hooks/hook_service.h"
#include "services/contacts/consent_service.h"
#include "services/contacts/contact_service.h"
#include "services/contacts/custom_field_service.h"
#include "services/contacts/interaction_service.h"
#include "services/contacts/iys/iys_service.h"
#include "services/contacts/leads/lead_connectors.h"
#include "services/contacts/order_consumer.h"
#include "services/contacts/segment_consumer.h"
#include "services/contacts/ticket_consumer.h"

namespace esnaf::contacts {

runtime::ServiceDefinition Definition() {
  return {.name = "contacts",
          .migrations = {&migrations::events(), &migrations::hooks(), &migrations::contacts()},
          .components = {"events", "hooks", "contacts"},
          .keys = {{"orders-address", "", "Where orders listens; without it the timeline has no orders."},
                   {"segmentation-address", "", "Where segmentation listens; without it the timeline has no labels."},
                   {"support-address", "", "Where support listens; without it the timeline has no tickets."},
                   {"meta-graph-url", "https://graph.facebook.com/v21.0", "Where Meta is asked for leads, by https."}},
          .build = Build};
}

namespace {

absl::Status AddLeadForms(runtime::App& app) {
  struct LeadForms {
    std::unique_ptr<GraphClient> graph;
    std::unique_ptr<hooks::Connector> google, meta;
  };
  auto& forms = app.Make<LeadForms>();
  absl::StatusOr<std::unique_ptr<GraphClient>> graph = MakeGraphClient({.url = app.config().Text("meta-graph-url")});
  if (!graph.ok()) return WithFieldPrefix(graph.status(), "meta-graph-url");
  forms.graph = *std::move(graph);
  forms.google = MakeGoogleLeadForm();
  forms.meta = MakeMetaLeadAds(*forms.graph);
  hooks::ServeHooks(app, {forms.google.get(), forms.meta.get()}, "contacts");
  return absl::OkStatus();
}

}  // namespace

absl::Status Build(runtime::App& app) {
  app.AddRpcs(app.Make<ContactService>().Rpcs());
  app.AddRpcs(app.Make<ConsentService>().Rpcs());
  app.AddRpcs(app.Make<IysService>().Rpcs());
  WatchIysRecords(app);
  app.AddRpcs(app.Make<InteractionService>().Rpcs());
  app.AddRpcs(app.Make<CustomFieldService>().Rpcs());
  ESNAF_RETURN_IF_ERROR(AddLeadForms(app));
  events::ServeFeed(app);
  if (!app.config().Text("orders-address").empty()) events::Consume(app, "orders", ApplyOrderEvents);
  if (!app.config().Text("segmentation-address").empty()) events::Consume(app, "segmentation", ApplySegmentEvents);
  if (!app.config().Text("support-address").empty()) events::Consume(app, "support", ApplyTicketEvents);
  return absl::OkStatus();
}

}  // namespace esnaf::contacts

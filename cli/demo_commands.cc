#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "cli/card.h"
#include "cli/command_line.h"
#include "cli/demo_shop.h"
#include "cli/order_import.h"
#include "cli/progress.h"
#include "cli/rfm_tables.h"
#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/gateway/v1/card.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace ov1 = orders::v1;
namespace sv1 = segmentation::v1;

// The day on which the demo shop was made here; its orders end before it, so that a second load sends the same ones.
absl::StatusOr<Date> MakeStores(Client& client) {
  Date day;
  for (const auto& wanted : DemoShop(Date()).Stores()) {
    ov1::GetStoreRequest get;
    get.set_id(wanted.id());
    auto store = client.Call<ov1::Store>("orders.v1.StoreService/GetStore", get);
    if (absl::IsNotFound(store.status())) {
      ov1::CreateStoreRequest create;
      *create.mutable_store() = wanted;
      store = client.Call<ov1::Store>("orders.v1.StoreService/CreateStore", create);
    }
    ESNAF_RETURN_IF_ERROR(store.status());
    ESNAF_ASSIGN_OR_RETURN(const Time created, api::FromProto(store->create_time(), "store.create_time"));
    if (wanted.id() == kDemoWebStore) day = TimeZone::Utc().LocalDate(created);
  }
  return day;
}

absl::Status LoadProducts(Client& client, const DemoShop& shop) {
  ov1::BatchUpsertProductsRequest request;
  for (const auto& product : shop.Products()) {
    *request.add_products() = product;
    if (request.products_size() == 500) {
      ESNAF_RETURN_IF_ERROR(
          client.Call<ov1::BatchUpsertProductsResponse>("orders.v1.ProductService/BatchUpsertProducts", request)
              .status());
      request.Clear();
    }
  }
  if (request.products().empty()) return absl::OkStatus();
  return client.Call<ov1::BatchUpsertProductsResponse>("orders.v1.ProductService/BatchUpsertProducts", request)
      .status();
}

absl::Status LoadOrders(Client& client, const DemoShop& shop) {
  const auto started = std::chrono::steady_clock::now();
  SendOptions options;
  absl::StatusOr<SendResult> result = SendResult();
  {
    Progress progress("loading orders", static_cast<std::int64_t>(shop.order_count()));
    result = SendOrders(
        client, 0, shop.order_count(), [&](std::size_t i) { return shop.Order(i); },
        [&](std::size_t below) { progress.Show(static_cast<std::int64_t>(below)); }, options);
  }
  ESNAF_RETURN_IF_ERROR(result.status());
  if (!result->refused.empty()) {
    return absl::InternalError(absl::StrFormat("%d demo orders were refused; the first: %s", result->refused.size(),
                                               result->refused[0].second));
  }
  client.set_position(result->position);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::cout << absl::StrFormat("loaded %d orders of two years in %.0f s\n", shop.order_count(), seconds);
  return absl::OkStatus();
}

// Gives the person on the demo's card a consent and a talk, so that every part of the card shows something.
absl::Status TalkTo(Client& client, const std::string& contact_id) {
  contacts::v1::RecordConsentRequest consent;
  consent.set_contact_id(contact_id);
  consent.set_request_id(absl::StrCat("demo-consent-", contact_id));
  auto& line = *consent.mutable_consent();
  line.set_purpose("marketing");
  line.set_channel(contacts::v1::CONSENT_CHANNEL_EPOSTA);
  line.set_status(contacts::v1::CONSENT_STATUS_ONAY);
  line.set_source(contacts::v1::CONSENT_SOURCE_HS_WEB);
  line.set_text_version("2026-01");
  ESNAF_RETURN_IF_ERROR(
      client.Call<contacts::v1::Consent>("contacts.v1.ConsentService/RecordConsent", consent).status());
  contacts::v1::IngestInteractionRequest talk;
  auto& interaction = *talk.mutable_interaction();
  interaction.set_contact_id(contact_id);
  interaction.set_channel(contacts::v1::CHANNEL_WHATSAPP);
  interaction.set_direction(contacts::v1::DIRECTION_INBOUND);
  interaction.set_external_id(absl::StrCat("demo-", contact_id));
  interaction.set_subject("Beden değişimi");
  interaction.set_body("Merhaba, siparişimdeki bot büyük geldi. 38 numara ile değiştirebilir miyim?");
  return client.Call<contacts::v1::IngestInteractionResponse>("contacts.v1.InteractionService/IngestInteraction", talk)
      .status();
}

// Nearly half of a shop's customers have ordered once; this method gives them the lowest frequency score.
absl::Status ChooseRfmMethod(Client& client) {
  sv1::UpdateRfmPolicyRequest request;
  request.mutable_policy()->set_id("default");
  request.mutable_policy()->set_method(sv1::RFM_METHOD_PERCENT_RANK);
  request.mutable_update_mask()->add_paths("method");
  return client.Call<sv1::RfmPolicy>("segmentation.v1.RfmService/UpdateRfmPolicy", request).status();
}

// Orders reach segmentation as events; the position of the last one makes the computation wait for all of them. Orders
// whose customers were not known at once follow within seconds, so it is done again until nobody is new.
absl::StatusOr<sv1::RfmSummary> ComputeRfm(Client& client) {
  std::int64_t before = -1;
  for (int round = 0; round < 30; ++round) {
    sv1::ComputeRfmRequest compute;
    compute.set_id("default");
    ESNAF_ASSIGN_OR_RETURN(const auto computed,
                           client.Call<sv1::ComputeRfmResponse>("segmentation.v1.RfmService/ComputeRfm", compute));
    if (computed.scored_count() == before) break;
    before = computed.scored_count();
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  sv1::GetRfmSummaryRequest request;
  request.set_policy_id("default");
  return client.Call<sv1::RfmSummary>("segmentation.v1.RfmService/GetRfmSummary", request);
}

absl::Status LoadDemo(Context& context) {
  Client client = context.client();
  client.set_timeout(std::chrono::seconds(60));
  ESNAF_ASSIGN_OR_RETURN(const Date day, MakeStores(client));
  const DemoShop shop(day);
  ESNAF_RETURN_IF_ERROR(ChooseRfmMethod(client));
  ESNAF_RETURN_IF_ERROR(LoadProducts(client, shop));
  ESNAF_RETURN_IF_ERROR(LoadOrders(client, shop));
  ESNAF_ASSIGN_OR_RETURN(const auto summary, ComputeRfm(client));
  std::cout << "\nRFM: customers by recency, frequency and value\n" << RenderTable(SummaryTable(summary));

  sv1::ListRfmScoresRequest scores;
  scores.set_policy_id("default");
  scores.set_label("champions");
  scores.set_page_size(1);
  ESNAF_ASSIGN_OR_RETURN(const auto best,
                         client.Call<sv1::ListRfmScoresResponse>("segmentation.v1.RfmService/ListRfmScores", scores));
  if (best.scores().empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(TalkTo(client, best.scores(0).contact_id()));
  gateway::v1::GetCustomerCardRequest request;
  request.set_contact_id(best.scores(0).contact_id());
  ESNAF_ASSIGN_OR_RETURN(const auto card, client.Call<gateway::v1::CustomerCard>(
                                              "gateway.v1.CustomerCardService/GetCustomerCard", request));
  std::cout << "\nA customer's card (esnaf card " << best.scores(0).contact_id() << ")\n";
  PrintCard(card);
  return absl::OkStatus();
}

}  // namespace

void AddDemoCommands(CLI::App& app, Context& context) {
  auto* demo = app.add_subcommand("demo", "The generated demo shop");
  demo->require_subcommand(1);
  demo->add_subcommand("load", "Load the demo shop (again without harm) and show what it holds")->callback([&context] {
    context.Finish(LoadDemo(context));
  });
}

}  // namespace esnaf::cli

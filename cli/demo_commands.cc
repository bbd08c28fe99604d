#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "cli/card.h"
#include "cli/command_line.h"
#include "cli/demo_shop.h"
#include "cli/demo_visits.h"
#include "cli/order_import.h"
#include "cli/progress.h"
#include "cli/rfm_tables.h"
#include "esnaf/attribution/v1/report.pb.h"
#include "esnaf/attribution/v1/spend.pb.h"
#include "esnaf/contacts/v1/consents.pb.h"
#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/gateway/v1/card.pb.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace av1 = attribution::v1;
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

// Before the orders, which are then credited once.
absl::Status LoadVisits(Client& client, const DemoVisits& visits) {
  constexpr int kBatch = 1000;
  Progress progress("loading visits", static_cast<std::int64_t>(visits.size()));
  av1::BatchIngestTouchpointsRequest request;
  for (std::size_t i = 0; i < visits.size(); ++i) {
    *request.add_touchpoints() = visits.Touch(i);
    if (request.touchpoints_size() < kBatch && i + 1 < visits.size()) continue;
    ESNAF_ASSIGN_OR_RETURN(const auto answer, client.Call<av1::BatchIngestTouchpointsResponse>(
                                                  "attribution.v1.TouchpointService/BatchIngestTouchpoints", request));
    if (answer.errors_size() > 0) {
      return absl::InternalError(absl::StrCat("a demo visit was refused: ", answer.errors(0).error().message()));
    }
    progress.Show(static_cast<std::int64_t>(i + 1));
    request.Clear();
  }
  return absl::OkStatus();
}

absl::Status LoadSpend(Client& client, const DemoVisits& visits) {
  for (const char* platform : {"google", "meta"}) {
    av1::ImportAdSpendRequest request;
    request.set_store_id(kDemoWebStore);
    request.set_platform(platform);
    request.set_format(av1::SPEND_FORMAT_GENERIC_TABLE);
    request.set_file_name(absl::StrCat("demo-", platform, ".csv"));
    for (const auto& [column, heading] : DemoVisits::SpendColumns()) (*request.mutable_columns())[column] = heading;
    request.set_text(visits.SpendTable(platform));
    ESNAF_RETURN_IF_ERROR(
        client.Call<av1::AdSpendImport>("attribution.v1.AdSpendService/ImportAdSpend", request).status());
  }
  return absl::OkStatus();
}

// Answers the position of the last order.
absl::StatusOr<std::string> LoadOrders(Client& client, const DemoShop& shop) {
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
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::cout << absl::StrFormat("loaded %d orders of two years in %.0f s\n", shop.order_count(), seconds);
  return result->position;
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

// Asks for what is made of the orders until it says the same three times. Reads wait for the orders' own position; but
// orders whose customers were not known at once follow when they are, within seconds or, on a busy machine, later.
template <typename Ask, typename SameAs>
auto AskUntilItRests(const Ask& ask, const SameAs& same_as) -> decltype(ask()) {
  constexpr int kMostRounds = 60;
  auto answer = ask();
  for (int round = 0, same = 0; round < kMostRounds && same < 2 && answer.ok(); ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    auto next = ask();
    same = next.ok() && same_as(*answer, *next) ? same + 1 : 0;
    answer = std::move(next);
  }
  return answer;
}

absl::StatusOr<sv1::RfmSummary> ComputeRfm(Client& client) {
  const auto compute = [&client]() -> absl::StatusOr<sv1::RfmSummary> {
    sv1::ComputeRfmRequest request;
    request.set_id("default");
    ESNAF_RETURN_IF_ERROR(
        client.Call<sv1::ComputeRfmResponse>("segmentation.v1.RfmService/ComputeRfm", request).status());
    sv1::GetRfmSummaryRequest summary;
    summary.set_policy_id("default");
    return client.Call<sv1::RfmSummary>("segmentation.v1.RfmService/GetRfmSummary", summary);
  };
  return AskUntilItRests(compute, [](const sv1::RfmSummary& before, const sv1::RfmSummary& now) {
    return !now.scores_pending() && std::equal(before.labels().begin(), before.labels().end(), now.labels().begin(),
                                               now.labels().end(), [](const auto& one, const auto& other) {
                                                 return one.contact_count() == other.contact_count() &&
                                                        one.order_count() == other.order_count();
                                               });
  });
}

// The channels of all days, once every order is credited.
absl::StatusOr<av1::AttributionReport> ReportChannels(Client& client, const DemoVisits& visits) {
  av1::GetAttributionReportRequest request;
  request.set_from_date(FormatDate(visits.first_day()));
  request.set_to_date(FormatDate(visits.last_day()));
  request.set_model(av1::ATTRIBUTION_MODEL_LAST_NON_DIRECT);
  request.set_level(av1::REPORT_LEVEL_CHANNEL);
  const auto ask = [&] {
    return client.Call<av1::AttributionReport>("attribution.v1.ReportService/GetAttributionReport", request);
  };
  return AskUntilItRests(ask, [](const av1::AttributionReport& before, const av1::AttributionReport& now) {
    return now.pending_count() == 0 &&
           std::equal(before.rows().begin(), before.rows().end(), now.rows().begin(), now.rows().end(),
                      [](const av1::ReportRow& one, const av1::ReportRow& other) {
                        return one.channel() == other.channel() &&
                               one.metrics().conversions() == other.metrics().conversions() &&
                               one.metrics().new_customers() == other.metrics().new_customers();
                      });
  });
}

absl::Status ShowChannels(Client& client, const DemoVisits& visits) {
  ESNAF_ASSIGN_OR_RETURN(const av1::AttributionReport report, ReportChannels(client, visits));
  Table table{{"CHANNEL", "SPEND", "ORDERS", "REVENUE", "ROAS", "PROFIT"}, {}};
  const auto add = [&](const std::string& channel, const av1::ReportMetrics& metrics) {
    const auto money = [&](std::int64_t minor) { return ShowMinor(minor, report.currency_code()); };
    table.rows.push_back({channel, money(metrics.spend_minor()), absl::StrFormat("%.0f", metrics.conversions()),
                          money(metrics.revenue_minor()),
                          metrics.has_roas() ? absl::StrFormat("%.2f", metrics.roas()) : "",
                          money(metrics.profit_minor())});
  };
  for (const av1::ReportRow& row : report.rows()) add(row.channel(), row.metrics());
  add("all", report.totals());
  std::cout << "\nAttribution: what ads cost and what they brought, by the last visit that was not direct\n"
            << RenderTable(table);
  const std::string days =
      absl::StrCat(" --from ", FormatDate(visits.first_day()), " --to ", FormatDate(visits.last_day()));
  std::cout << "more: esnaf attribution report --by campaign --chart" << days << "\n      esnaf attribution compare"
            << days
            << "\n      esnaf attribution paths, cohorts, explain ORDER; esnaf touchpoints; esnaf adspend summary\n";
  return absl::OkStatus();
}

absl::Status LoadDemo(Context& context) {
  Client client = context.client();
  client.set_timeout(std::chrono::seconds(60));
  ESNAF_ASSIGN_OR_RETURN(const Date day, MakeStores(client));
  const DemoShop shop(day);
  const DemoVisits visits(shop);
  ESNAF_RETURN_IF_ERROR(ChooseRfmMethod(client));
  ESNAF_RETURN_IF_ERROR(LoadProducts(client, shop));
  ESNAF_RETURN_IF_ERROR(LoadVisits(client, visits));
  ESNAF_RETURN_IF_ERROR(LoadSpend(client, visits));
  ESNAF_ASSIGN_OR_RETURN(const std::string position, LoadOrders(client, shop));
  client.set_position(position);
  ESNAF_ASSIGN_OR_RETURN(const auto summary, ComputeRfm(client));
  std::cout << "\nRFM: customers by recency, frequency and value\n" << RenderTable(SummaryTable(summary));
  client.set_position(position);
  ESNAF_RETURN_IF_ERROR(ShowChannels(client, visits));

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

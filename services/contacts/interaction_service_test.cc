#include <set>

#include "esnaf/orders/v1/events.pb.h"
#include "esnaf/segmentation/v1/events.pb.h"
#include "libs/api/convert.h"
#include "services/contacts/order_consumer.h"
#include "services/contacts/segment_consumer.h"
#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;
using Ingested = v1::IngestInteractionResponse;

v1::IngestInteractionRequest Mail(const std::string& external_id, const std::string& contact = "") {
  v1::IngestInteractionRequest request;
  v1::Interaction& interaction = *request.mutable_interaction();
  interaction.set_contact_id(contact);
  interaction.set_channel(v1::CHANNEL_EMAIL);
  interaction.set_direction(v1::DIRECTION_INBOUND);
  interaction.set_external_id(external_id);
  interaction.set_subject("Kargom nerede?");
  interaction.set_body("Merhaba");
  v1::Attachment& attachment = *interaction.add_attachments();
  attachment.set_file_name("fiş.pdf");
  attachment.set_uri("s3://x");
  return request;
}

v1::ListTimelineResponse Timeline(ContactsUnderTest& service, const v1::ListTimelineRequest& request) {
  ESNAF_REQUIRE_VALUE(auto page, service.Call<v1::ListTimelineResponse>("InteractionService/ListTimeline", request));
  return page;
}
v1::ListTimelineRequest Of(const std::string& contact) {
  v1::ListTimelineRequest request;
  request.set_contact_id(contact);
  return request;
}

TEST_CASE("an interaction is recorded once for each channel and external id") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("Ayşe", "Yılmaz")));
  ESNAF_REQUIRE_VALUE(const Ingested first,
                      service.Call<Ingested>("InteractionService/IngestInteraction", Mail("m-1", contact.id())));
  CHECK(first.created());
  v1::IngestInteractionRequest again = Mail("m-1", contact.id());
  again.mutable_interaction()->set_body("something else");
  ESNAF_REQUIRE_VALUE(const Ingested second, service.Call<Ingested>("InteractionService/IngestInteraction", again));
  CHECK_FALSE(second.created());
  CHECK(second.interaction().SerializeAsString() == first.interaction().SerializeAsString());
  again.mutable_interaction()->set_channel(v1::CHANNEL_WHATSAPP);
  ESNAF_REQUIRE_VALUE(const Ingested other, service.Call<Ingested>("InteractionService/IngestInteraction", again));
  CHECK(other.created());
  CHECK(service.Number("SELECT count(*) FROM outbox WHERE aggregate_type = 'interaction'") == 2);
}

TEST_CASE("an identity finds or creates the contact, and a repetition creates nobody") {
  ContactsUnderTest service;
  v1::IngestInteractionRequest request = Mail("m-1");
  *request.mutable_identity() = Email("ayse@example.com", true);
  ESNAF_REQUIRE_VALUE(const Ingested first, service.Call<Ingested>("InteractionService/IngestInteraction", request));
  ESNAF_REQUIRE_VALUE(const Ingested again, service.Call<Ingested>("InteractionService/IngestInteraction", request));
  CHECK_FALSE(again.created());
  request.mutable_interaction()->set_external_id("m-2");
  ESNAF_REQUIRE_VALUE(const Ingested second, service.Call<Ingested>("InteractionService/IngestInteraction", request));
  CHECK(second.interaction().contact_id() == first.interaction().contact_id());
  CHECK(service.Number("SELECT count(*) FROM contact") == 1);
}

TEST_CASE("bad interactions are refused with their fields, unknown contacts are not found") {
  ContactsUnderTest service;
  const absl::Status status =
      service.Call<Ingested>("InteractionService/IngestInteraction", v1::IngestInteractionRequest()).status();
  CHECK(status.code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(status).size() == 3);
  CHECK_STATUS_IS(service.Call<Ingested>("InteractionService/IngestInteraction",
                                         Mail("m-1", "01890a5d-ac96-774b-bcce-b302099a8057")),
                  StatusCode::kNotFound, "");
  CHECK_STATUS_IS(service.Call<v1::ListTimelineResponse>("InteractionService/ListTimeline",
                                                         Of("01890a5d-ac96-774b-bcce-b302099a8057")),
                  StatusCode::kNotFound, "");
}

TEST_CASE("the timeline is newest first, page by page, of the whole person, by kind and channel") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("A", "A")));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("B", "B")));
  for (int i = 0; i < 5; ++i) {
    v1::IngestInteractionRequest request = Mail("m-" + std::to_string(i), i % 2 == 0 ? a.id() : b.id());
    if (i == 3) request.mutable_interaction()->set_channel(v1::CHANNEL_PHONE);
    CHECK_OK(service.Call<Ingested>("InteractionService/IngestInteraction", request));
  }
  CHECK_OK(service.Merge(a.id(), b.id()));
  std::vector<std::string> seen;
  v1::ListTimelineRequest request = Of(b.id());
  request.set_page_size(2);
  do {
    const auto page = Timeline(service, request);
    for (const v1::TimelineEntry& entry : page.entries()) {
      seen.push_back(entry.kind() == v1::TIMELINE_KIND_INTERACTION ? entry.interaction().external_id() : "merge");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  CHECK(seen == std::vector<std::string>{"merge", "m-4", "m-3", "m-2", "m-1", "m-0"});
  v1::ListTimelineRequest calls = Of(a.id());
  calls.add_channels(v1::CHANNEL_PHONE);
  const auto only_calls = Timeline(service, calls);
  REQUIRE(only_calls.entries_size() == 1);
  CHECK(only_calls.entries(0).contact_id() == b.id());
  CHECK(only_calls.entries(0).summary() == "Telefon (gelen): Kargom nerede?");
  v1::ListTimelineRequest merges = Of(a.id());
  merges.add_kinds(v1::TIMELINE_KIND_IDENTITY);
  CHECK(Timeline(service, merges).entries_size() == 1);
}

TEST_CASE("nobody takes the id under which a lead will be recorded") {
  ContactsUnderTest service;
  v1::IngestInteractionRequest request = Mail("google_lead_form:web:lead-1");
  *request.mutable_identity() = Email("a@example.com", false);
  const auto ingest = [&] { return service.Call<Ingested>("InteractionService/IngestInteraction", request); };
  request.mutable_interaction()->set_channel(v1::CHANNEL_WEB_FORM);
  CHECK_STATUS_IS(ingest(), StatusCode::kInvalidArgument, "interaction.external_id");
  request.mutable_interaction()->set_external_id("meta_lead_ads:web:1");
  CHECK_STATUS_IS(ingest(), StatusCode::kInvalidArgument, "interaction.external_id");
  request.mutable_interaction()->set_external_id("google_lead_form");
  CHECK_OK(ingest());
}

TEST_CASE("a browser records what its visitor says, and no more") {
  ContactsUnderTest service;
  const runtime::ClientCallOptions browser{.metadata = {{"esnaf-caller-kind", "publishable"}}};
  const auto ingest = [&](const v1::IngestInteractionRequest& request) {
    return service.Call<Ingested>("InteractionService/IngestInteraction", request, browser);
  };
  ESNAF_REQUIRE_VALUE(const v1::Contact known, service.Create(MakeContact("A", "A", {Email("a@example.com", true)})));
  v1::IngestInteractionRequest request = Mail("form-1");
  *request.mutable_identity() = Email("a@example.com", true);
  ESNAF_REQUIRE_VALUE(const Ingested said, ingest(request));
  CHECK(said.interaction().contact_id() != known.id());
  CHECK_STATUS_IS(ingest(Mail("form-2", known.id())), StatusCode::kInvalidArgument, "interaction.contact_id");
  request.mutable_interaction()->set_external_id("form-3");
  request.mutable_interaction()->set_direction(v1::DIRECTION_OUTBOUND);
  CHECK_STATUS_IS(ingest(request), StatusCode::kInvalidArgument, "interaction.direction");
  request.mutable_interaction()->set_direction(v1::DIRECTION_INBOUND);
  request.mutable_identity()->set_kind(v1::IDENTITY_KIND_STORE_CUSTOMER);
  request.mutable_identity()->set_store_id("tr");
  request.mutable_identity()->set_value("C-1");
  CHECK_STATUS_IS(ingest(request), StatusCode::kInvalidArgument, "identity.kind");
  CHECK(service.Number("SELECT count(*) FROM contact_identity WHERE value = 'C-1'") == 0);
}

api::v1::Event OrderEvent(const std::string& contact, std::int64_t version, bool cancelled) {
  orders::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order.set_id("01890a5d-ac96-774b-bcce-000000000001");
  order.set_store_id("tr");
  order.set_external_id("1042");
  order.set_contact_id(contact);
  order.set_currency_code("TRY");
  order.mutable_place_time()->set_seconds(1'700'000'000);
  if (cancelled) order.mutable_cancel_time()->set_seconds(1'700'000'100);
  api::v1::Event event;
  event.set_id(Uuid::FromName("event", std::to_string(version)).ToString());
  event.set_type("esnaf.orders.v1.OrderChanged");
  event.set_aggregate_id(order.id());
  event.set_aggregate_version(version);
  event.set_payload(changed.SerializeAsString());
  return event;
}

TEST_CASE("orders tell their newest version, however often and in whatever order they are delivered") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("A", "A")));
  const auto apply = [&](const std::vector<api::v1::Event>& events) {
    return service.connection().Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events); });
  };
  CHECK_OK(apply({OrderEvent(contact.id(), 1, false), OrderEvent(contact.id(), 2, true)}));
  CHECK(Timeline(service, Of(contact.id())).entries_size() == 2);
  CHECK_OK(apply({OrderEvent(contact.id(), 1, false)}));
  CHECK(Timeline(service, Of(contact.id())).entries_size() == 2);
  // A version that takes the cancellation back takes its line back.
  CHECK_OK(apply({OrderEvent(contact.id(), 4, false)}));
  CHECK_OK(apply({OrderEvent(contact.id(), 3, true)}));
  const auto timeline = Timeline(service, Of(contact.id()));
  REQUIRE(timeline.entries_size() == 1);
  CHECK(timeline.entries(0).summary().starts_with("Sipariş 1042"));
  CHECK(timeline.entries(0).subject_id() == "01890a5d-ac96-774b-bcce-000000000001");
}

// A change of the label that a person has under a policy of a store, at a minute of one day.
api::v1::Event LabelEvent(const std::string& contact, std::int64_t version, const std::string& from,
                          const std::string& to, const std::string& store = "") {
  segmentation::v1::RfmLabelChanged changed;
  changed.set_store_id(store);
  segmentation::v1::RfmScore& score = *changed.mutable_score();
  score.set_contact_id(contact);
  score.set_policy_id("policy" + store);
  score.set_label(to);
  score.set_previous_label(from);
  score.mutable_label_time()->set_seconds(1'700'000'000 + 60 * version);
  api::v1::Event event;
  event.set_id(Uuid::FromName("label", contact + std::to_string(version)).ToString());
  event.set_type("esnaf.segmentation.v1.RfmLabelChanged");
  event.set_aggregate_version(version);
  event.set_payload(changed.SerializeAsString());
  return event;
}

absl::Status ApplyLabels(ContactsUnderTest& service, const std::vector<api::v1::Event>& events) {
  return service.connection().Run({}, [&](postgres::Tx& tx) { return ApplySegmentEvents(tx, events); });
}

TEST_CASE("the labels of a day are one line, however often and in whatever batches they come") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("A", "A")));
  api::v1::Event foreign;
  foreign.set_type("esnaf.segmentation.v1.SomethingNew");
  const auto first = LabelEvent(contact.id(), 1, "", "new");
  const auto second = LabelEvent(contact.id(), 2, "new", "loyal");
  const auto back = LabelEvent(contact.id(), 3, "loyal", "");
  CHECK_OK(ApplyLabels(service, {foreign, first}));
  CHECK_OK(ApplyLabels(service, {first, second}));
  CHECK_OK(ApplyLabels(service, {first, second}));
  const auto timeline = Timeline(service, Of(contact.id()));
  REQUIRE(timeline.entries_size() == 1);
  CHECK(timeline.entries(0).summary() == "RFM etiketi: loyal");
  CHECK(timeline.entries(0).kind() == v1::TIMELINE_KIND_SEGMENT);
  CHECK_OK(ApplyLabels(service, {back}));
  CHECK(Timeline(service, Of(contact.id())).entries_size() == 0);
}

TEST_CASE("that a merged contact has no label any more is no line; that a person has none is") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact a, service.Create(MakeContact("A", "A")));
  ESNAF_REQUIRE_VALUE(const v1::Contact b, service.Create(MakeContact("B", "B")));
  CHECK_OK(service.Merge(a.id(), b.id()));
  CHECK_OK(ApplyLabels(service, {LabelEvent(b.id(), 1, "loyal", ""), LabelEvent(a.id(), 1, "loyal", "")}));
  v1::ListTimelineRequest labels = Of(a.id());
  labels.add_kinds(v1::TIMELINE_KIND_SEGMENT);
  const auto timeline = Timeline(service, labels);
  REQUIRE(timeline.entries_size() == 1);
  CHECK(timeline.entries(0).contact_id() == a.id());
  CHECK(timeline.entries(0).summary() == "RFM etiketi kalktı: sayılan sipariş kalmadı (önceki: loyal)");
}

TEST_CASE("a key that is limited to stores reads their orders and labels alone") {
  ContactsUnderTest service;
  ESNAF_REQUIRE_VALUE(const v1::Contact contact, service.Create(MakeContact("A", "A")));
  CHECK_OK(service.Call<Ingested>("InteractionService/IngestInteraction", Mail("m-1", contact.id())));
  CHECK_OK(service.connection().Run(
      {}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, {OrderEvent(contact.id(), 1, false)}); }));
  CHECK_OK(ApplyLabels(service, {LabelEvent(contact.id(), 1, "", "loyal"), LabelEvent(contact.id(), 1, "", "new", "tr"),
                                 LabelEvent(contact.id(), 1, "", "lost", "de")}));
  const auto seen_by = [&](const std::string& stores) {
    ESNAF_REQUIRE_VALUE(const auto page,
                        service.Call<v1::ListTimelineResponse>(
                            "InteractionService/ListTimeline", Of(contact.id()),
                            {.metadata = {{"esnaf-caller-kind", "storefront"}, {"esnaf-stores", stores}}}));
    std::multiset<std::string> subjects;
    for (const v1::TimelineEntry& entry : page.entries()) {
      subjects.insert(entry.kind() == v1::TIMELINE_KIND_INTERACTION ? "said" : entry.subject_id());
    }
    return subjects;
  };
  const std::string order = "01890a5d-ac96-774b-bcce-000000000001";
  CHECK(seen_by("") == std::multiset<std::string>{"said", order, "policy", "policytr", "policyde"});
  CHECK(seen_by("tr") == std::multiset<std::string>{"said", order, "policytr"});
  CHECK(seen_by("de") == std::multiset<std::string>{"said", "policyde"});
  CHECK(seen_by("tr,de") == std::multiset<std::string>{"said", order, "policytr", "policyde"});
}

}  // namespace
}  // namespace esnaf::contacts

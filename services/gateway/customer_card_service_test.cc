// The card: all parts at once, what is missing is named, and what was asked to be seen is passed on.
#include "services/gateway/customer_card_service.h"

#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "esnaf/gateway/v1/card.pb.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/orders/v1/carts.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "esnaf/segmentation/v1/rfm.pb.h"
#include "esnaf/segmentation/v1/values.pb.h"
#include "esnaf/support/v1/tickets.pb.h"
#include "libs/testing/service.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using esnaf::testing::TestSchema;
using esnaf::testing::TestServer;
using testing::FakeService;
using testing::Reply;

constexpr char kContact[] = "0190b8a0-0000-7000-8000-000000000001";

struct Card {
  explicit Card(std::chrono::milliseconds timeout = std::chrono::milliseconds(10'000)) : service(upstreams, timeout) {
    for (FakeService* fake : {&contacts, &orders, &segmentation, &attribution, &support}) {
      fake->SetHandler([this](const std::string& method) { return Answer(method); });
    }
  }

  Reply Answer(const std::string& method) {
    if (const auto found = replies.find(method.substr(method.rfind('/') + 1)); found != replies.end())
      return found->second;
    if (method.ends_with("/GetContact")) {
      contacts::v1::Contact contact;
      contact.set_id(kContact);
      return Reply{.messages = {contact.SerializeAsString()}};
    }
    if (method.ends_with("/ListCarts")) {
      orders::v1::ListCartsResponse carts;
      carts.add_carts()->set_state(orders::v1::CART_STATE_ORDERED);
      carts.add_carts()->set_state(orders::v1::CART_STATE_OPEN);
      return Reply{.messages = {carts.SerializeAsString()}};
    }
    if (method.ends_with("/GetContactRfm")) {
      segmentation::v1::RfmScore score;
      score.set_label("champions");
      return Reply{.messages = {score.SerializeAsString()}};
    }
    if (method.ends_with("/GetContactValue")) {
      segmentation::v1::ContactValue value;
      value.set_churn_probability(0.25);
      return Reply{.messages = {value.SerializeAsString()}};
    }
    if (method.ends_with("/ListContactTouchpoints")) {
      attribution::v1::ListContactTouchpointsResponse touches;
      for (const char* channel : {"Paid Search", "Email", "Direct"}) touches.add_touchpoints()->set_channel(channel);
      return Reply{.messages = {touches.SerializeAsString()}};
    }
    if (method.ends_with("/GetContactSupportSummary")) {
      support::v1::ContactSupportSummary summary;
      summary.set_open_ticket_count(2);
      return Reply{.messages = {summary.SerializeAsString()}};
    }
    return {};
  }

  absl::StatusOr<v1::CustomerCard> Get(const std::string& id = kContact) {
    v1::GetCustomerCardRequest request;
    request.set_contact_id(id);
    return server.channel()->Call<v1::CustomerCard>(
        "/esnaf.gateway.v1.CustomerCardService/GetCustomerCard", request,
        {.timeout = std::chrono::milliseconds(30'000), .metadata = metadata});
  }

  // By the method's own name; set before the call.
  std::map<std::string, Reply> replies;
  std::vector<std::pair<std::string, std::string>> metadata;
  FakeService contacts, orders, segmentation, attribution, support, nobody;
  Upstreams upstreams{{contacts.address(), orders.address(), segmentation.address(), attribution.address(),
                       support.address(), nobody.address()}};
  CustomerCardService service;
  TestSchema schema{"card", {&migrations::runtime()}, {"runtime"}};
  TestServer server{schema, {service.Rpcs()}, {.name = "gateway"}};
};

const Reply kAbsent{.status = grpc::Status(grpc::StatusCode::NOT_FOUND, "none")};
const Reply kBroken{.status = grpc::Status(grpc::StatusCode::INTERNAL, "broken")};

TEST_CASE("a card holds what every service knows") {
  Card card;
  ESNAF_REQUIRE_VALUE(const v1::CustomerCard got, card.Get());
  CHECK(got.contact().id() == kContact);
  CHECK(got.rfm().label() == "champions");
  CHECK(got.value().churn_probability() == 0.25);
  CHECK(got.first_touch().channel() == "Paid Search");
  CHECK(got.last_touch().channel() == "Direct");
  CHECK(got.has_order_summary());
  CHECK(got.support().open_ticket_count() == 2);
  REQUIRE(got.open_carts_size() == 1);
  CHECK(got.open_carts(0).state() == orders::v1::CART_STATE_OPEN);
  CHECK(got.unreachable().empty());
  CHECK(card.contacts.calls() == 3);
  CHECK(card.orders.calls() == 3);
  CHECK(card.segmentation.calls() == 2);
  CHECK(card.attribution.calls() == 1);
  CHECK(card.support.calls() == 1);
}

TEST_CASE("a part that there is nothing of is absent, not unreachable") {
  Card card;
  card.replies["GetContactRfm"] = kAbsent;
  card.replies["GetContactValue"] = kAbsent;
  card.replies["GetContactOrderSummary"] = kAbsent;
  card.replies["ListContactTouchpoints"] = Reply{.messages = {""}};
  ESNAF_REQUIRE_VALUE(const v1::CustomerCard got, card.Get());
  CHECK_FALSE(got.has_rfm());
  CHECK_FALSE(got.has_value());
  CHECK_FALSE(got.has_order_summary());
  CHECK_FALSE(got.has_first_touch());
  CHECK_FALSE(got.has_last_touch());
  CHECK(got.unreachable().empty());
}

TEST_CASE("services that fail, are away or are slow are named, each once, and the rest is there") {
  Card card(std::chrono::milliseconds(300));
  card.replies["ListOrders"] = kBroken;
  card.replies["ListCarts"] = kBroken;
  card.replies["ListTimeline"] = Reply{.hang = true};
  card.segmentation.Stop();
  card.attribution.Stop();
  card.support.Stop();
  ESNAF_REQUIRE_VALUE(const v1::CustomerCard got, card.Get());
  CHECK(got.contact().id() == kContact);
  CHECK(got.has_order_summary());
  CHECK(std::vector<std::string>(got.unreachable().begin(), got.unreachable().end()) ==
        std::vector<std::string>{"attribution", "contacts", "orders", "segmentation", "support"});
}

TEST_CASE("without the contact there is no card") {
  Card card;
  card.replies["GetContact"] = kAbsent;
  CHECK_STATUS_IS(card.Get(), absl::StatusCode::kNotFound, "");
  card.contacts.Stop();
  CHECK_STATUS_IS(card.Get(), absl::StatusCode::kUnavailable, "contacts");
  CHECK_STATUS_IS(card.Get("7"), absl::StatusCode::kInvalidArgument, "contact_id");
}

TEST_CASE("every service is told who asks and what must be seen") {
  Card card;
  card.metadata = {{"esnaf-after", "orders:e1.7"},
                   {"esnaf-caller-kind", "staff"},
                   {"esnaf-actor", "key:a"},
                   {"esnaf-stores", "s1,s2"},
                   {"x-request-id", "r1"}};
  REQUIRE_OK(card.Get());
  for (FakeService* fake : {&card.contacts, &card.orders, &card.segmentation, &card.attribution}) {
    const testing::Metadata seen = fake->metadata();
    for (const auto& [key, value] : card.metadata) {
      INFO(key);
      REQUIRE(seen.count(key) == 1);
      CHECK(seen.find(key)->second == value);
    }
  }
}

TEST_CASE("the parts are asked for at the same time") {
  // Nobody answers, and yet all are asked: one after another, the later ones would find their time used up.
  Card card(std::chrono::milliseconds(3'000));
  for (const char* method : {"GetContact", "ListConsents", "ListTimeline", "GetContactOrderSummary", "ListOrders",
                             "ListCarts", "GetContactRfm", "GetContactValue", "ListContactTouchpoints"}) {
    card.replies[method] = Reply{.hang = true};
  }
  CHECK_STATUS_IS(card.Get(), absl::StatusCode::kUnavailable, "contacts");
  CHECK(card.contacts.calls() == 3);
  CHECK(card.orders.calls() == 3);
  CHECK(card.segmentation.calls() == 2);
  CHECK(card.attribution.calls() == 1);
}

}  // namespace
}  // namespace esnaf::gateway

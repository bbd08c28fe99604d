// Messages and our own types say the same.
#include "services/segmentation/rfm/rfm_wire.h"

#include <rapidcheck.h>

#include "google/protobuf/util/message_differencer.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "services/segmentation/rfm/rfm_service.h"

namespace esnaf::segmentation {
namespace {

using google::protobuf::util::MessageDifferencer;

Time At(std::string_view text) { return ParseRfc3339(text).value(); }

Policy FullPolicy() {
  Policy policy = DefaultPolicy();
  policy.id = "vip-2026";
  policy.display_name = "İki yıllık değer";
  policy.store_id = "istanbul";
  policy.currency_code = "TRY";
  policy.method = Method::kFixed;
  policy.window_days = 730;
  policy.time_zone = "Europe/London";
  policy.value_basis = ValueBasis::kGross;
  policy.fixed_thresholds = {{30, 60.5, 90, 180}, {1, 2, 3, 5}, {10000, 20000, 50000, 0.1 + 0.2 + 100000}};
  policy.labels[0].boxes[0].monetary = {1, 5};
  return policy;
}

TEST_CASE("a policy survives the wire and its store") {
  const Policy policy = FullPolicy();
  CHECK(PolicyFromProto(PolicyToProto(policy)).value() == policy);
  CHECK(PolicyFromJson(PolicyToJson(policy)).value() == policy);
  ActivePolicy active;
  const Thresholds thresholds = {{1.5, 2}, {3, 4}, {-5, 1e15}};
  REQUIRE_OK(ReadActiveJson(ActiveToJson(policy, thresholds), active));
  CHECK(active.policy == policy);
  CHECK(active.thresholds == thresholds);
}

TEST_CASE("stored JSON with a field of a newer version can be read, and nonsense cannot") {
  CHECK(PolicyFromJson(R"({"id": "a", "fromTheFuture": 1})").value().id == "a");
  CHECK_STATUS_IS(PolicyFromJson("{"), absl::StatusCode::kInternal, "cannot be read");
}

TEST_CASE("what is not given gets its default") {
  v1::RfmPolicy message;
  message.set_id("mine");
  const Policy policy = PolicyFromProto(message).value();
  Policy expected = DefaultPolicy();
  expected.id = "mine";
  expected.display_name = "";
  CHECK(policy == expected);
  message.set_bucket_count(3);
  CHECK(PolicyFromProto(message).value().labels.empty());
}

TEST_CASE("an enum that is none is refused by its field") {
  v1::RfmPolicy message;
  message.set_method(static_cast<v1::RfmMethod>(99));
  CHECK_STATUS_IS(PolicyFromProto(message), absl::StatusCode::kInvalidArgument, "policy.method");
  message.clear_method();
  message.set_value_basis(static_cast<v1::RfmValueBasis>(99));
  CHECK_STATUS_IS(PolicyFromProto(message), absl::StatusCode::kInvalidArgument, "policy.value_basis");
}

TEST_CASE("an update sets what its mask names and nothing else") {
  const v1::RfmPolicy known = PolicyToProto(FullPolicy());
  v1::UpdateRfmPolicyRequest request;
  request.mutable_policy()->set_id("vip-2026");
  request.mutable_policy()->set_window_days(365);
  request.mutable_policy()->mutable_fixed_thresholds()->add_frequency(9);

  SECTION("named fields, also those that are empty now") {
    request.mutable_update_mask()->add_paths("window_days");
    request.mutable_update_mask()->add_paths("store_id");
    v1::RfmPolicy expected = known;
    expected.set_window_days(365);
    expected.clear_store_id();
    CHECK(MessageDifferencer::Equals(MergePolicy(known, request).value(), expected));
  }
  SECTION("without a mask those that are present; lists are replaced, not lengthened") {
    v1::RfmPolicy expected = known;
    expected.set_window_days(365);
    *expected.mutable_fixed_thresholds() = request.policy().fixed_thresholds();
    CHECK(MessageDifferencer::Equals(MergePolicy(known, request).value(), expected));
  }
  SECTION("a star takes all, but the id") {
    request.mutable_update_mask()->add_paths("*");
    const v1::RfmPolicy merged = MergePolicy(known, request).value();
    CHECK(merged.id() == "vip-2026");
    CHECK(merged.labels().empty());
    CHECK(merged.window_days() == 365);
  }
  SECTION("a field that does not exist is refused") {
    request.mutable_update_mask()->add_paths("colour");
    CHECK_STATUS_IS(MergePolicy(known, request), absl::StatusCode::kInvalidArgument, "colour");
  }
}

orders::v1::Order SomeOrder() {
  orders::v1::Order order;
  order.set_id(Uuid::FromName("order", "1").ToString());
  order.set_contact_id(Uuid::FromName("contact", "1").ToString());
  order.set_store_id("istanbul");
  order.set_currency_code("TRY");
  order.set_kind(orders::v1::ORDER_KIND_SALE);
  order.set_state(orders::v1::ORDER_STATE_OPEN);
  *order.mutable_place_time() = api::ToProto(At("2026-01-31T10:00:00Z"));
  order.mutable_totals()->set_gross(1000);
  order.mutable_totals()->set_net(900);
  return order;
}

TEST_CASE("an order becomes a purchase") {
  const Purchase purchase = PurchaseFromOrder(SomeOrder(), 7).value();
  CHECK(purchase.order_id == Uuid::FromName("order", "1"));
  CHECK(purchase.contact_id == Uuid::FromName("contact", "1"));
  CHECK(purchase.place_time == At("2026-01-31T10:00:00Z"));
  CHECK(purchase.store_id == "istanbul");
  CHECK(purchase.currency_code == "TRY");
  CHECK(purchase.kind == PurchaseKind::kSale);
  CHECK_FALSE(purchase.cancelled);
  CHECK(purchase.gross_minor == 1000);
  CHECK(purchase.net_minor == 900);
  CHECK(purchase.version == 7);
}

TEST_CASE("an order without a contact, a return and a cancellation are known as such") {
  orders::v1::Order order = SomeOrder();
  order.clear_contact_id();
  order.set_kind(orders::v1::ORDER_KIND_RETURN);
  order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  const Purchase purchase = PurchaseFromOrder(order, 1).value();
  CHECK_FALSE(purchase.contact_id.has_value());
  CHECK(purchase.kind == PurchaseKind::kReturn);
  CHECK(purchase.cancelled);
}

TEST_CASE("an order that nobody can have published is refused by its field") {
  orders::v1::Order order = SomeOrder();
  order.set_contact_id("somebody");
  CHECK_STATUS_IS(PurchaseFromOrder(order, 1), absl::StatusCode::kInvalidArgument, "order.contact_id");
}

TEST_CASE("lines carry their parts of what stayed sold, and what products are") {
  orders::v1::Order order;
  order.set_id(Uuid::FromName("order", "1").ToString());
  *order.mutable_place_time() = api::ToProto(ParseRfc3339("2026-03-01T10:00:00Z").value());
  order.set_kind(orders::v1::ORDER_KIND_SALE);
  for (const std::int64_t amount : {7000, 4000}) {
    orders::v1::OrderLine& line = *order.add_lines();
    line.set_quantity(2);
    line.mutable_amount()->set_minor(amount);
    line.set_category("Giyim/Elbise");
    line.set_brand("Atlas");
  }
  order.mutable_lines(1)->mutable_discount()->set_minor(1000);
  order.mutable_totals()->set_net(9000);
  ESNAF_REQUIRE_VALUE(const Purchase sold, PurchaseFromOrder(order, 1));
  CHECK(sold.lines ==
        std::vector<FactLine>{{.category = "Giyim/Elbise", .brand = "Atlas", .quantity = 2, .value_minor = 6300},
                              {.category = "Giyim/Elbise", .brand = "Atlas", .quantity = 2, .value_minor = 2700}});

  // One of two pieces of the first line came back: 3500 of it and the second line's 3000 stayed sold.
  order.mutable_lines(0)->set_returned_quantity(1);
  order.mutable_totals()->set_net(6500);
  ESNAF_REQUIRE_VALUE(const Purchase partly, PurchaseFromOrder(order, 2));
  CHECK(partly.lines[0].value_minor == 3500);
  CHECK(partly.lines[1].value_minor == 3000);

  // The second line came back whole: all that stayed sold is of the first.
  order.mutable_lines(0)->set_returned_quantity(0);
  order.mutable_lines(1)->set_returned_quantity(2);
  order.mutable_totals()->set_net(7000);
  ESNAF_REQUIRE_VALUE(const Purchase halved, PurchaseFromOrder(order, 2));
  CHECK(halved.lines[0].value_minor == 7000);
  CHECK(halved.lines[1].value_minor == 0);

  // All of it came back.
  order.mutable_totals()->set_net(0);
  for (orders::v1::OrderLine& line : *order.mutable_lines()) line.set_returned_quantity(2);
  ESNAF_REQUIRE_VALUE(const Purchase refunded, PurchaseFromOrder(order, 2));
  for (const FactLine& line : refunded.lines) {
    CHECK(line.quantity == 0);
    CHECK(line.value_minor == 0);
  }

  // What a return takes away is positive in its lines, as rules read them.
  order.set_kind(orders::v1::ORDER_KIND_RETURN);
  order.mutable_totals()->set_net(-10000);
  ESNAF_REQUIRE_VALUE(const Purchase back, PurchaseFromOrder(order, 3));
  CHECK(back.net_minor == -10000);
  CHECK(back.lines[0].value_minor == 7000);
  CHECK(back.lines[1].value_minor == 3000);
}

TEST_CASE("a score carries its label's names, and no names where the label is gone") {
  ActivePolicy active{.policy = DefaultPolicy()};
  active.policy.currency_code = "TRY";
  ScoreRecord score{.contact_id = Uuid::FromName("contact", "1"), .policy_version = 3, .label = "champions"};
  score.values = {1, 2, 3};
  score.scores = {5, 4, 3};
  v1::RfmScore message = ScoreToProto(active, score);
  CHECK(message.label_name_tr() == "Şampiyonlar");
  CHECK(message.label_name_en() == "Champions");
  CHECK(message.currency_code() == "TRY");
  CHECK(message.monetary_minor() == 3);
  CHECK(message.recency_score() == 5);
  score.label.clear();
  CHECK(ScoreToProto(active, score).label_name_en().empty());
}

}  // namespace
}  // namespace esnaf::segmentation

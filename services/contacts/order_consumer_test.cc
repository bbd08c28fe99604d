#include "services/contacts/order_consumer.h"

#include "libs/api/convert.h"
#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

const std::string kContact = "01890a5d-ac96-774b-bcce-b302099a8057";

google::protobuf::Timestamp At(const char* text) { return api::ToProto(ParseRfc3339(text).value()); }

orders::v1::Order Sale() {
  orders::v1::Order order;
  order.set_id("01890a5d-ac96-774b-bcce-000000000001");
  order.set_external_id("1042");
  order.set_contact_id(kContact);
  order.set_currency_code("TRY");
  *order.mutable_place_time() = At("2026-01-05T10:00:00Z");
  order.add_lines()->set_quantity(2);
  order.add_lines()->set_quantity(1);
  order.mutable_totals()->set_total(123450);
  return order;
}

std::vector<std::string> Summaries(const orders::v1::Order& order) {
  ESNAF_REQUIRE_VALUE(const std::vector<TimelineEntry> entries, EntriesOf(order, 3));
  std::vector<std::string> summaries;
  for (const TimelineEntry& entry : entries) summaries.push_back(entry.summary);
  return summaries;
}

TEST_CASE("a sale is one line, with its pieces and its total") {
  ESNAF_REQUIRE_VALUE(const std::vector<TimelineEntry> entries, EntriesOf(Sale(), 3));
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].summary == "Sipariş 1042: 3 ürün, 1234.50 TRY");
  CHECK(entries[0].contact_id.ToString() == kContact);
  CHECK(entries[0].subject_id == Sale().id());
  CHECK(entries[0].subject_version == 3);
  CHECK(FormatRfc3339(entries[0].occur_time) == "2026-01-05T10:00:00Z");
}

TEST_CASE("what happened to an order has lines of its own") {
  orders::v1::Order order = Sale();
  orders::v1::Fulfillment& shipment = *order.add_fulfillments();
  shipment.set_id("f1");
  shipment.set_carrier("Aras");
  *shipment.mutable_fulfill_time() = At("2026-01-06T10:00:00Z");
  orders::v1::Refund& refund = *order.add_refunds();
  refund.set_id("r1");
  refund.set_reason("damaged");
  refund.mutable_amount()->set_minor(5000);
  *refund.mutable_refund_time() = At("2026-01-09T10:00:00Z");
  *order.mutable_cancel_time() = At("2026-01-10T10:00:00Z");
  CHECK(Summaries(order) ==
        std::vector<std::string>{"Sipariş 1042: 3 ürün, 1234.50 TRY", "Sipariş 1042 gönderildi (Aras)",
                                 "Sipariş 1042 için iade: 50.00 TRY (damaged)", "Sipariş 1042 iptal edildi"});
}

TEST_CASE("the same order tells the same ids in each version") {
  ESNAF_REQUIRE_VALUE(const std::vector<TimelineEntry> first, EntriesOf(Sale(), 1));
  ESNAF_REQUIRE_VALUE(const std::vector<TimelineEntry> second, EntriesOf(Sale(), 2));
  CHECK(first[0].id == second[0].id);
}

TEST_CASE("a return is told as one, and an order of nobody is not told") {
  orders::v1::Order order = Sale();
  order.set_kind(orders::v1::ORDER_KIND_RETURN);
  CHECK(Summaries(order) == std::vector<std::string>{"İade 1042: 3 ürün, 1234.50 TRY"});
  order.clear_contact_id();
  CHECK(Summaries(order).empty());
}

TEST_CASE("an order with a contact that is no id is an error, not a silent gap") {
  orders::v1::Order order = Sale();
  order.set_contact_id("x");
  CHECK_STATUS_IS(EntriesOf(order, 1), absl::StatusCode::kInvalidArgument, "");
}

}  // namespace
}  // namespace esnaf::contacts

// Goal: a merge in contacts joins a person's orders here, and an unmerge parts them, without an order being touched.
#include "services/orders/contacts_consumer.h"

#include "esnaf/contacts/v1/events.pb.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using testing::FakeContacts;
using testing::kOrders;
using testing::OrderOf;
using testing::OrdersUnderTest;

api::v1::Event AliasEvent(const Uuid& original, const std::string& canonical, std::int64_t version) {
  contacts::v1::ContactAliasChanged change;
  change.set_original_id(original.ToString());
  change.set_canonical_id(canonical);
  api::v1::Event event;
  event.set_id(Uuid::NewV7(SystemClock().Now()).ToString());
  event.set_aggregate_type("contact_alias");
  event.set_aggregate_id(original.ToString());
  event.set_aggregate_version(version);
  event.set_type(change.GetDescriptor()->full_name());
  event.set_payload(change.SerializeAsString());
  return event;
}

TEST_CASE("merges that contacts tells of join a person's orders, and unmerges part them") {
  OrdersUnderTest test;
  REQUIRE_OK(test.Ingest(OrderOf("1", "c1")));
  REQUIRE_OK(test.Ingest(OrderOf("2", "c2")));
  const Uuid c1 = FakeContacts::ContactOf("c1"), c2 = FakeContacts::ContactOf("c2");
  const auto apply = [&](const api::v1::Event& event) {
    REQUIRE_OK(test.schema.connection().Run({}, [&](postgres::Tx& tx) { return ApplyContacts(tx, {event}); }));
  };
  const auto orders_of_c1 = [&] {
    v1::ListOrdersRequest list;
    list.set_contact_id(c1.ToString());
    const auto page = test.Call<v1::ListOrdersResponse>(kOrders, "ListOrders", list);
    REQUIRE_OK(page);
    return page->orders_size();
  };
  CHECK(orders_of_c1() == 1);
  apply(AliasEvent(c2, c1.ToString(), 1));
  CHECK(orders_of_c1() == 2);
  // An order that comes in between stays with its own contact when they part.
  REQUIRE_OK(test.Ingest(OrderOf("3", "c2")));
  CHECK(orders_of_c1() == 3);
  apply(AliasEvent(c2, "", 2));
  CHECK(orders_of_c1() == 1);
  apply(AliasEvent(c2, c1.ToString(), 1));  // late and old
  CHECK(orders_of_c1() == 1);
}

}  // namespace
}  // namespace esnaf::orders

#pragma once

// Orders and their events, and the credits that tests look at.
#include "esnaf/attribution/v1/events.pb.h"
#include "services/attribution/credit/crediter.h"
#include "services/attribution/touches/test_touches.h"

namespace esnaf::attribution {

inline Uuid OrderId(std::string_view name) { return Uuid::FromName("order", name); }

// An order of 1000.00 lira that cost the shop 600.00, unless a test says otherwise.
struct TestOrder {
  std::string name;
  std::string person;  // empty: nobody known
  std::string time;
  std::int64_t gross = 100000;
  std::int64_t discount = 0;
  std::int64_t refunded = 0;
  std::int64_t cost = 60000;
  bool cancelled = false;
  bool is_return = false;
  std::string visitor_id{};
  std::string store_id = "istanbul";
};

inline api::v1::Event OrderEvent(const TestOrder& order, std::int64_t version) {
  orders::v1::OrderChanged changed;
  orders::v1::Order& wire = *changed.mutable_order();
  wire.set_id(OrderId(order.name).ToString());
  wire.set_store_id(order.store_id);
  wire.set_external_id(order.name);
  wire.set_kind(order.is_return ? orders::v1::ORDER_KIND_RETURN : orders::v1::ORDER_KIND_SALE);
  wire.set_state(order.cancelled ? orders::v1::ORDER_STATE_CANCELLED : orders::v1::ORDER_STATE_OPEN);
  if (!order.person.empty()) wire.set_contact_id(Contact(order.person).ToString());
  wire.mutable_customer()->set_visitor_id(order.visitor_id);
  *wire.mutable_place_time() = api::ToProto(At(order.time));
  wire.set_currency_code("TRY");
  orders::v1::OrderTotals& totals = *wire.mutable_totals();
  totals.set_gross(order.gross);
  totals.set_discount(order.discount);
  totals.set_refunded(order.refunded);
  const std::int64_t net = order.cancelled ? 0 : order.gross - order.discount - order.refunded;
  totals.set_net(order.is_return ? -net : net);
  totals.set_cost(order.cancelled ? 0 : order.is_return ? -order.cost : order.cost);
  return EventOf(changed, wire.id(), version);
}

class TestCredits : public TestAttribution {
 public:
  void Order(const TestOrder& order, std::int64_t version = 1) { OrderEvents({OrderEvent(order, version)}); }
  // What the worker does.
  void Recredit() {
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
      for (bool more = true; more;) {
        ESNAF_ASSIGN_OR_RETURN(more, RecreditSomeChanged(tx, now));
      }
      return absl::OkStatus();
    }));
  }
  // The net of each credit of an order under a model, in the order of its path; `-` before what is unattributed.
  std::string Nets(std::string_view order, Model model) {
    const postgres::Result rows = schema.Sql(
        "SELECT net_minor, touchpoint_id IS NULL FROM credit WHERE order_id = $1 AND model IN (0, $2) ORDER BY "
        "position",
        {OrderId(order), static_cast<int>(model)});
    std::string text;
    for (int i = 0; i < rows.size(); ++i) {
      absl::StrAppend(&text, i > 0 ? " " : "", rows[i].Get<bool>(1) ? "-" : "", rows[i].Get<std::int64_t>(0));
    }
    return text;
  }
  std::int64_t Count(const std::string& sql) { return schema.Sql(sql)[0].Get<std::int64_t>(0); }
  // The reasons of the events of restatements, in their order.
  std::string Told() {
    const postgres::Result rows =
        schema.Sql("SELECT payload FROM outbox WHERE aggregate_type = 'conversion' ORDER BY seq");
    std::string text;
    for (int i = 0; i < rows.size(); ++i) {
      v1::CreditRestated restated;
      REQUIRE(restated.ParseFromString(rows[i].Get<postgres::Bytes>(0).data));
      text += (text.empty() ? "" : " ") + restated.reason();
    }
    return text;
  }
  // What was told last of the order's acquisition: its channel, source and campaign; `-` where it is no first order.
  std::string Acquisition(std::string_view order) {
    const postgres::Result rows = schema.Sql(
        "SELECT payload FROM outbox WHERE aggregate_type = 'acquisition' AND aggregate_id = $1 "
        "ORDER BY aggregate_version DESC LIMIT 1",
        {OrderId(order)});
    if (rows.empty()) return "nothing";
    v1::AcquisitionChanged changed;
    REQUIRE(changed.ParseFromString(rows[0].Get<postgres::Bytes>(0).data));
    if (!changed.first_order()) return "-";
    return absl::StrCat(changed.channel(), "/", changed.source(), "/", changed.campaign());
  }
};

}  // namespace esnaf::attribution

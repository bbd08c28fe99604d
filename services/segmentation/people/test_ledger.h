#pragma once

// A schema of segmentation with purchases in it, for tests.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esnaf/contacts/v1/events.pb.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/migrations/segmentation.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"
#include "services/segmentation/contacts_consumer.h"
#include "services/segmentation/orders_consumer.h"
#include "services/segmentation/rfm/rfm_computation.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/rfm/rfm_store.h"
#include "services/segmentation/segmentation.h"
#include "services/segmentation/value/value_fitter.h"

namespace esnaf::segmentation {

inline Time At(std::string_view text) { return ParseRfc3339(text).value(); }
inline Uuid Contact(std::string_view name) { return Uuid::FromName("contact", name); }

struct TestLine {
  std::string sku;
  std::int64_t quantity = 1;
  std::int64_t amount = 1000;
  std::string seller_id{};
};

// What a test says of an order.
struct TestOrder {
  std::string name;
  std::string contact;  // empty: nobody is known
  std::string place_time = "2026-03-01T10:00:00Z";
  std::int64_t net = 10000;
  std::int64_t version = 1;
  std::string store_id = "istanbul";
  std::string currency_code = "TRY";
  orders::v1::OrderKind kind = orders::v1::ORDER_KIND_SALE;
  bool cancelled = false;
  std::optional<std::int64_t> gross = std::nullopt;  // as the net where not given
  std::string channel{};
  std::vector<TestLine> lines{};
  std::int64_t cost = 0;  // 0: not known
};

inline void AddLines(const std::vector<TestLine>& lines,
                     google::protobuf::RepeatedPtrField<orders::v1::OrderLine>& to) {
  for (const TestLine& line : lines) {
    orders::v1::OrderLine& added = *to.Add();
    added.set_sku(line.sku);
    added.set_quantity(line.quantity);
    added.mutable_amount()->set_minor(line.amount);
    added.set_seller_id(line.seller_id);
  }
}

inline api::v1::Event EventOf(const TestOrder& test) {
  orders::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order.set_id(Uuid::FromName("order", test.name).ToString());
  if (!test.contact.empty()) order.set_contact_id(Contact(test.contact).ToString());
  order.set_store_id(test.store_id);
  order.set_currency_code(test.currency_code);
  order.set_kind(test.kind);
  order.set_state(test.cancelled ? orders::v1::ORDER_STATE_CANCELLED : orders::v1::ORDER_STATE_OPEN);
  *order.mutable_place_time() = api::ToProto(At(test.place_time));
  order.mutable_totals()->set_gross(test.gross.value_or(test.net));
  order.mutable_totals()->set_net(test.net);
  order.set_channel(test.channel);
  AddLines(test.lines, *order.mutable_lines());
  order.mutable_totals()->set_cost(test.cost);
  api::v1::Event event;
  event.set_id(Uuid::FromName("event", test.name + std::to_string(test.version)).ToString());
  event.set_aggregate_type("order");
  event.set_aggregate_id(order.id());
  event.set_aggregate_version(test.version);
  event.set_type(orders::v1::OrderChanged::descriptor()->full_name());
  event.set_payload(changed.SerializeAsString());
  return event;
}

// Merged into `canonical`, or released where that is empty.
inline api::v1::Event AliasEvent(std::string_view original, std::string_view canonical, std::int64_t version) {
  contacts::v1::ContactAliasChanged changed;
  changed.set_original_id(Contact(original).ToString());
  if (!canonical.empty()) changed.set_canonical_id(Contact(canonical).ToString());
  api::v1::Event event;
  event.set_id(Uuid::FromName("alias event", std::string(original) + std::to_string(version)).ToString());
  event.set_aggregate_type("contact_alias");
  event.set_aggregate_id(changed.original_id());
  event.set_aggregate_version(version);
  event.set_type(contacts::v1::ContactAliasChanged::descriptor()->full_name());
  event.set_payload(changed.SerializeAsString());
  return event;
}

class TestLedger {
 public:
  TestLedger()
      : schema("segmentation",
               {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::segmentation()},
               {"runtime", "events", "identity", "segmentation"}) {
    REQUIRE_OK(EnsureDefaultPolicy(connection(), now));
    REQUIRE_OK(EnsureDefaultValueModel(connection(), now));
  }

  postgres::Connection& connection() { return schema.connection(); }
  // As it was made.
  void Clear() {
    schema.Sql(
        "TRUNCATE purchase, rfm_score, rfm_history, rfm_policy_version, rfm_policy, contact_alias, "
        "contact_alias_version, outbox, cart, person_profile, person_consent, person_change, segment, segment_member, "
        "segment_list_entry, value_fit, contact_value, value_model, acquisition, ticket, ticket_breach, survey_answer");
    REQUIRE_OK(EnsureDefaultPolicy(connection(), now));
    REQUIRE_OK(EnsureDefaultValueModel(connection(), now));
  }

  void Order(const TestOrder& order) { Orders({order}); }
  void Orders(const std::vector<TestOrder>& orders) {
    std::vector<api::v1::Event> events;
    for (const TestOrder& order : orders) events.push_back(EventOf(order));
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events, now); }));
  }
  void Alias(std::string_view original, std::string_view canonical, std::int64_t version) {
    const std::vector<api::v1::Event> events = {AliasEvent(original, canonical, version)};
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) { return ApplyContactEvents(tx, events, now); }));
  }
  // With all its pieces.
  Computation ComputeAt(const std::string& policy_id, const Reference& reference) {
    const std::int64_t before = Record(policy_id).change_count;
    auto computation = connection().Run(
        {}, [&](postgres::Tx& tx) { return computer.Compute(tx, policy_id, reference, OwnCause(now)); });
    REQUIRE_OK(computation);
    while (computation->pending) {
      const auto pending =
          connection().Run({}, [&](postgres::Tx& tx) { return computer.WritePiece(tx, policy_id, OwnCause(now)); });
      REQUIRE_OK(pending);
      computation->pending = *pending;
    }
    computation->changed_count = Record(policy_id).change_count - before;
    return *computation;
  }
  Computation ComputeNow() { return ComputeAt("default", Reference::Now(now)); }
  void AddPolicy(const Policy& policy) {
    REQUIRE_OK(ValidatePolicy(policy));
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) { return InsertPolicy(tx, policy, now, "test"); }));
  }

  // As it stands as of the last computation.
  std::optional<ScoreRecord> ScoreOf(std::string_view contact, const std::string& policy_id = "default") {
    auto score = connection().Run({.autocommit = true, .read_only = true},
                                  [&](postgres::Tx& tx) { return GetScore(tx, policy_id, Contact(contact)); });
    REQUIRE_OK(score);
    if (*score) REQUIRE_OK(StandAsOfComputation(Record(policy_id), **score));
    return *score;
  }
  std::optional<Values> ValuesOf(std::string_view contact, const std::string& policy_id = "default") {
    const auto score = ScoreOf(contact, policy_id);
    return score ? std::optional(score->values) : std::nullopt;
  }
  PolicyRecord Record(const std::string& id = "default") {
    auto record =
        connection().Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) { return GetPolicy(tx, id); });
    REQUIRE_OK(record);
    return *record;
  }
  // Every label that a person got, oldest first; `-` for none any more.
  std::string History(std::string_view contact) {
    const postgres::Result rows = schema.Sql(
        "SELECT coalesce(string_agg(CASE WHEN label = '' THEN '-' ELSE label END, ' ' ORDER BY number), '') "
        "FROM rfm_history WHERE contact_id = $1",
        {Contact(contact)});
    return rows[0].Get<std::string>(0);
  }
  // Scores and their labels, in one text to compare.
  std::string Scores() {
    const postgres::Result rows = schema.Sql(
        "SELECT coalesce(string_agg(concat_ws(' ', policy_id, contact_id, label, recency_days, frequency, "
        "monetary_minor, "
        "recency_score, frequency_score, monetary_score), E'\\n' ORDER BY policy_id, contact_id), '') FROM rfm_score");
    return rows[0].Get<std::string>(0);
  }
  std::int64_t Count(const std::string& from) {
    return schema.Sql("SELECT count(*) FROM " + from)[0].Get<std::int64_t>(0);
  }

  Time now = At("2026-03-10T12:00:00Z");
  testing::TestSchema schema;
  RfmComputer computer;
};

}  // namespace esnaf::segmentation

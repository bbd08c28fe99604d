#pragma once

// A schema of attribution, and the events and touches that tests put into it.
#include <string>
#include <string_view>
#include <vector>

#include "esnaf/contacts/v1/events.pb.h"
#include "esnaf/migrations/attribution.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"
#include "services/attribution/contacts_consumer.h"
#include "services/attribution/orders_consumer.h"
#include "services/attribution/touches/touchpoint_store.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {

inline Time At(std::string_view text) { return ParseRfc3339(text).value(); }
inline Uuid Contact(std::string_view name) { return Uuid::FromName("contact", name); }

template <typename Payload>
api::v1::Event EventOf(const Payload& payload, const std::string& aggregate_id, std::int64_t version) {
  api::v1::Event event;
  event.set_type(Payload::descriptor()->full_name());
  event.set_id(Uuid::FromName("event", event.type() + aggregate_id + std::to_string(version)).ToString());
  event.set_aggregate_id(aggregate_id);
  event.set_aggregate_version(version);
  event.set_payload(payload.SerializeAsString());
  return event;
}

// A touch that came by a paid search click, unless a test says otherwise.
inline Touchpoint TouchOf(std::string event_id, std::string visitor_id, std::string_view time,
                          std::string source = "google", std::string medium = "cpc") {
  Touchpoint touch;
  touch.store_id = "istanbul";
  touch.event_id = std::move(event_id);
  touch.id = TouchpointId(touch.store_id, touch.event_id);
  touch.visitor_id = std::move(visitor_id);
  touch.occur_time = touch.receive_time = At(time);
  touch.traffic.told.utm_source = source;
  touch.traffic.told.utm_medium = medium;
  touch.traffic.id = IdOf(touch.traffic.told);
  touch.traffic.derived = {
      .source = std::move(source), .medium = std::move(medium), .channel = "Paid Search", .paid = true};
  touch.consent.analytics_storage = ConsentWord::kGranted;
  return touch;
}

class TestAttribution {
 public:
  TestAttribution()
      : schema("attribution",
               {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::attribution()},
               {"runtime", "events", "identity", "attribution"}) {}

  postgres::Connection& connection() { return schema.connection(); }

  std::vector<Uuid> Insert(const std::vector<Touchpoint>& touches) {
    auto added = connection().Run(
        {}, [&](postgres::Tx& tx) { return InsertTouchpoints(tx, touches, /*rules_version=*/1, now); });
    REQUIRE_OK(added);
    return *added;
  }
  void Link(const std::vector<VisitorLink>& links) {
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) { return LinkVisitors(tx, links, now); }));
  }
  void OrderEvents(const std::vector<api::v1::Event>& events) {
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events, now); }));
  }
  void ContactEvents(const std::vector<api::v1::Event>& events) {
    REQUIRE_OK(connection().Run({}, [&](postgres::Tx& tx) { return ApplyContactEvents(tx, events, now); }));
  }
  // Merged into `canonical`, or released where that is empty.
  void Alias(std::string_view original, std::string_view canonical, std::int64_t version) {
    contacts::v1::ContactAliasChanged changed;
    changed.set_original_id(Contact(original).ToString());
    if (!canonical.empty()) changed.set_canonical_id(Contact(canonical).ToString());
    ContactEvents({EventOf(changed, changed.original_id(), version)});
  }
  // A contact that has these identities.
  void Person(std::string_view name, const std::vector<identity::Identity>& identities, std::int64_t version = 1) {
    contacts::v1::ContactChanged changed;
    contacts::v1::Contact& contact = *changed.mutable_contact();
    contact.set_id(Contact(name).ToString());
    for (const identity::Identity& identity : identities) {
      contacts::v1::Identity& added = *contact.add_identities();
      added.set_kind(static_cast<contacts::v1::IdentityKind>(identity.kind));
      added.set_store_id(identity.store_id);
      added.set_value(identity.value);
      added.set_verified(identity.verified);
    }
    ContactEvents({EventOf(changed, contact.id(), version)});
  }

  // The event ids of a person's touches before a time, separated by spaces.
  std::string Path(std::string_view person, std::string_view until = "2027-01-01T00:00:00Z",
                   std::string_view from = "2026-01-01T00:00:00Z") {
    auto paths = connection().Run({.read_only = true}, [&](postgres::Tx& tx) {
      return TouchesOfPeople(tx, {{Contact(person), At(from), At(until)}});
    });
    REQUIRE_OK(paths);
    std::string text;
    for (const Touchpoint& touch : paths->front()) text += (text.empty() ? "" : " ") + touch.event_id;
    return text;
  }
  // The contacts whose paths changed since this was last asked.
  std::vector<Uuid> Changed() {
    auto changed = connection().Run({}, [&](postgres::Tx& tx) { return TakePathChanges(tx, now, 100); });
    REQUIRE_OK(changed);
    std::sort(changed->begin(), changed->end());
    return *changed;
  }

  Time now = At("2026-06-01T12:00:00Z");
  testing::TestSchema schema;
};

}  // namespace esnaf::attribution

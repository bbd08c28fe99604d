#pragma once

// A source of events for tests: a schema with an outbox whose feed is served over a real connection.
#include <string>
#include <vector>

#include "esnaf/api/v1/money.pb.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/runtime.h"
#include "libs/events/feed.h"
#include "libs/events/outbox.h"
#include "libs/testing/catch.h"
#include "libs/testing/service.h"

namespace esnaf::events {

// An event whose payload is a number, which is its aggregate's version too.
inline NewEvent NumberedEvent(std::int64_t number, const Uuid& aggregate = Uuid::FromName("test", "number")) {
  api::v1::Money payload;
  payload.set_minor(number);
  const Time now = SystemClock().Now();
  return MakeEvent("service:test", now, "number", aggregate, number, payload, now);
}

inline std::int64_t NumberOf(const api::v1::Event& event) {
  api::v1::Money payload;
  return payload.ParseFromString(event.payload()) ? payload.minor() : -1;
}

class TestProducer {
 public:
  explicit TestProducer(FeedOptions options = {})
      : schema("producer", {&migrations::runtime(), &migrations::events()}, {"runtime", "events"}),
        feed(schema.Sql("SELECT epoch FROM schema_identity")[0].Get<std::string>(0), options),
        server(schema, {feed.Rpcs()}, {.name = "producer"}) {}
  ~TestProducer() { feed.Close(); }

  // Commits events with these numbers in one transaction, and answers its id.
  std::uint64_t Publish(const std::vector<std::int64_t>& numbers) {
    REQUIRE_OK(schema.connection().Run({}, [&](postgres::Tx& tx) {
      std::vector<NewEvent> events;
      for (const std::int64_t number : numbers) events.push_back(NumberedEvent(number));
      return Append(tx, events);
    }));
    const std::uint64_t xact = schema.connection().last_event_xact().value();
    feed.NotifyCommit(xact);
    return xact;
  }

  // What `esnaf-after` names.
  std::string Position(std::uint64_t xact) const { return absl::StrCat("producer:", server.epoch(), ".", xact); }

  testing::TestSchema schema;
  Feed feed;
  testing::TestServer server;
};

}  // namespace esnaf::events

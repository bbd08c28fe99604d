// Feed and consumers within programs, put together as a service's `build` does it.
#include <thread>

#include "libs/events/consumer.h"
#include "libs/events/test_producer.h"
#include "libs/runtime/service_app.h"

namespace esnaf::events {
namespace {

constexpr std::string_view kAcknowledge = "/esnaf.api.v1.EventFeedService/Acknowledge";

class TestApp {
 public:
  TestApp(const std::string& name, const std::vector<std::string>& arguments)
      : schema(name, {&migrations::runtime(), &migrations::events()}, {"runtime", "events"}) {
    const runtime::ServiceDefinition definition{.name = name};
    ESNAF_REQUIRE_VALUE(runtime::Config config, runtime::Config::Load(kKeys, arguments, {}));
    runtime::ServerOptions options;
    options.service_name = name;
    options.listen = "127.0.0.1:0";
    options.database = schema.options();
    app = std::make_unique<runtime::ServiceApp>(definition, std::move(config), std::move(options));
    app->SetEpoch(schema.Sql("SELECT epoch FROM schema_identity")[0].Get<std::string>(0));
  }

  testing::TestSchema schema;
  std::unique_ptr<runtime::ServiceApp> app;

 private:
  static inline const std::vector<runtime::ConfigKey> kKeys = {{.name = "shop-address", .help = "Where shop is."},
                                                               {.name = "gone-address", .help = "Where gone is."}};
};

TEST_CASE("A program serves its feed, and another consumes it and answers reads that wait for it") {
  TestApp shop("shop", {});
  ServeFeed(*shop.app);
  REQUIRE_OK(shop.app->Start());

  TestApp stats("stats", {"--shop-address=" + shop.app->address(), "--gone-address=127.0.0.1:1"});
  stats.schema.Sql("CREATE TABLE effect (number bigint)");
  const auto apply = [](postgres::Tx& tx, const std::vector<api::v1::Event>& events) -> absl::Status {
    for (const api::v1::Event& event : events) {
      ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic("INSERT INTO effect VALUES ($1)", {NumberOf(event)}).status());
    }
    return absl::OkStatus();
  };
  Consumer& consumer = Consume(*stats.app, "shop", apply);
  Consume(*stats.app, "gone", apply);
  ServeFeed(*stats.app);
  REQUIRE_OK(stats.app->Start());

  REQUIRE_OK(shop.schema.connection().Run({}, [](postgres::Tx& tx) { return Append(tx, {NumberedEvent(42)}); }));
  const std::uint64_t xact = shop.schema.connection().last_event_xact().value();
  shop.app->NotifyEvents(xact);
  const std::string position = absl::StrCat("shop:", shop.app->epoch(), ".", xact);

  const auto channel = runtime::Channel::Open(stats.app->address());
  api::v1::AcknowledgeRequest request;
  request.set_consumer("reader");
  request.mutable_position()->set_epoch(stats.app->epoch());
  const auto read = [&](const std::string& after, std::chrono::milliseconds timeout) {
    return channel->Call<api::v1::AcknowledgeResponse>(kAcknowledge, request,
                                                       {.timeout = timeout, .metadata = {{"esnaf-after", after}}});
  };
  REQUIRE_OK(read(position, std::chrono::seconds(60)));
  CHECK(stats.schema.Sql("SELECT number FROM effect")[0].Get<std::int64_t>(0) == 42);
  CHECK_OK(consumer.health());
  // Both consumers of a program share one board: the other source is known, and not reached.
  CHECK_STATUS_IS(read(position + ",gone:e.1", std::chrono::milliseconds(200)), absl::StatusCode::kDeadlineExceeded,
                  "");
  const postgres::Result known = shop.schema.Sql("SELECT consumer FROM feed_consumer");
  REQUIRE(known.size() == 1);
  CHECK(known[0].Get<std::string>(0) == stats.schema.name());
}

}  // namespace
}  // namespace esnaf::events

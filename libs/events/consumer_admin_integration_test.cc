// Operators' hold on a consumer that stands still: what they see, what they may do, and what they may not.
#include "libs/events/consumer_admin.h"

#include <future>
#include <thread>

#include "libs/base/error.h"
#include "libs/events/consumer.h"
#include "libs/events/test_producer.h"

namespace esnaf::events {
namespace {

using absl::StatusCode;
using api::v1::ConsumerStop;

constexpr std::chrono::seconds kPatience{60};

// A service that consumes the producer, and fails at a number until it is cured.
class Service {
 public:
  Service(TestProducer& producer, std::int64_t poison)
      : schema("service", {&migrations::runtime(), &migrations::events()}, {"runtime", "events"}),
        board(SystemClock()),
        admin("service", metrics),
        server(schema, {admin.Rpcs()}, {.name = "service"}),
        consumer(
            {.source = "producer", .consumer = "service", .retry = std::chrono::milliseconds(10)},
            runtime::Channel::Open(producer.server.address()), schema.options(), metrics, board,
            [this, poison](postgres::Tx&, const std::vector<api::v1::Event>& events) -> absl::Status {
              for (const api::v1::Event& event : events) {
                if (NumberOf(event) == poison) return absl::InvalidArgumentError("cannot be digested");
              }
              std::lock_guard lock(mutex);
              for (const api::v1::Event& event : events) numbers.push_back(NumberOf(event));
              return absl::OkStatus();
            },
            [](std::uint64_t) {}) {
    REQUIRE_OK(consumer.Start());
  }

  api::v1::Consumer Look() {
    ESNAF_REQUIRE_VALUE(const auto answer,
                        server.channel()->Call<api::v1::ListConsumersResponse>(
                            "/esnaf.api.v1.ConsumerService/ListConsumers", api::v1::ListConsumersRequest()));
    return answer.consumers_size() == 1 ? answer.consumers(0) : api::v1::Consumer();
  }
  // Looks until the consumer stands still, or does no more.
  api::v1::Consumer LookUntil(bool stopped) {
    const Time deadline = SystemClock().Now() + kPatience;
    for (;;) {
      api::v1::Consumer seen = Look();
      if (seen.has_stop() == stopped || SystemClock().Now() > deadline) return seen;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  // Ends the consumer once its cursor is there.
  void StopConsumer() {
    while (Look().source().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    consumer.Stop();
  }
  absl::StatusOr<api::v1::Consumer> Skip(const std::string& event, const std::string& source = "producer") {
    api::v1::SkipEventRequest request;
    request.set_source(source);
    request.set_event_id(event);
    return server.channel()->Call<api::v1::Consumer>("/esnaf.api.v1.ConsumerService/SkipEvent", request);
  }
  absl::StatusOr<api::v1::Consumer> Reset(const std::string& source = "producer") {
    api::v1::ResetConsumerRequest request;
    request.set_source(source);
    return server.channel()->Call<api::v1::Consumer>("/esnaf.api.v1.ConsumerService/ResetConsumer", request);
  }

  std::vector<std::int64_t> applied() {
    std::lock_guard lock(mutex);
    return numbers;
  }

  std::mutex mutex;
  std::vector<std::int64_t> numbers;
  testing::TestSchema schema;
  runtime::Metrics metrics;
  PositionBoard board;
  ConsumerAdmin admin;
  testing::TestServer server;
  Consumer consumer;
};

std::string EventOf(TestProducer& producer, int number) {
  return producer.schema.Sql("SELECT event_id::text FROM outbox WHERE aggregate_version = " + std::to_string(number))[0]
      .Get<std::string>(0);
}

TEST_CASE("an operator sees what a consumer stands still on, and lets it pass that event and no other") {
  TestProducer producer;
  producer.Publish({1, 2, 3});
  Service service(producer, 2);
  const std::string poison = EventOf(producer, 2);
  const api::v1::Consumer stopped = service.LookUntil(true);
  CHECK(stopped.service() == "service");
  CHECK(stopped.source() == "producer");
  CHECK(stopped.stop().event_id() == poison);
  CHECK(stopped.stop().message().find("cannot be digested") != std::string::npos);
  CHECK(stopped.stop().stop_time().seconds() > 0);
  CHECK_FALSE(stopped.stop().skip_requested());

  CHECK(ErrorReason(service.Skip(EventOf(producer, 1)).status()) == "NOT_STOPPED_BY_EVENT");
  CHECK_STATUS_IS(service.Skip("x"), StatusCode::kInvalidArgument, "event_id");
  CHECK_STATUS_IS(service.Skip(poison, "nobody"), StatusCode::kNotFound, "");
  CHECK(ErrorReason(service.Reset().status()) == "POSITION_NOT_REFUSED");
  ESNAF_REQUIRE_VALUE(const api::v1::Consumer skipping, service.Skip(poison));
  CHECK(skipping.stop().skip_requested());

  CHECK_FALSE(service.LookUntil(false).has_stop());
  CHECK(ErrorReason(service.Skip(poison).status()) == "NOT_STOPPED_BY_EVENT");
  const std::uint64_t last = producer.Publish({4});
  std::promise<absl::Status> reached;
  service.board.Await(producer.Position(last), SystemClock().Now() + kPatience,
                      [&](absl::Status status) { reached.set_value(std::move(status)); });
  CHECK_OK(reached.get_future().get());
  CHECK(service.Look().position().xact() == last);
}

TEST_CASE("only a consumer whose source became another copy begins anew") {
  TestProducer producer;
  producer.Publish({1, 2});
  Service service(producer, 0);
  service.StopConsumer();
  service.schema.Sql("UPDATE event_cursor SET epoch = 'before', xact = '7', seq = 7");
  CHECK(ErrorReason(service.Reset().status()) == "POSITION_NOT_REFUSED");
  CHECK_STATUS_IS(service.Reset("nobody"), StatusCode::kNotFound, "");

  Consumer again(
      {.source = "producer", .consumer = "service", .retry = std::chrono::milliseconds(10)},
      runtime::Channel::Open(producer.server.address()), service.schema.options(), service.metrics, service.board,
      [](postgres::Tx&, const std::vector<api::v1::Event>&) { return absl::OkStatus(); }, [](std::uint64_t) {});
  REQUIRE_OK(again.Start());
  const api::v1::Consumer stopped = service.LookUntil(true);
  CHECK(stopped.stop().reason() == "EPOCH_CHANGED");
  CHECK(stopped.stop().event_id().empty());
  ESNAF_REQUIRE_VALUE(const api::v1::Consumer reset, service.Reset());
  CHECK_FALSE(reset.has_position());
  while (service.Look().position().epoch() != producer.server.epoch()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK_FALSE(service.LookUntil(false).has_stop());
}

TEST_CASE("a consumer whose events were pruned goes on with what its source keeps, once an operator says so") {
  TestProducer producer({.retention = std::chrono::hours(1)});
  producer.Publish({1, 2});
  producer.Publish({3});
  producer.schema.Sql("UPDATE outbox SET record_time = now() - interval '2 hours' WHERE aggregate_version < 3");
  ESNAF_REQUIRE_VALUE(const auto pruned, producer.feed.Prune(producer.schema.connection(), SystemClock().Now()));
  REQUIRE(pruned == 2);
  Service service(producer, 0);
  CHECK(service.LookUntil(true).stop().reason() == "POSITION_PRUNED");
  ESNAF_REQUIRE_VALUE(const api::v1::Consumer reset, service.Reset());
  CHECK_FALSE(reset.has_stop());
  const std::uint64_t last = producer.Publish({4});
  std::promise<absl::Status> reached;
  service.board.Await(producer.Position(last), SystemClock().Now() + kPatience,
                      [&](absl::Status status) { reached.set_value(std::move(status)); });
  CHECK_OK(reached.get_future().get());
  CHECK(service.applied() == std::vector<std::int64_t>{3, 4});
  // Once it has begun, it is told again of what it would miss.
  CHECK(service.schema.Sql("SELECT 1 FROM event_cursor WHERE from_oldest").empty());
  CHECK(ErrorReason(service.Reset().status()) == "POSITION_NOT_REFUSED");
}

TEST_CASE("a consumer that is let begin anew waits where its source keeps nothing") {
  TestProducer producer({.retention = std::chrono::hours(0)});
  producer.Publish({1, 2});
  ESNAF_REQUIRE_VALUE(const auto pruned, producer.feed.Prune(producer.schema.connection(), SystemClock().Now()));
  REQUIRE(pruned == 2);
  Service service(producer, 0);
  CHECK(service.LookUntil(true).stop().reason() == "POSITION_PRUNED");
  REQUIRE_OK(service.Reset());
  CHECK_FALSE(service.LookUntil(false).has_stop());
  const std::uint64_t last = producer.Publish({3});
  while (service.Look().position().xact() != last) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(service.applied() == std::vector<std::int64_t>{3});
}

TEST_CASE("a process that starts where another stood still tells when nothing is left to apply") {
  TestProducer producer;
  Service service(producer, 0);
  service.StopConsumer();
  service.schema.Sql("UPDATE event_cursor SET stopped_reason = 'of a process before', stopped_time = now()");
  CHECK(service.Look().has_stop());
  Consumer again(
      {.source = "producer", .consumer = "service", .retry = std::chrono::milliseconds(10)},
      runtime::Channel::Open(producer.server.address()), service.schema.options(), service.metrics, service.board,
      [](postgres::Tx&, const std::vector<api::v1::Event>&) { return absl::OkStatus(); }, [](std::uint64_t) {});
  REQUIRE_OK(again.Start());
  CHECK_FALSE(service.LookUntil(false).has_stop());
}

}  // namespace
}  // namespace esnaf::events

// A consumer's effects happen exactly once, whatever ends it: counted in a table without any unique constraint, so that
// a repeated effect would be seen. Waits go through the position board, as a read with `esnaf-after` does.
#include "libs/events/consumer.h"

#include <future>
#include <random>
#include <thread>

#include "libs/events/test_producer.h"

namespace esnaf::events {
namespace {

constexpr std::chrono::seconds kPatience{60};

const postgres::Statement kAddEffect("consumer_test", "add_effect", "INSERT INTO effect (number) VALUES ($1)");

// The schema of a service that consumes `producer`.
class ConsumerSchema {
 public:
  ConsumerSchema() : schema("consumer", {&migrations::runtime(), &migrations::events()}, {"runtime", "events"}) {
    schema.Sql("CREATE TABLE effect (at bigint GENERATED ALWAYS AS IDENTITY, number bigint NOT NULL)");
  }
  postgres::ConnectionOptions options() const {
    postgres::ConnectionOptions options = schema.options();
    options.components.push_back("consumer_test");
    return options;
  }
  std::vector<std::int64_t> Effects() {
    const postgres::Result rows = schema.Sql("SELECT number FROM effect ORDER BY at");
    std::vector<std::int64_t> numbers;
    for (int row = 0; row < rows.size(); ++row) numbers.push_back(rows[row].Get<std::int64_t>(0));
    return numbers;
  }

  testing::TestSchema schema;
};

absl::Status AddEffects(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  for (const api::v1::Event& event : events) {
    ESNAF_RETURN_IF_ERROR(tx.Execute(kAddEffect, NumberOf(event)).status());
  }
  return absl::OkStatus();
}

// One replica: a consumer with what a process has of its own.
class Replica {
 public:
  Replica(ConsumerSchema& schema, const TestProducer& producer, ApplyBatch apply = AddEffects, int max_batch = 500)
      : board(SystemClock()),
        consumer(
            {.source = "producer", .consumer = "test", .max_batch = max_batch, .retry = std::chrono::milliseconds(20)},
            runtime::Channel::Open(producer.server.address()), schema.options(), metrics, board, std::move(apply),
            [this](std::uint64_t xact) { own_events = xact; }) {
    REQUIRE_OK(consumer.Start());
  }

  absl::Status Wait(const std::string& position) {
    std::promise<absl::Status> reached;
    board.Await(position, SystemClock().Now() + kPatience,
                [&](absl::Status status) { reached.set_value(std::move(status)); });
    return reached.get_future().get();
  }

  // Waits until the consumer's health is `ok`.
  absl::Status WaitForHealth(bool ok) {
    const Time deadline = SystemClock().Now() + kPatience;
    while (consumer.health().ok() != ok) {
      if (SystemClock().Now() > deadline) return absl::DeadlineExceededError("the health has not changed");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return absl::OkStatus();
  }

  runtime::Metrics metrics;
  PositionBoard board;
  std::atomic<std::uint64_t> own_events{0};
  Consumer consumer;
};

std::vector<std::int64_t> Range(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

// Ends the connection of a transaction from outside, as an operator or a crash would.
void Terminate(ConsumerSchema& schema, postgres::Tx& tx) {
  auto pid = tx.ExecuteDynamic("SELECT pg_backend_pid()", {});
  if (!pid.ok()) return;
  postgres::Connection killer(schema.schema.options());
  killer
      .Run({.autocommit = true},
           [&](postgres::Tx& other) {
             return other.ExecuteDynamic("SELECT pg_terminate_backend($1::int)", {(*pid)[0].Get<int>(0)}).status();
           })
      .IgnoreError();
}

TEST_CASE("Events are applied once and in order, and the position is reached then") {
  TestProducer producer;
  ConsumerSchema schema;
  Replica replica(schema, producer);
  producer.Publish({1, 2, 3});
  const std::uint64_t xact = producer.Publish({4, 5});
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  CHECK(schema.Effects() == Range(1, 5));
  CHECK_OK(replica.consumer.health());
  CHECK_THAT(replica.metrics.Expose(),
             testing::ContainsSubstring("esnaf_consumer_events_total{source=\"producer\"} 5"));
  CHECK_THAT(replica.metrics.Expose(), testing::ContainsSubstring("esnaf_consumer_stopped{source=\"producer\"} 0"));
}

TEST_CASE("A consumer that ends between batches goes on where it was") {
  TestProducer producer;
  ConsumerSchema schema;
  std::mt19937 random(7);
  std::int64_t last = 0;
  std::uint64_t xact = 0;
  for (int life = 0; life < 15; ++life) {
    std::atomic<int> batches{0};
    const int end_after = 1 + static_cast<int>(random() % 3);
    Replica replica(
        schema, producer,
        [&](postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
          ++batches;
          return AddEffects(tx, events);
        },
        7);
    for (int transaction = 0; transaction < 4; ++transaction) {
      const std::int64_t count = 1 + random() % 10;
      xact = producer.Publish(Range(last + 1, last + count));
      last += count;
    }
    while (batches < end_after) std::this_thread::yield();
    replica.consumer.Stop();
  }
  Replica replica(schema, producer);
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  CHECK((schema.Effects() == Range(1, last)));
}

TEST_CASE("A consumer whose connection or transaction breaks neither loses nor repeats an effect") {
  TestProducer producer;
  ConsumerSchema schema;
  std::mt19937 random(11);
  int broken = 0;
  Replica replica(
      schema, producer,
      [&](postgres::Tx& tx, const std::vector<api::v1::Event>& events) -> absl::Status {
        const auto fate = random() % 6;
        if (fate <= 2) ++broken;
        if (fate == 0) Terminate(schema, tx);
        ESNAF_RETURN_IF_ERROR(AddEffects(tx, events));
        if (fate == 1) Terminate(schema, tx);
        return fate == 2 ? absl::UnavailableError("broken on purpose") : absl::OkStatus();
      },
      5);
  std::uint64_t xact = 0;
  for (std::int64_t first = 1; first <= 300; first += 10) xact = producer.Publish(Range(first, first + 9));
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  replica.consumer.Stop();
  CHECK((schema.Effects() == Range(1, 300)));
  CHECK(broken > 10);
}

TEST_CASE("Two replicas share one source without applying anything twice") {
  TestProducer producer;
  ConsumerSchema schema;
  Replica first(schema, producer, AddEffects, 5);
  Replica second(schema, producer, AddEffects, 5);
  std::uint64_t xact = 0;
  std::int64_t last = 0;
  for (int round = 0; round < 100; ++round, last += 5) xact = producer.Publish(Range(last + 1, last + 5));
  // Both know, whoever did the work.
  REQUIRE_OK(first.Wait(producer.Position(xact)));
  REQUIRE_OK(second.Wait(producer.Position(xact)));
  CHECK((schema.Effects() == Range(1, last)));

  // Whichever worked: the other takes over.
  first.consumer.Stop();
  xact = producer.Publish({last + 1});
  REQUIRE_OK(second.Wait(producer.Position(xact)));
  second.consumer.Stop();
  Replica third(schema, producer);
  xact = producer.Publish({last + 2});
  REQUIRE_OK(third.Wait(producer.Position(xact)));
  CHECK((schema.Effects() == Range(1, last + 2)));
}

TEST_CASE("A poison event stops the consumer until an operator skips it") {
  TestProducer producer;
  ConsumerSchema schema;
  Replica replica(schema, producer, [](postgres::Tx& tx, const std::vector<api::v1::Event>& events) -> absl::Status {
    for (const api::v1::Event& event : events) {
      if (NumberOf(event) == 5) return absl::InvalidArgumentError("cannot be digested");
    }
    return AddEffects(tx, events);
  });
  const std::uint64_t xact = producer.Publish(Range(1, 10));
  REQUIRE_OK(replica.WaitForHealth(false));
  CHECK_STATUS_IS(replica.consumer.health(), absl::StatusCode::kInvalidArgument, "cannot be digested");
  CHECK_THAT(replica.metrics.Expose(), testing::ContainsSubstring("esnaf_consumer_stopped{source=\"producer\"} 1"));
  CHECK(schema.Effects() == Range(1, 4));

  const std::string poison =
      producer.schema.Sql("SELECT event_id FROM outbox WHERE aggregate_version = 5")[0].Get<std::string>(0);
  const auto stopped_at = [&] {
    return schema.schema.Sql("SELECT stopped_event_id::text, stopped_reason FROM event_cursor");
  };
  for (int tries = 0; tries < 1000 && stopped_at()[0].IsNull(0); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(stopped_at()[0].Get<std::optional<std::string>>(0) == poison);
  CHECK_THAT(stopped_at()[0].Get<std::string>(1), testing::ContainsSubstring("cannot be digested"));

  schema.schema.Sql("UPDATE event_cursor SET skip_event_id = stopped_event_id");
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  CHECK(schema.Effects() == std::vector<std::int64_t>{1, 2, 3, 4, 6, 7, 8, 9, 10});
  REQUIRE_OK(replica.WaitForHealth(true));
  CHECK(stopped_at()[0].IsNull(0));
  CHECK(schema.schema.Sql("SELECT skip_event_id FROM event_cursor")[0].IsNull(0));
  CHECK_THAT(replica.metrics.Expose(), testing::ContainsSubstring("esnaf_consumer_stopped{source=\"producer\"} 0"));
}

TEST_CASE("A consumer that stood still goes on by itself once the event can be applied") {
  TestProducer producer;
  ConsumerSchema schema;
  std::atomic<bool> cured{false};
  Replica replica(schema, producer, [&](postgres::Tx& tx, const std::vector<api::v1::Event>& events) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(AddEffects(tx, events));
    return cured ? absl::OkStatus() : absl::InternalError("not yet");
  });
  const std::uint64_t xact = producer.Publish(Range(1, 3));
  REQUIRE_OK(replica.WaitForHealth(false));
  CHECK(schema.Effects().empty());
  cured = true;
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  CHECK(schema.Effects() == Range(1, 3));
  CHECK_OK(replica.consumer.health());
}

TEST_CASE("A producer whose data have become others stops the consumer until its cursor is reset") {
  TestProducer producer;
  ConsumerSchema schema;
  std::uint64_t xact = producer.Publish({1});
  {
    Replica replica(schema, producer);
    REQUIRE_OK(replica.Wait(producer.Position(xact)));
  }
  schema.schema.Sql("UPDATE event_cursor SET epoch = 'before'");
  xact = producer.Publish({2});
  Replica replica(schema, producer);
  REQUIRE_OK(replica.WaitForHealth(false));
  CHECK_STATUS_IS(replica.consumer.health(), absl::StatusCode::kFailedPrecondition, "before");
  CHECK(schema.Effects() == Range(1, 1));
  schema.schema.Sql("UPDATE event_cursor SET epoch = '', xact = '0', seq = 0, watermark_xact = '0'");
  REQUIRE_OK(replica.WaitForHealth(true));
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  // The operator asked for everything again.
  CHECK(schema.Effects() == std::vector<std::int64_t>{1, 1, 2});
}

TEST_CASE("A consumer that asks for pruned events stops instead of missing them") {
  TestProducer producer({.retention = std::chrono::hours(0)});
  ConsumerSchema schema;
  producer.Publish({1, 2});
  ESNAF_REQUIRE_VALUE(const std::int64_t pruned,
                      producer.feed.Prune(producer.schema.connection(), SystemClock().Now()));
  REQUIRE(pruned == 2);
  Replica replica(schema, producer);
  REQUIRE_OK(replica.WaitForHealth(false));
  CHECK_STATUS_IS(replica.consumer.health(), absl::StatusCode::kOutOfRange, "pruned");
}

TEST_CASE("A consumer tells of the events that it writes itself, and acknowledges what it has applied") {
  TestProducer producer;
  ConsumerSchema schema;
  Replica replica(schema, producer, [](postgres::Tx& tx, const std::vector<api::v1::Event>& events) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(AddEffects(tx, events));
    return Append(tx, {NumberedEvent(100)});
  });
  const std::uint64_t xact = producer.Publish({1});
  REQUIRE_OK(replica.Wait(producer.Position(xact)));
  const postgres::Result own = schema.schema.Sql("SELECT xact::text FROM outbox");
  REQUIRE(own.size() == 1);
  CHECK(replica.own_events == own[0].Get<std::uint64_t>(0));
  // The acknowledgement follows the batch on the consumer's thread, which Stop waits for.
  replica.consumer.Stop();
  const postgres::Result known = producer.schema.Sql("SELECT xact FROM feed_consumer WHERE consumer = 'test'");
  REQUIRE(known.size() == 1);
  CHECK(known[0].Get<std::uint64_t>(0) == xact);
}

TEST_CASE("A read with esnaf-after ends the gathering of events, however long it would be") {
  // Each look would double it, so that after a dozen it lasts longer than anybody here waits.
  TestProducer producer({.gathering = {.longest = std::chrono::hours(1), .busy_events_per_second = 0}});
  ConsumerSchema schema;
  Replica replica(schema, producer);
  constexpr int kReads = 16;
  std::vector<std::int64_t> numbers;
  for (int i = 0; i < kReads; ++i) {
    numbers.push_back(i);
    REQUIRE_OK(replica.Wait(producer.Position(producer.Publish({i}))));
    REQUIRE(schema.Effects() == numbers);
  }
}

TEST_CASE("A read with esnaf-after sees what it waited for, and fails where that does not come in time") {
  TestProducer producer;
  ConsumerSchema schema;
  Replica replica(schema, producer);
  Feed feed("own");
  testing::TestServer server(schema.schema, {feed.Rpcs()}, {.name = "consumer", .gate = &replica.board});
  api::v1::AcknowledgeRequest request;
  request.set_consumer("reader");
  request.mutable_position()->set_epoch("own");
  const auto read = [&](const std::string& after, std::chrono::milliseconds timeout) {
    return server.channel()->Call<api::v1::AcknowledgeResponse>(
        "/esnaf.api.v1.EventFeedService/Acknowledge", request,
        {.timeout = timeout, .metadata = {{"esnaf-after", after}}});
  };
  for (std::int64_t number = 1; number <= 20; ++number) {
    const std::uint64_t xact = producer.Publish({number});
    REQUIRE_OK(read(producer.Position(xact), kPatience));
    CHECK(schema.Effects() == Range(1, number));
  }
  CHECK_STATUS_IS(read(producer.Position(1'000'000'000'000), std::chrono::milliseconds(100)),
                  absl::StatusCode::kDeadlineExceeded, "");
  CHECK_STATUS_IS(read("producer", kPatience), absl::StatusCode::kInvalidArgument, "esnaf-after");
  CHECK_OK(read("consumer:own.99999999999,elsewhere:e.7", kPatience));
}

}  // namespace
}  // namespace esnaf::events

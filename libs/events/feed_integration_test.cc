// The feed over a real connection: nothing missed, nothing twice, in order, whatever the writers do at the same time.
#include "libs/events/feed.h"

#include <random>
#include <thread>

#include "libs/base/error.h"
#include "libs/events/test_producer.h"

namespace esnaf::events {
namespace {

constexpr std::string_view kSubscribe = "/esnaf.api.v1.EventFeedService/Subscribe";

api::v1::SubscribeRequest Request(const TestProducer& producer, std::uint64_t xact = 0, std::int64_t seq = 0) {
  api::v1::SubscribeRequest request;
  request.set_consumer("test");
  request.mutable_after()->set_epoch(producer.server.epoch());
  request.mutable_after()->set_xact(xact);
  request.mutable_after()->set_seq(seq);
  return request;
}

// Reads answers until `enough` says so.
absl::Status Read(TestProducer& producer, const api::v1::SubscribeRequest& request,
                  const std::function<bool(const api::v1::SubscribeResponse&)>& enough) {
  return producer.server.channel()->ReadStream(kSubscribe, request, api::v1::SubscribeResponse::default_instance(),
                                               [&](const google::protobuf::Message& answer) {
                                                 return !enough(static_cast<const api::v1::SubscribeResponse&>(answer));
                                               },
                                               {}, {.timeout = std::chrono::seconds(120)});
}

// Reads what there is up to and with transaction `xact`.
std::vector<api::v1::Event> ReadUntil(TestProducer& producer, const api::v1::SubscribeRequest& request,
                                      std::uint64_t xact) {
  std::vector<api::v1::Event> events;
  REQUIRE_OK(Read(producer, request, [&](const api::v1::SubscribeResponse& answer) {
    events.insert(events.end(), answer.events().begin(), answer.events().end());
    return answer.watermark_xact() > xact;
  }));
  return events;
}

std::vector<std::string> Column(TestProducer& producer, const std::string& sql) {
  const postgres::Result rows = producer.schema.Sql(sql);
  std::vector<std::string> values;
  for (int row = 0; row < rows.size(); ++row) values.push_back(rows[row].Get<std::string>(0));
  return values;
}

std::vector<std::int64_t> Numbers(const std::vector<api::v1::Event>& events) {
  std::vector<std::int64_t> numbers;
  for (const api::v1::Event& event : events) numbers.push_back(NumberOf(event));
  return numbers;
}

// Writes events in transactions that stay open for a random while; some are given up.
class Writer {
 public:
  Writer(TestProducer& producer, int seed)
      : producer_(producer), random_(seed), connection_(producer.schema.options()) {}

  absl::Status Write(int transactions) {
    for (int i = 0; i < transactions; ++i) {
      const bool give_up = random_() % 8 == 0;
      const absl::Status status = connection_.Run({}, [&](postgres::Tx& tx) -> absl::Status {
        const int parts = 1 + static_cast<int>(random_() % 2);
        for (int part = 0; part < parts; ++part) {
          ESNAF_RETURN_IF_ERROR(Append(tx, std::vector<NewEvent>(1, NumberedEvent(i))));
          std::this_thread::sleep_for(std::chrono::microseconds(random_() % 3000));
        }
        return give_up ? absl::CancelledError("given up on purpose") : absl::OkStatus();
      });
      if (give_up) continue;
      ESNAF_RETURN_IF_ERROR(status);
      newest_ = std::max(newest_, connection_.last_event_xact().value_or(0));
      // Half of the commits are another replica's, of which this process hears nothing.
      if (random_() % 2 == 0) producer_.feed.NotifyCommit(newest_);
    }
    return absl::OkStatus();
  }
  std::uint64_t newest() const { return newest_; }

 private:
  TestProducer& producer_;
  std::mt19937 random_;
  postgres::Connection connection_;
  std::uint64_t newest_ = 0;
};

TEST_CASE("A reader beside several writers misses nothing, sees nothing twice, and keeps the order") {
  constexpr int kWriters = 6;
  constexpr int kTransactions = 150;
  TestProducer producer({.max_batch = 40, .poll = std::chrono::milliseconds(20)});
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < kWriters; ++i) writers.push_back(std::make_unique<Writer>(producer, 1000 + i));
  std::vector<absl::Status> written(kWriters);
  std::atomic<int> running{kWriters};
  std::atomic<std::uint64_t> newest{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&, i] {
      written[i] = writers[i]->Write(kTransactions);
      std::uint64_t seen = newest;
      while (seen < writers[i]->newest() && !newest.compare_exchange_weak(seen, writers[i]->newest())) {
      }
      --running;
    });
  }

  std::vector<std::string> received;
  std::vector<std::pair<std::uint64_t, std::int64_t>> positions;
  std::vector<std::uint64_t> watermarks;
  const absl::Status read = Read(producer, Request(producer), [&](const api::v1::SubscribeResponse& answer) {
    for (const api::v1::Event& event : answer.events()) received.push_back(event.id());
    positions.emplace_back(answer.position().xact(), answer.position().seq());
    watermarks.push_back(answer.watermark_xact());
    return running == 0 && answer.watermark_xact() > newest;
  });
  for (std::thread& thread : threads) thread.join();
  REQUIRE_OK(read);
  for (const absl::Status& status : written) REQUIRE_OK(status);

  const std::vector<std::string> all = Column(producer, "SELECT event_id::text FROM outbox ORDER BY xact, seq");
  CHECK(all.size() > kWriters * kTransactions / 2);
  CHECK((received == all));
  CHECK(std::is_sorted(positions.begin(), positions.end()));
  CHECK(std::is_sorted(watermarks.begin(), watermarks.end()));
}

TEST_CASE("An older transaction that commits later comes first") {
  TestProducer producer;
  postgres::Connection slow(producer.schema.options());
  std::uint64_t fast_xact = 0;
  // While the first transaction is open, a second one begins and commits.
  REQUIRE_OK(slow.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(Append(tx, {NumberedEvent(1)}));
    fast_xact = producer.Publish({2});
    return absl::OkStatus();
  }));
  REQUIRE(slow.last_event_xact().value() < fast_xact);
  CHECK(Numbers(ReadUntil(producer, Request(producer), fast_xact)) == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("An open transaction holds the watermark back, so no position is called complete too early") {
  TestProducer producer;
  postgres::Connection slow(producer.schema.options());
  std::vector<std::int64_t> early;
  std::uint64_t early_watermark = 0;
  REQUIRE_OK(slow.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(Append(tx, {NumberedEvent(1)}));
    producer.Publish({2});
    return Read(producer, Request(producer), [&](const api::v1::SubscribeResponse& answer) {
      for (const api::v1::Event& event : answer.events()) early.push_back(NumberOf(event));
      early_watermark = answer.watermark_xact();
      return true;
    });
  }));
  CHECK(early.empty());
  CHECK(early_watermark <= slow.last_event_xact().value());
}

TEST_CASE("An event arrives as it was written") {
  TestProducer producer;
  NewEvent event = NumberedEvent(7);
  event.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.payload = std::string("\0\\\"{},\xff", 7);
  event.happen_time = Time(std::chrono::microseconds(1'234'567'890'123'456));
  REQUIRE_OK(producer.schema.connection().Run({}, [&](postgres::Tx& tx) { return Append(tx, {event}); }));
  const auto events = ReadUntil(producer, Request(producer), producer.schema.connection().last_event_xact().value());
  REQUIRE(events.size() == 1);
  CHECK(events[0].id() == event.id.ToString());
  CHECK(events[0].aggregate_type() == "number");
  CHECK(events[0].aggregate_id() == event.aggregate_id.ToString());
  CHECK(events[0].aggregate_version() == 7);
  CHECK(events[0].type() == "esnaf.api.v1.Money");
  CHECK((events[0].payload() == event.payload));
  CHECK(events[0].happen_time().seconds() == 1'234'567'890);
  CHECK(events[0].happen_time().nanos() == 123'456'000);
  CHECK(events[0].record_time().seconds() > 0);
  CHECK(events[0].trace_parent() == event.trace_parent);
  CHECK(events[0].actor() == "service:test");
}

TEST_CASE("A store can write its event in its own statement") {
  TestProducer producer;
  const NewEvent event = NumberedEvent(3);
  REQUIRE_OK(producer.schema.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(
        const postgres::Result rows,
        tx.ExecuteDynamic(
            "INSERT INTO outbox (event_id, aggregate_type, aggregate_id, aggregate_version, type, payload, "
            "happen_time, trace_parent, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING xact::text",
            OutboxParams(event)));
    tx.NoteEventXact(rows[0].Get<std::uint64_t>(0));
    return absl::OkStatus();
  }));
  const auto events = ReadUntil(producer, Request(producer), producer.schema.connection().last_event_xact().value());
  CHECK(Numbers(events) == std::vector<std::int64_t>{3});
}

TEST_CASE("A subscription goes on behind its position, in batches of the asked size") {
  TestProducer producer;
  const std::uint64_t xact = producer.Publish({1, 2, 3, 4, 5});
  api::v1::SubscribeRequest request = Request(producer);
  request.set_max_batch_size(2);
  std::vector<int> sizes;
  api::v1::FeedPosition second;
  REQUIRE_OK(Read(producer, request, [&](const api::v1::SubscribeResponse& answer) {
    sizes.push_back(answer.events_size());
    if (sizes.size() == 1) {
      second = answer.position();
      // The transaction is delivered in part only.
      if (answer.watermark_xact() > xact) sizes.push_back(-1);
    }
    return answer.watermark_xact() > xact;
  }));
  CHECK(sizes == std::vector<int>{2, 2, 1});
  CHECK(Numbers(ReadUntil(producer, Request(producer, second.xact(), second.seq()), xact)) ==
        std::vector<std::int64_t>{3, 4, 5});
}

TEST_CASE("Large events are spread over several answers") {
  TestProducer producer;
  std::vector<NewEvent> large;
  for (int i = 0; i < 6; ++i) {
    large.push_back(NumberedEvent(i));
    large.back().payload = std::string(700'000, static_cast<char>('a' + i));
  }
  REQUIRE_OK(producer.schema.connection().Run({}, [&](postgres::Tx& tx) { return Append(tx, large); }));
  const std::uint64_t xact = producer.schema.connection().last_event_xact().value();
  std::string letters;
  std::size_t largest = 0;
  bool early = false;
  REQUIRE_OK(Read(producer, Request(producer), [&](const api::v1::SubscribeResponse& answer) {
    for (const api::v1::Event& event : answer.events()) letters += event.payload()[0];
    largest = std::max(largest, answer.ByteSizeLong());
    early = early || (answer.watermark_xact() > xact && letters.size() < 6);
    return answer.watermark_xact() > xact;
  }));
  CHECK(letters == "abcdef");
  CHECK(largest < 2'000'000);
  CHECK_FALSE(early);
}

TEST_CASE("A position of another epoch is refused") {
  TestProducer producer;
  api::v1::SubscribeRequest request = Request(producer, 100, 1);
  request.mutable_after()->set_epoch("another");
  const absl::Status status = Read(producer, request, [](const auto&) { return true; });
  CHECK_STATUS_IS(status, absl::StatusCode::kFailedPrecondition, "another");
  CHECK(ErrorReason(status) == "EPOCH_CHANGED");
  api::v1::AcknowledgeRequest acknowledge;
  acknowledge.set_consumer("test");
  *acknowledge.mutable_position() = request.after();
  CHECK_STATUS_IS(producer.server.channel()->Call<api::v1::AcknowledgeResponse>(
                      "/esnaf.api.v1.EventFeedService/Acknowledge", acknowledge),
                  absl::StatusCode::kFailedPrecondition, "another");
  request.clear_consumer();
  CHECK_STATUS_IS(Read(producer, request, [](const auto&) { return true; }), absl::StatusCode::kInvalidArgument,
                  "must be given");
}

TEST_CASE("The end of the feed ends its subscriptions") {
  TestProducer producer;
  const absl::Status status = Read(producer, Request(producer), [&](const api::v1::SubscribeResponse&) {
    producer.feed.Close();
    return false;
  });
  CHECK_STATUS_IS(status, absl::StatusCode::kUnavailable, "");
}

// How far the consumer `test` says to have come.
void Acknowledge(TestProducer& producer, std::int64_t number) {
  const postgres::Result row =
      producer.schema.Sql("SELECT xact::text, seq FROM outbox WHERE aggregate_version = $1", {number});
  api::v1::AcknowledgeRequest request;
  request.set_consumer("test");
  *request.mutable_position() = Request(producer, row[0].Get<std::uint64_t>(0), row[0].Get<std::int64_t>(1)).after();
  REQUIRE_OK(producer.server.channel()->Call<api::v1::AcknowledgeResponse>("/esnaf.api.v1.EventFeedService/Acknowledge",
                                                                           request));
}

TEST_CASE("What is old and passed by every consumer is pruned, and whoever would need it is told") {
  TestProducer producer({.retention = std::chrono::hours(24)});
  producer.Publish({1, 2});
  const std::uint64_t xact = producer.Publish({3, 4, 5});
  producer.schema.Sql("UPDATE outbox SET record_time = now() - interval '2 days' WHERE aggregate_version <= 4");
  // Known from its subscription on, though it has acknowledged nothing.
  CHECK(ReadUntil(producer, Request(producer), xact).size() == 5);
  const Time now = SystemClock().Now();
  ESNAF_REQUIRE_VALUE(const std::int64_t none, producer.feed.Prune(producer.schema.connection(), now));
  CHECK(none == 0);

  const postgres::Result first = producer.schema.Sql("SELECT xact::text, seq FROM outbox WHERE aggregate_version = 1");
  const auto early = Request(producer, first[0].Get<std::uint64_t>(0), first[0].Get<std::int64_t>(1));
  Acknowledge(producer, 3);
  ESNAF_REQUIRE_VALUE(const std::int64_t passed, producer.feed.Prune(producer.schema.connection(), now));
  CHECK(passed == 3);
  Acknowledge(producer, 5);
  ESNAF_REQUIRE_VALUE(const std::int64_t old, producer.feed.Prune(producer.schema.connection(), now));
  CHECK(old == 1);
  CHECK(Column(producer, "SELECT aggregate_version::text FROM outbox") == std::vector<std::string>{"5"});

  for (const auto& request : {early, Request(producer)}) {
    const absl::Status status = Read(producer, request, [](const auto&) { return true; });
    CHECK_STATUS_IS(status, absl::StatusCode::kOutOfRange, "pruned");
  }
  const postgres::Result mark = producer.schema.Sql("SELECT xact::text, seq FROM outbox_pruned");
  CHECK(Numbers(ReadUntil(producer, Request(producer, mark[0].Get<std::uint64_t>(0), mark[0].Get<std::int64_t>(1)),
                          xact)) == std::vector<std::int64_t>{5});
}

TEST_CASE("The lag of a consumer is the age of what it has not acknowledged") {
  TestProducer producer;
  const std::uint64_t xact = producer.Publish({1, 2});
  producer.schema.Sql("UPDATE outbox SET record_time = now() - interval '1 hour' WHERE aggregate_version = 2");
  ReadUntil(producer, Request(producer), xact);
  Acknowledge(producer, 1);
  runtime::Metrics metrics;
  REQUIRE_OK(producer.feed.Measure(producer.schema.connection(), metrics));
  CHECK_THAT(metrics.Expose(), testing::ContainsSubstring("esnaf_feed_lag_seconds{consumer=\"test\"} 36"));
  Acknowledge(producer, 2);
  REQUIRE_OK(producer.feed.Measure(producer.schema.connection(), metrics));
  CHECK_THAT(metrics.Expose(), testing::ContainsSubstring("esnaf_feed_lag_seconds{consumer=\"test\"} 0\n"));
}

}  // namespace
}  // namespace esnaf::events

// Goal: what storefronts and importers send is recorded once, in whatever order it comes, while contacts may be away.
#include <rapidcheck.h>

#include <thread>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/error.h"
#include "services/orders/orders_under_test.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using testing::FakeContacts;
using testing::kOrders;
using testing::OrderOf;
using testing::OrdersUnderTest;

TEST_CASE("an order is recorded, linked, published and read back") {
  OrdersUnderTest test;
  std::string position;
  ESNAF_REQUIRE_VALUE(const auto answer, test.Ingest(OrderOf("1"), {.position = &position}));
  CHECK(answer.outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(answer.order().totals().net() == 6000);
  CHECK(answer.order().contact_id() == FakeContacts::ContactOf("c1").ToString());
  CHECK(answer.order().state() == v1::ORDER_STATE_OPEN);
  CHECK(position.starts_with("orders:" + test.server.epoch() + "."));
  ESNAF_REQUIRE_VALUE(const auto read, test.Get(answer.order().id()));
  CHECK(google::protobuf::util::MessageDifferencer::Equals(read, answer.order()));
  const auto events = test.Events();
  REQUIRE(events.size() == 1);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(events[0].order(), read));
}

TEST_CASE("a repeated delivery changes nothing, an older one neither, a newer one does") {
  OrdersUnderTest test;
  REQUIRE_OK(test.Ingest(OrderOf("1", "c1", 5)));
  CHECK(test.Ingest(OrderOf("1", "c1", 5))->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  CHECK(test.Ingest(OrderOf("1", "c1", 4))->outcome() == v1::INGEST_OUTCOME_STALE);
  CHECK(test.Events().size() == 1);
  v1::Order newer = OrderOf("1", "c1", 6);
  newer.mutable_cancel_time()->set_seconds(1'700'000'100);
  ESNAF_REQUIRE_VALUE(const auto updated, test.Ingest(newer));
  CHECK(updated.outcome() == v1::INGEST_OUTCOME_UPDATED);
  CHECK(updated.order().state() == v1::ORDER_STATE_CANCELLED);
  CHECK(updated.order().etag() == "2");
  CHECK(test.Events().size() == 2);
  CHECK(test.contacts->calls() == 1);
}

TEST_CASE("a source without versions counts by arrival, and repeats change nothing") {
  OrdersUnderTest test;
  v1::Order order = OrderOf("1", "c1", 0);
  REQUIRE_OK(test.Ingest(order));
  CHECK(test.Ingest(order)->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  order.set_channel("web");
  CHECK(test.Ingest(order)->outcome() == v1::INGEST_OUTCOME_UPDATED);
}

TEST_CASE("validate_only says what would be, and records nothing") {
  OrdersUnderTest test;
  v1::IngestOrderRequest request;
  *request.mutable_order() = OrderOf("1");
  request.set_validate_only(true);
  ESNAF_REQUIRE_VALUE(const auto answer, test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request));
  CHECK(answer.outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Get(answer.order().id()).status().code() == StatusCode::kNotFound);
}

TEST_CASE("errors name the field, and an unknown store is not found") {
  OrdersUnderTest test;
  v1::Order bad = OrderOf("1");
  bad.mutable_lines(1)->set_quantity(0);
  const auto refused = test.Ingest(bad);
  CHECK(refused.status().code() == StatusCode::kInvalidArgument);
  CHECK(ErrorFields(refused.status())[0].first == "order.lines[1].quantity");
  v1::Order elsewhere = OrderOf("1");
  elsewhere.set_store_id("nowhere");
  CHECK(ErrorReason(test.Ingest(elsewhere).status()) == "STORE_NOT_FOUND");
  CHECK_STATUS_IS(test.Get("no-id"), StatusCode::kInvalidArgument, "id");
}

TEST_CASE("an anonymous order is published without a contact") {
  OrdersUnderTest test;
  ESNAF_REQUIRE_VALUE(const auto answer, test.Ingest(OrderOf("1", "")));
  CHECK(answer.order().contact_id().empty());
  CHECK(test.Events().size() == 1);
  CHECK(test.contacts->calls() == 0);
}

TEST_CASE("while contacts is away orders are taken, parked, and linked and published later") {
  OrdersUnderTest test;
  test.contacts->SetAway(true);
  ESNAF_REQUIRE_VALUE(const auto first, test.Ingest(OrderOf("1", "c1")));
  ESNAF_REQUIRE_VALUE(const auto second, test.Ingest(OrderOf("2", "c2")));
  CHECK(first.order().contact_id().empty());
  CHECK(test.Events().empty());
  // After the first failure contacts is left in peace for a while.
  CHECK(test.contacts->calls() == 1);
  CHECK(test.LinkOrders() == 0);
  // A verb on a parked order is not published either.
  REQUIRE_OK(test.Refund(second.order().id(), "r", 500));
  CHECK(test.Events().empty());

  test.contacts->SetAway(false);
  test.clock.Advance(std::chrono::seconds(4));
  CHECK(test.LinkOrders() == 2);
  const auto events = test.Events();
  REQUIRE(events.size() == 2);
  for (const v1::OrderChanged& event : events) {
    CHECK(event.order().contact_id() == FakeContacts::ContactOf(event.order().customer().external_id()).ToString());
  }
  CHECK(test.Get(second.order().id())->totals().refunded() == 500);
  CHECK(test.LinkOrders() == 0);
}

TEST_CASE("a customer that contacts refuses does not keep others from being linked") {
  OrdersUnderTest test;
  test.contacts->Refuse("bad");
  ESNAF_REQUIRE_VALUE(const auto batch,
                      test.IngestAll({OrderOf("1", "good"), OrderOf("2", "bad"), OrderOf("3", "fine")}));
  for (const auto& result : batch.results()) CHECK(result.outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Events().empty());
  CHECK(test.LinkOrders() == 2);
  CHECK(test.Events().size() == 2);
  // The refused one waits its time.
  const int calls = test.contacts->calls();
  CHECK(test.LinkOrders() == 0);
  CHECK(test.contacts->calls() == calls);
}

TEST_CASE("a customer whom contacts fails at is tried again in the next round, and keeps nobody else waiting") {
  for (const absl::StatusCode fault : {StatusCode::kInternal, StatusCode::kAborted, StatusCode::kUnknown}) {
    OrdersUnderTest test;
    test.contacts->Refuse("bad", absl::Status(fault, "a fault of contacts"));
    REQUIRE_OK(test.IngestAll({OrderOf("1", "good"), OrderOf("2", "bad"), OrderOf("3", "fine")}));
    CHECK(test.LinkOrders() == 2);
    test.contacts->Refuse("");
    CHECK(test.LinkOrders() == 1);
    CHECK(test.Events().size() == 3);
  }
}

TEST_CASE("what an order says anew of a known customer is told to contacts") {
  OrdersUnderTest test;
  REQUIRE_OK(test.Ingest(OrderOf("1")));
  CHECK(test.contacts->calls() == 1);
  REQUIRE_OK(test.Ingest(OrderOf("2")));
  CHECK(test.contacts->calls() == 1);
  v1::Order order = OrderOf("3");
  order.mutable_customer()->set_email("ayse@example.com");
  ESNAF_REQUIRE_VALUE(const auto answer, test.Ingest(order));
  CHECK(test.contacts->calls() == 2);
  CHECK(answer.order().contact_id() == FakeContacts::ContactOf("c1").ToString());
}

TEST_CASE("an answer that nothing changed names the position behind which the order is found") {
  OrdersUnderTest test;
  std::string first, second, position;
  REQUIRE_OK(test.Ingest(OrderOf("1", "c1", 5), {.position = &first}));
  REQUIRE_OK(test.Ingest(OrderOf("2", "c1", 5), {.position = &second}));
  CHECK(test.Ingest(OrderOf("1", "c1", 5), {.position = &position})->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  CHECK(position == first);
  position.clear();
  CHECK(test.Ingest(OrderOf("1", "c1", 4), {.position = &position})->outcome() == v1::INGEST_OUTCOME_STALE);
  CHECK(position == first);
  // Of several, that of the newest.
  v1::BatchIngestOrdersRequest batch;
  *batch.add_orders() = OrderOf("2", "c1", 5);
  *batch.add_orders() = OrderOf("1", "c1", 5);
  position.clear();
  REQUIRE_OK(test.Call<v1::BatchIngestOrdersResponse>(kOrders, "BatchIngestOrders", batch, {.position = &position}));
  CHECK(position == second);
}

TEST_CASE("an older delivery is recorded where the newer one of its batch is refused") {
  OrdersUnderTest test;
  test.schema.Sql("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (channel <> 'poison')");
  v1::Order poison = OrderOf("1", "c1", 3);
  poison.set_channel("poison");
  ESNAF_REQUIRE_VALUE(const auto batch,
                      test.IngestAll({OrderOf("1", "c1", 1), OrderOf("1", "c1", 2), poison, OrderOf("2", "c2")}));
  CHECK(batch.results(0).outcome() == v1::INGEST_OUTCOME_STALE);
  CHECK(batch.results(1).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(batch.results(2).error().code() == static_cast<int>(StatusCode::kInvalidArgument));
  CHECK(batch.results(3).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Get(batch.results(1).order_id())->source_version() == 2);

  // Where none of them can be recorded, each says so.
  poison.set_external_id("3");
  v1::Order older = poison;
  older.set_source_version(2);
  ESNAF_REQUIRE_VALUE(const auto again, test.IngestAll({older, poison}));
  CHECK(again.results(0).has_error());
  CHECK(again.results(1).has_error());
}

TEST_CASE("a batch stands order by order") {
  OrdersUnderTest test;
  v1::Order bad = OrderOf("bad");
  bad.clear_lines();
  std::vector<v1::Order> orders = {OrderOf("1"), bad, OrderOf("2", "c2"), OrderOf("1", "c1", 2), OrderOf("3", "")};
  ESNAF_REQUIRE_VALUE(const auto batch, test.IngestAll(orders));
  REQUIRE(batch.results_size() == 5);
  CHECK(batch.results(0).outcome() == v1::INGEST_OUTCOME_STALE);  // overtaken by its own newer version
  CHECK(batch.results(0).order_id() == batch.results(3).order_id());
  CHECK(batch.results(1).error().code() == static_cast<int>(StatusCode::kInvalidArgument));
  CHECK(batch.results(1).order_id().empty());
  CHECK(batch.results(2).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(batch.results(3).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(batch.results(4).outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Events().size() == 3);
  CHECK(test.contacts->calls() == 1);
  CHECK(test.contacts->sets_asked() == 2);
  ESNAF_REQUIRE_VALUE(const auto again, test.IngestAll(orders));
  CHECK(again.results(3).outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  CHECK(test.Events().size() == 3);
}

TEST_CASE("an order that only the database refuses does not sink its batch") {
  OrdersUnderTest test;
  test.schema.Sql("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (external_id <> 'poison')");
  for (const char* request_id : {"", "once"}) {
    const std::string suffix = request_id;
    ESNAF_REQUIRE_VALUE(const auto batch,
                        test.IngestAll({OrderOf("a" + suffix), OrderOf("poison"), OrderOf("b" + suffix)}, request_id));
    CHECK(batch.results(0).outcome() == v1::INGEST_OUTCOME_CREATED);
    CHECK(batch.results(1).error().code() == static_cast<int>(StatusCode::kInvalidArgument));
    CHECK(batch.results(2).outcome() == v1::INGEST_OUTCOME_CREATED);
  }
  CHECK(test.Events().size() == 4);
}

// Calls of one order each that came together, as the server hands them over.
struct Together {
  using Asked = OrderService::AskedIngest;

  runtime::Call& Add(v1::IngestOrderRequest request, runtime::CallInfo info = {}) {
    info.deadline = SystemClock().Now() + std::chrono::seconds(20);
    requests.push_back(std::make_unique<v1::IngestOrderRequest>(std::move(request)));
    calls.push_back(std::make_unique<runtime::Call>(std::move(info), SystemClock(), test.schema.connection()));
    return *calls.back();
  }
  runtime::Call& Add(const v1::Order& order, runtime::CallInfo info = {}) {
    v1::IngestOrderRequest request;
    *request.mutable_order() = order;
    return Add(std::move(request), std::move(info));
  }
  std::vector<absl::StatusOr<v1::IngestOrderResponse>> Run() {
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      asked.push_back({*calls[i], *requests[i], absl::UnknownError("")});
    }
    test.orders.IngestOrdersTogether(asked);
    std::vector<absl::StatusOr<v1::IngestOrderResponse>> answers;
    for (Asked& one : asked) answers.push_back(std::move(one.answer));
    return answers;
  }

  OrdersUnderTest& test;
  std::vector<std::unique_ptr<v1::IngestOrderRequest>> requests{};
  std::vector<std::unique_ptr<runtime::Call>> calls{};
};

runtime::CallInfo InfoOf(const std::string& actor, const std::string& trace_parent,
                         std::vector<std::string> store_ids = {}) {
  return {.caller = {.kind = runtime::Caller::Kind::kStorefront, .actor = actor, .store_ids = std::move(store_ids)},
          .trace_parent = trace_parent};
}

TEST_CASE("orders of several calls are written together, each under its own caller") {
  OrdersUnderTest test;
  Together together{test};
  const runtime::Call& first = together.Add(OrderOf("1", "c1"), InfoOf("key:1", "trace-1"));
  const runtime::Call& second = together.Add(OrderOf("2", "c2"), InfoOf("key:2", "trace-2", {"tr"}));
  v1::Order bad = OrderOf("3");
  bad.mutable_lines(1)->set_quantity(0);
  const runtime::Call& refused = together.Add(bad);
  together.Add(OrderOf("4"), InfoOf("key:4", "", {"elsewhere"}));
  together.Add(v1::IngestOrderRequest());
  const auto answers = together.Run();
  for (int i : {0, 1}) {
    ESNAF_REQUIRE_VALUE(const auto answer, answers[static_cast<std::size_t>(i)]);
    CHECK(answer.outcome() == v1::INGEST_OUTCOME_CREATED);
    CHECK(answer.order().external_id() == std::to_string(i + 1));
    CHECK(answer.order().contact_id() == FakeContacts::ContactOf("c" + std::to_string(i + 1)).ToString());
    ESNAF_REQUIRE_VALUE(const auto read, test.Get(answer.order().id()));
    CHECK(google::protobuf::util::MessageDifferencer::Equals(read, answer.order()));
  }
  CHECK(ErrorFields(answers[2].status())[0].first == "order.lines[1].quantity");
  CHECK(answers[3].status().code() == StatusCode::kPermissionDenied);
  CHECK(answers[4].status().code() == StatusCode::kInvalidArgument);
  CHECK(test.contacts->calls() == 1);
  // One statement, and each event with its own cause.
  REQUIRE(first.event_xact());
  CHECK(first.event_xact() == second.event_xact());
  CHECK(refused.event_xact() == first.event_xact());
  const auto causes =
      test.schema.Sql("SELECT actor, trace_parent, count(*) OVER (PARTITION BY xact) FROM outbox ORDER BY actor");
  REQUIRE(causes.size() == 2);
  for (int i : {0, 1}) {
    CHECK(causes[i].Get<std::string>(0) == "key:" + std::to_string(i + 1));
    CHECK(causes[i].Get<std::string>(1) == "trace-" + std::to_string(i + 1));
    CHECK(causes[i].Get<std::int64_t>(2) == 2);
  }
  // The same once more changes nothing, and still says where it is found.
  for (const auto& answer : together.Run()) {
    if (answer.ok()) CHECK(answer->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  }
  CHECK(test.Events().size() == 2);
}

TEST_CASE("of one order delivered by several calls together, each is told what became of its own delivery") {
  OrdersUnderTest test;
  Together together{test};
  together.Add(OrderOf("1", "c1", 4));
  together.Add(OrderOf("1", "c1", 5));
  together.Add(OrderOf("1", "c1", 5));
  together.Add(OrderOf("2", "c1", 1));
  const auto answers = together.Run();
  for (const auto& answer : answers) {
    REQUIRE_OK(answer);
    CHECK(answer->has_order());
  }
  CHECK(answers[0]->outcome() == v1::INGEST_OUTCOME_STALE);
  CHECK(answers[0]->order().source_version() == 5);
  CHECK(answers[1]->outcome() == v1::INGEST_OUTCOME_UNCHANGED);
  CHECK(answers[2]->outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(answers[3]->outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(test.Events().size() == 2);
}

TEST_CASE("calls with a key, and those that only validate, keep their meaning beside others") {
  OrdersUnderTest test;
  Together together{test};
  v1::IngestOrderRequest keyed, validating;
  *keyed.mutable_order() = OrderOf("1");
  keyed.set_request_id("once");
  *validating.mutable_order() = OrderOf("2");
  validating.set_validate_only(true);
  together.Add(keyed);
  together.Add(keyed);
  together.Add(validating);
  together.Add(OrderOf("3"));
  for (const auto& answer : together.Run()) {
    REQUIRE_OK(answer);
    CHECK(answer->outcome() == v1::INGEST_OUTCOME_CREATED);
  }
  CHECK(test.Events().size() == 2);
  CHECK(test.Get(OrderId("tr", "2").ToString()).status().code() == StatusCode::kNotFound);
}

TEST_CASE("an order that the database refuses, or whose customer contacts does, does not harm those beside it") {
  OrdersUnderTest test;
  test.schema.Sql("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (external_id <> 'poison')");
  test.contacts->Refuse("bad");
  Together together{test};
  together.Add(OrderOf("1", "good"));
  together.Add(GENERATE(OrderOf("poison", "fine"), OrderOf("2", "bad")));
  together.Add(OrderOf("3", "other"));
  const auto answers = together.Run();
  for (std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    REQUIRE_OK(answers[i]);
    CHECK(answers[i]->outcome() == v1::INGEST_OUTCOME_CREATED);
    CHECK_FALSE(answers[i]->order().contact_id().empty());
  }
  if (answers[1].ok()) {
    CHECK(answers[1]->order().contact_id().empty());
  } else {
    CHECK(answers[1].status().code() == StatusCode::kInvalidArgument);
  }
  CHECK(test.Events().size() == 2);
}

TEST_CASE("a request id replays the first answer") {
  OrdersUnderTest test;
  v1::IngestOrderRequest request;
  *request.mutable_order() = OrderOf("1");
  request.set_request_id("abc");
  const auto first = test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request);
  const auto again = test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request);
  REQUIRE_OK(first);
  REQUIRE_OK(again);
  CHECK(again->outcome() == v1::INGEST_OUTCOME_CREATED);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(*first, *again));
  request.mutable_order()->set_channel("web");
  CHECK(ErrorReason(test.Call<v1::IngestOrderResponse>(kOrders, "IngestOrder", request).status()) ==
        "IDEMPOTENCY_KEY_REUSED");
}

TEST_CASE("versions delivered in any order, and repeated, end in the newest") {
  OrdersUnderTest test;
  int run = 0;
  REQUIRE(rc::check("permutations", [&] {
    const std::string id = "p" + std::to_string(run++);
    std::vector<int> versions = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 5));
    versions.push_back(5);
    std::swap(versions.back(),
              versions[static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(versions.size())))]);
    std::vector<v1::Order> batch;
    for (int version : versions) {
      v1::Order order = OrderOf(id, "c1", version);
      order.mutable_lines(0)->set_quantity(version);
      if (*rc::gen::arbitrary<bool>()) {
        batch.push_back(order);
      } else {
        RC_ASSERT(test.Ingest(order).ok());
      }
    }
    if (!batch.empty()) RC_ASSERT(test.IngestAll(batch).ok());
    const auto order = test.Get(OrderId("tr", id).ToString());
    RC_ASSERT(order.ok());
    RC_ASSERT(order->source_version() == 5);
    RC_ASSERT(order->totals().net() == 5 * 1000 + 4000);
  }));
}

TEST_CASE("many at once on one order lose nothing and end in the newest") {
  OrdersUnderTest test;
  std::vector<absl::Status> failures(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        auto answer = test.Ingest(OrderOf("1", "c1", static_cast<std::int64_t>(i * 8 + static_cast<int>(t) + 1)));
        // Others may win the race five times in a row; the caller is told to try again then.
        while (answer.status().code() == StatusCode::kAborted) {
          answer = test.Ingest(OrderOf("1", "c1", static_cast<std::int64_t>(i * 8 + static_cast<int>(t) + 1)));
        }
        if (!answer.ok()) failures[t] = answer.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& failure : failures) CHECK_OK(failure);
  ESNAF_REQUIRE_VALUE(const auto order, test.Get(OrderId("tr", "1").ToString()));
  CHECK(order.source_version() == 80);
  const auto events = test.Events();
  CHECK(order.etag() == std::to_string(events.size()));
}

TEST_CASE("a stream of batches answers with its sums") {
  OrdersUnderTest test;
  int sent = 0;
  v1::StreamIngestOrdersResponse sums;
  REQUIRE_OK(test.server.channel()->WriteStream(absl::StrCat(kOrders, "StreamIngestOrders"),
                                                v1::StreamIngestOrdersRequest(),
                                                [&](google::protobuf::Message& message) {
                                                  if (sent == 3) return false;
                                                  auto& request = dynamic_cast<v1::StreamIngestOrdersRequest&>(message);
                                                  request.Clear();
                                                  for (int i = 0; i < 2; ++i)
                                                    *request.add_orders() = OrderOf(std::to_string(sent * 2 + i));
                                                  if (sent == 2) request.mutable_orders(1)->set_external_id("");
                                                  ++sent;
                                                  return true;
                                                },
                                                sums, {.metadata = {{"idempotency-key", "stream"}}}));
  CHECK(sums.created_count() == 5);
  CHECK(sums.failed_count() == 1);
  REQUIRE(sums.errors_size() == 1);
  CHECK(sums.errors(0).index() == 5);
}

TEST_CASE("a batch whose store cannot be read fails as a whole, so that nobody takes it for refused orders") {
  OrdersUnderTest test;
  v1::BatchIngestOrdersRequest batch;
  *batch.add_orders() = OrderOf("1");
  *batch.add_orders() = OrderOf("2");
  // As after a start in which the database is not there yet.
  test.schema.Sql("ALTER TABLE store RENAME TO away");
  const auto failed = test.Call<v1::BatchIngestOrdersResponse>(kOrders, "BatchIngestOrders", batch);
  test.schema.Sql("ALTER TABLE away RENAME TO store");
  CHECK(failed.status().code() == absl::StatusCode::kInternal);
  ESNAF_REQUIRE_VALUE(const auto taken, test.Call<v1::BatchIngestOrdersResponse>(kOrders, "BatchIngestOrders", batch));
  CHECK(taken.results(1).outcome() == v1::INGEST_OUTCOME_CREATED);
}

}  // namespace
}  // namespace esnaf::orders

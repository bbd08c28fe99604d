// The ledger and the scores over it: increments equal a computation from the start, whatever comes in whatever order.
#include "services/segmentation/rfm/rfm_scorer.h"

#include <rapidcheck.h>

#include <future>
#include <thread>

#include "absl/strings/str_format.h"
#include "esnaf/segmentation/v1/events.pb.h"
#include "services/segmentation/people/test_ledger.h"

namespace esnaf::segmentation {
namespace {

TEST_CASE("the first order gives its customer a score at once") {
  TestLedger ledger;
  CHECK_FALSE(ledger.ScoreOf("ayse"));
  ledger.Order({.name = "1", .contact = "ayse"});
  CHECK(ledger.ValuesOf("ayse") == Values{9, 1, 10000});
  CHECK(ledger.ScoreOf("ayse")->label == "champions");
  CHECK(ledger.Record().active->policy.currency_code == "TRY");
}

TEST_CASE("an older version changes nothing, a newer one replaces, whatever comes first") {
  TestLedger ledger;
  ledger.Order({.name = "1", .contact = "ayse", .net = 5000, .version = 2});
  ledger.Order({.name = "1", .contact = "ayse", .net = 7000, .version = 1});
  CHECK(ledger.ValuesOf("ayse") == Values{9, 1, 5000});
  ledger.Orders({{.name = "1", .contact = "ayse", .net = 1000, .version = 4},
                 {.name = "1", .contact = "ayse", .net = 3000, .version = 3}});
  CHECK(ledger.ValuesOf("ayse") == Values{9, 1, 1000});
}

TEST_CASE("anonymous orders are not in the ledger, and a released one leaves its person") {
  TestLedger ledger;
  ledger.Order({.name = "1"});
  CHECK(ledger.Count("purchase") == 0);
  ledger.Order({.name = "2", .contact = "ayse"});
  ledger.Order({.name = "2", .version = 2});
  CHECK_FALSE(ledger.ScoreOf("ayse"));
  CHECK(ledger.History("ayse") == "champions -");
}

TEST_CASE("an order that goes from one person to another counts for the other") {
  TestLedger ledger;
  ledger.Orders({{.name = "1", .contact = "ayse"}, {.name = "2", .contact = "ayse"}});
  ledger.Order({.name = "2", .contact = "ali", .version = 2});
  CHECK(ledger.ValuesOf("ayse") == Values{9, 1, 10000});
  CHECK(ledger.ValuesOf("ali") == Values{9, 1, 10000});
}

TEST_CASE("cancelled and refunded orders and returns count as the basis says") {
  TestLedger ledger;
  Policy gross = DefaultPolicy();
  gross.id = "gross";
  gross.value_basis = ValueBasis::kGross;
  ledger.AddPolicy(gross);
  ledger.Orders({
      {.name = "kept", .contact = "ayse", .place_time = "2026-02-01T10:00:00Z", .net = 8000, .gross = 10000},
      {.name = "refunded", .contact = "ayse", .place_time = "2026-03-01T10:00:00Z", .net = 0, .gross = 5000},
      {.name = "cancelled",
       .contact = "ayse",
       .place_time = "2026-03-05T10:00:00Z",
       .net = 0,
       .cancelled = true,
       .gross = 900},
      {.name = "back",
       .contact = "ayse",
       .place_time = "2026-03-09T10:00:00Z",
       .net = -500,
       .kind = orders::v1::ORDER_KIND_RETURN,
       .gross = 500},
      {.name = "only a return", .contact = "ali", .net = -500, .kind = orders::v1::ORDER_KIND_RETURN, .gross = 500},
  });
  CHECK(ledger.ValuesOf("ayse") == Values{37, 1, 7500});
  CHECK(ledger.ValuesOf("ayse", "gross") == Values{9, 2, 15000});
  CHECK_FALSE(ledger.ScoreOf("ali"));
  CHECK_FALSE(ledger.ScoreOf("ali", "gross"));
}

TEST_CASE("a policy looks at its store, its currency and its window") {
  TestLedger ledger;
  Policy narrow = DefaultPolicy();
  narrow.id = "narrow";
  narrow.store_id = "izmir";
  narrow.window_days = 30;
  narrow.currency_code = "EUR";
  ledger.AddPolicy(narrow);
  ledger.Orders({
      {.name = "1",
       .contact = "ayse",
       .place_time = "2026-03-01T10:00:00Z",
       .net = 1,
       .store_id = "izmir",
       .currency_code = "EUR"},
      {.name = "2",
       .contact = "ayse",
       .place_time = "2026-03-01T10:00:00Z",
       .net = 2,
       .store_id = "izmir",
       .currency_code = "TRY"},
      {.name = "3", .contact = "ayse", .place_time = "2026-03-01T10:00:00Z", .net = 4, .currency_code = "EUR"},
      // 30 days back in Istanbul: the first moment that counts, and the last that does not.
      {.name = "4",
       .contact = "ayse",
       .place_time = "2026-02-07T21:00:00Z",
       .net = 8,
       .store_id = "izmir",
       .currency_code = "EUR"},
      {.name = "5",
       .contact = "ayse",
       .place_time = "2026-02-07T20:59:59Z",
       .net = 16,
       .store_id = "izmir",
       .currency_code = "EUR"},
  });
  CHECK(ledger.ValuesOf("ayse", "narrow") == Values{9, 2, 9});
  const Computation computation = ledger.ComputeAt("narrow", Reference::Now(ledger.now));
  CHECK(ledger.ValuesOf("ayse", "narrow") == Values{9, 2, 9});
  CHECK(computation.other_currency_order_count == 1);
}

TEST_CASE("scores of a computation equal Postgres's own cume_dist") {
  TestLedger ledger;
  std::vector<TestOrder> orders;
  for (int person = 0; person < 120; ++person) {
    for (int order = 0; order <= person % 7; ++order) {
      orders.push_back({.name = absl::StrCat(person, "/", order),
                        .contact = absl::StrCat("person ", person),
                        .place_time = absl::StrFormat("2026-02-%02dT10:00:00Z", 1 + (person * 7 + order) % 28),
                        .net = 1000 + person % 11 * 50});
    }
  }
  ledger.Orders(orders);
  CHECK(ledger.ComputeNow().scored_count == 120);
  CHECK(ledger.Count("(SELECT recency_score, ceil(5 * cume_dist() OVER (ORDER BY recency_days DESC)) AS r, "
                     "frequency_score, ceil(5 * cume_dist() OVER (ORDER BY frequency)) AS f, monetary_score, "
                     "ceil(5 * cume_dist() OVER (ORDER BY monetary_minor)) AS m FROM rfm_score) AS s "
                     "WHERE (recency_score, frequency_score, monetary_score) = (r, f, m)") == 120);
}

TEST_CASE("merged contacts are one person; unmerge gives back what was, also for orders that came in between") {
  TestLedger ledger;
  ledger.Orders({{.name = "1", .contact = "ayse"}, {.name = "2", .contact = "ayse2"}, {.name = "3", .contact = "ali"}});
  ledger.ComputeNow();
  ledger.Alias("ayse2", "ayse", 1);
  CHECK(ledger.ValuesOf("ayse") == Values{9, 2, 20000});
  CHECK_FALSE(ledger.ScoreOf("ayse2"));
  CHECK(ledger.History("ayse2").ends_with(" -"));

  ledger.Order({.name = "4", .contact = "ayse2", .place_time = "2026-03-10T10:00:00Z", .net = 1});
  CHECK(ledger.ValuesOf("ayse") == Values{0, 3, 20001});
  // A merge of a merge moves the whole cluster.
  ledger.Alias("ayse", "ali", 1);
  CHECK(ledger.ValuesOf("ali") == Values{0, 4, 30001});
  CHECK_FALSE(ledger.ScoreOf("ayse"));
  const std::string merged = ledger.Scores();
  ledger.ComputeNow();
  CHECK(ledger.ValuesOf("ali") == Values{0, 4, 30001});

  ledger.Alias("ayse", "", 2);
  ledger.Alias("ayse2", "", 2);
  CHECK(ledger.ValuesOf("ali") == Values{9, 1, 10000});
  CHECK(ledger.ValuesOf("ayse") == Values{9, 1, 10000});
  CHECK(ledger.ValuesOf("ayse2") == Values{0, 2, 10001});
}

TEST_CASE("a label keeps its time and its past until it changes") {
  TestLedger ledger;
  Policy fixed = DefaultPolicy();
  fixed.id = "fixed";
  fixed.method = Method::kFixed;
  fixed.fixed_thresholds = {{10, 20, 30, 40}, {1, 2, 3, 4}, {100, 200, 300, 400}};
  ledger.AddPolicy(fixed);
  ledger.Order({.name = "1", .contact = "ayse"});
  const Time first = ledger.now;
  CHECK(ledger.ScoreOf("ayse", "fixed")->label == "new_customers");
  ledger.now += std::chrono::hours(1);
  ledger.Order({.name = "1", .contact = "ayse", .net = 50, .version = 2});
  CHECK(ledger.ScoreOf("ayse", "fixed")->label_time == first);
  CHECK(ledger.ScoreOf("ayse", "fixed")->previous_label.empty());
  ledger.now += std::chrono::hours(1);
  ledger.Order({.name = "2", .contact = "ayse"});
  const auto score = ledger.ScoreOf("ayse", "fixed");
  CHECK(score->label == "potential_loyalists");
  CHECK(score->previous_label == "new_customers");
  CHECK(score->label_time == ledger.now);
  // Time alone moves a label at the next computation.
  ledger.now = At("2026-03-26T12:00:00Z");
  ledger.ComputeAt("fixed", Reference::Now(ledger.now));
  CHECK(ledger.ScoreOf("ayse", "fixed")->label == "about_to_sleep");
  CHECK(ledger.ScoreOf("ayse", "fixed")->previous_label == "potential_loyalists");
  const std::int64_t changes = ledger.Record("fixed").change_count;
  CHECK(ledger.Count("rfm_history WHERE policy_id = 'fixed'") == changes);
  ledger.ComputeAt("fixed", Reference::Now(ledger.now));
  CHECK(ledger.Record("fixed").change_count == changes);
}

TEST_CASE("each change of a label is told once, with versions that ascend") {
  TestLedger ledger;
  ledger.Orders({{.name = "1", .contact = "ayse"}, {.name = "2", .contact = "ali"}});
  ledger.Order({.name = "1", .contact = "ayse", .net = 0, .version = 2, .cancelled = true});
  const postgres::Result rows = ledger.schema.Sql(
      "SELECT payload, aggregate_version, aggregate_type, actor, event_id = h.id FROM outbox "
      "JOIN rfm_history h ON h.number = aggregate_version ORDER BY aggregate_version");
  REQUIRE(rows.size() == 3);
  for (int i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].Get<std::int64_t>(1) == i + 1);
    CHECK(rows[i].Get<std::string>(2) == "rfm_score");
    CHECK(rows[i].Get<std::string>(3) == "service:segmentation");
    CHECK(rows[i].Get<bool>(4));
  }
  v1::RfmLabelChanged last;
  REQUIRE(last.ParseFromString(rows[2].Get<postgres::Bytes>(0).data));
  CHECK(last.score().contact_id() == Contact("ayse").ToString());
  CHECK(last.score().label().empty());
  CHECK(last.score().previous_label() == "champions");
  CHECK(last.direction() == 0);
}

TEST_CASE("the worker computes what is new, changed or of yesterday, once") {
  TestLedger ledger;
  const auto computed = [&] {
    const std::int64_t before = ledger.Count("rfm_policy WHERE compute_time = '" + FormatRfc3339(ledger.now) + "'");
    REQUIRE_OK(ComputeWhatIsNeeded(ledger.connection(), ledger.computer, ledger.now));
    return ledger.Count("rfm_policy WHERE compute_time = '" + FormatRfc3339(ledger.now) + "'") - before;
  };
  ledger.Order({.name = "1", .contact = "ayse"});
  CHECK(computed() == 0);
  ledger.now += std::chrono::minutes(1);
  // One of one person has bought again: the thresholds of before are worth nothing.
  ledger.Order({.name = "2", .contact = "ayse"});
  CHECK(computed() == 1);
  ledger.now += std::chrono::hours(24);
  CHECK(computed() == 1);
  CHECK(ledger.ValuesOf("ayse") == Values{10, 2, 20000});
  Policy policy = ledger.Record().policy;
  policy.window_days = 5;
  REQUIRE_OK(
      ledger.connection().Run({}, [&](postgres::Tx& tx) { return UpdatePolicy(tx, policy, ledger.now, "test"); }));
  ledger.now += std::chrono::minutes(1);
  CHECK(computed() == 1);
  CHECK_FALSE(ledger.ScoreOf("ayse"));
  ledger.now += std::chrono::minutes(1);
  CHECK(computed() == 0);
}

TEST_CASE("a policy without thresholds over a large ledger waits for the worker") {
  TestLedger ledger;
  ledger.schema.Sql(
      "INSERT INTO purchase SELECT gen_random_uuid(), gen_random_uuid(), 'istanbul', '2026-03-01T10:00:00Z', 'TRY', 1, "
      "false, i, i, true, true, 1 FROM generate_series(1, 2001) AS i");
  ledger.Order({.name = "1", .contact = "ayse"});
  CHECK_FALSE(ledger.ScoreOf("ayse"));
  REQUIRE_OK(ComputeWhatIsNeeded(ledger.connection(), ledger.computer, ledger.now));
  CHECK(ledger.ValuesOf("ayse") == Values{9, 1, 10000});
  CHECK(ledger.Record().scored_count == 2002);
  CHECK(ledger.Record().touched_count == 0);
}

TEST_CASE("an event that is no order stops its consumer and names the event") {
  TestLedger ledger;
  api::v1::Event event = EventOf({.name = "1", .contact = "ayse"});
  event.set_payload("\xff");
  const absl::Status status =
      ledger.connection().Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, {event}, ledger.now); });
  CHECK_STATUS_IS(status, absl::StatusCode::kInvalidArgument, event.id());
  CHECK(ledger.Count("purchase") == 0);
  // What is none of its business passes by.
  event.set_type("esnaf.orders.v1.StoreChanged");
  CHECK_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, {event}, ledger.now); }));
}

TEST_CASE("increments and a computation from the start agree, with merges and repeats in between") {
  TestLedger ledger;
  REQUIRE(rc::check("values per person are the sums over their orders", [&ledger] {
    ledger.Clear();
    const auto name = [](int number) { return absl::StrCat("p", number); };
    // The model: who each contact is merged into, and the newest version of each order.
    std::map<int, int> canonical;
    std::map<std::string, TestOrder> newest;
    std::map<int, int> alias_versions;
    const int steps = *rc::gen::inRange(1, 12);
    for (int step = 0; step < steps; ++step) {
      const int person = *rc::gen::inRange(0, 4);
      if (*rc::gen::inRange(0, 3) > 0) {
        TestOrder order{.name = absl::StrCat("o", *rc::gen::inRange(0, 5)), .contact = name(person)};
        order.version = *rc::gen::inRange(1, 5);
        // The same version always says the same.
        order.net = order.version * 100;
        order.contact = name((order.name.back() + order.version) % 4);
        const auto known = newest.find(order.name);
        if (known == newest.end() || known->second.version < order.version) newest[order.name] = order;
        ledger.Order(order);
      } else if (canonical.contains(person)) {
        canonical.erase(person);
        ledger.Alias(name(person), "", ++alias_versions[person]);
      } else if (person > 0) {
        // Merging into a smaller number only makes no circle.
        canonical[person] = *rc::gen::inRange(0, person);
        ledger.Alias(name(person), name(canonical[person]), ++alias_versions[person]);
      }
    }
    std::map<int, Values> expected;
    for (const auto& [key, order] : newest) {
      int root = order.contact.back() - '0';
      while (canonical.contains(root)) root = canonical[root];
      Values& values = expected[root];
      values = {9, values.frequency + 1, values.monetary_minor + order.net};
    }
    for (int person = 0; person < 4; ++person) {
      const auto values = ledger.ValuesOf(name(person));
      RC_ASSERT(values.has_value() == expected.contains(person));
      if (values) RC_ASSERT(*values == expected[person]);
    }
    ledger.ComputeNow();
    const std::string computed = ledger.Scores();
    for (int person = 0; person < 4; ++person) {
      const auto values = ledger.ValuesOf(name(person));
      RC_ASSERT(values.has_value() == expected.contains(person));
      if (values) RC_ASSERT(*values == expected[person]);
    }
    // Rescoring everybody by the thresholds that stand changes nothing.
    std::vector<Uuid> everybody;
    for (int person = 0; person < 4; ++person) everybody.push_back(Contact(name(person)));
    RC_ASSERT(ledger.connection()
                  .Run({}, [&](postgres::Tx& tx) { return Rescore(tx, everybody, OwnCause(ledger.now)); })
                  .ok());
    RC_ASSERT(ledger.Scores() == computed);
  }));
}

TEST_CASE("an order that comes beside a merge leaves no score for who was merged away") {
  TestLedger ledger;
  ledger.Orders({{.name = "1", .contact = "ayse"}, {.name = "2", .contact = "ayse2"}});
  postgres::Connection other(ledger.schema.options());
  REQUIRE_OK(other.Connect());
  const std::vector<api::v1::Event> merge = {AliasEvent("ayse2", "ayse", 1)};
  const std::vector<api::v1::Event> order = {EventOf({.name = "3", .contact = "ayse2"})};
  std::promise<int> backend;
  std::future<absl::Status> ordered;
  REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(ApplyContactEvents(tx, merge, ledger.now));
    ordered = std::async(std::launch::async, [&] {
      return other.Run({}, [&](postgres::Tx& second) -> absl::Status {
        ESNAF_ASSIGN_OR_RETURN(const auto rows, second.ExecuteDynamic("SELECT pg_backend_pid()", {}));
        backend.set_value(rows[0].Get<int>(0));
        return ApplyOrderEvents(second, order, ledger.now);
      });
    });
    // The merge is committed only when the other has read what it reads without waiting.
    const int pid = backend.get_future().get();
    while (ordered.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      ESNAF_ASSIGN_OR_RETURN(const auto waits,
                             tx.ExecuteDynamic("SELECT 1 WHERE cardinality(pg_blocking_pids($1)) > 0", {pid}));
      if (!waits.empty()) break;
    }
    return absl::OkStatus();
  }));
  REQUIRE_OK(ordered.get());
  CHECK_FALSE(ledger.ScoreOf("ayse2"));
  CHECK(ledger.ValuesOf("ayse") == Values{9, 3, 30000});
}

TEST_CASE("a computation holds up the increments of its policy until it is done") {
  TestLedger ledger;
  ledger.Order({.name = "1", .contact = "ayse"});
  postgres::Connection other(ledger.schema.options());
  REQUIRE_OK(other.Connect());
  // While one transaction computes, another cannot have the policy.
  REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(Compute(tx, "default", Reference::Now(ledger.now), OwnCause(ledger.now)).status());
    const absl::Status blocked = other.Run({}, [&](postgres::Tx& second) -> absl::Status {
      ESNAF_RETURN_IF_ERROR(second.ExecuteDynamic("SET LOCAL lock_timeout = '50ms'", {}).status());
      return LockPolicy(second, "default").status();
    });
    CHECK(blocked.code() == absl::StatusCode::kDeadlineExceeded);
    return absl::OkStatus();
  }));
  CHECK_OK(other.Run({}, [&](postgres::Tx& tx) { return LockPolicy(tx, "default"); }));
}

}  // namespace
}  // namespace esnaf::segmentation

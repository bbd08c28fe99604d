// RFM over the table in memory is RFM over the ledger, and a computation that is written in pieces is whole in the end,
// whatever comes in between.
#include "services/segmentation/rfm/rfm_computation.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/people/test_ledger.h"
#include "services/segmentation/rfm/rfm_table.h"

namespace esnaf::segmentation {
namespace {

constexpr int kPeople = 12;

std::string NameOf(int person) { return absl::StrCat("p", person); }

// Orders, returns, cancellations, other stores and currencies, merges and unmerges; some late and repeated.
api::v1::Event AnyPurchaseOrMerge(std::mt19937& random) {
  const auto any = [&](unsigned end) { return static_cast<int>(random() % end); };
  if (any(4) == 0) {
    // Only upwards: no circle.
    const int from = any(kPeople - 1);
    const int to = from + 1 + any(static_cast<unsigned>(kPeople - 1 - from));
    return AliasEvent(NameOf(from), any(3) == 0 ? "" : NameOf(to), 1 + any(6));
  }
  TestOrder order{.name = absl::StrCat(any(40)), .contact = any(8) == 0 ? "" : NameOf(any(kPeople))};
  order.version = 1 + any(4);
  order.place_time = FormatRfc3339(At("2026-01-01T10:00:00Z") + std::chrono::hours(any(24 * 69)));
  order.gross = any(2000);
  order.net = any(5) == 0 ? 0 : *order.gross;
  order.store_id = any(3) == 0 ? "izmir" : "istanbul";
  order.currency_code = any(5) == 0 ? "EUR" : "TRY";
  order.cancelled = any(9) == 0;
  if (any(9) == 0)
    order = {.name = order.name,
             .contact = order.contact,
             .net = -any(500),
             .version = order.version,
             .kind = orders::v1::ORDER_KIND_RETURN,
             .gross = any(500)};
  return EventOf(order);
}

void Happen(TestLedger& ledger, std::mt19937& random, int count) {
  for (int i = 0; i < count; ++i) {
    const std::vector<api::v1::Event> events = {AnyPurchaseOrMerge(random)};
    REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) {
      return events[0].aggregate_type() == "order" ? ApplyOrderEvents(tx, events, ledger.now)
                                                   : ApplyContactEvents(tx, events, ledger.now);
    }));
  }
}

std::string TextOf(Scoring scoring) {
  std::sort(scoring.people.begin(), scoring.people.end(),
            [](const ScoredPerson& a, const ScoredPerson& b) { return a.contact_id < b.contact_id; });
  std::string text = absl::StrCat(scoring.policy.currency_code, " ", scoring.other_currency_order_count, "\n");
  for (const ScoredPerson& person : scoring.people) {
    absl::StrAppend(&text, person.contact_id.ToString(), " ", person.values.recency_days, " ", person.values.frequency,
                    " ", person.values.monetary_minor, " ", FormatScores(person.scores), " ", person.label, "\n");
  }
  return text;
}

std::vector<Policy> Policies() {
  std::vector<Policy> policies(4, DefaultPolicy());
  policies[1].value_basis = ValueBasis::kGross;
  policies[1].method = Method::kPercentRank;
  policies[2].store_id = "izmir";
  policies[2].window_days = 30;
  policies[3].currency_code = "EUR";
  policies[3].method = Method::kQuantile;
  return policies;
}

TEST_CASE("scores over the table in memory are those over the ledger, for any history with merges") {
  TestLedger ledger;
  for (unsigned seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    ledger.Clear();
    std::mt19937 random(seed);
    Happen(ledger, random, static_cast<int>(random() % 60));
    PersonTable table;
    REQUIRE_OK(LoadEverybody(ledger.connection(), table));
    for (const Policy& policy : Policies()) {
      for (const Reference& reference : {Reference::Now(ledger.now), Reference::At(At("2026-02-10T00:00:00Z"))}) {
        const absl::StatusOr<Scoring> here = ScoreTable(table, policy, reference);
        const absl::StatusOr<Scoring> there =
            ledger.connection().Run({}, [&](postgres::Tx& tx) { return ScoreEverybody(tx, policy, reference); });
        REQUIRE_OK(here);
        REQUIRE_OK(there);
        CHECK(here->thresholds == there->thresholds);
        CHECK(TextOf(*here) == TextOf(*there));
      }
    }
  }
}

// Every stored score is what the policy in force makes of the ledger, and nobody is left out.
void CheckWhole(TestLedger& ledger) {
  const PolicyRecord record = ledger.Record();
  CHECK_FALSE(record.write_cursor.has_value());
  const ActivePolicy& active = *record.active;
  const TimeZone zone = TimeZone::Load(active.policy.time_zone).value();
  const auto everybody = ledger.connection().Run({}, [&](postgres::Tx& tx) {
    return ScoreEverybody(tx, active.policy, Reference::Now(ledger.now), active.thresholds);
  });
  REQUIRE_OK(everybody);
  REQUIRE(ledger.Count("rfm_score") == static_cast<std::int64_t>(everybody->people.size()));
  for (const ScoredPerson& person : everybody->people) {
    auto stored = ledger.connection().Run({.autocommit = true, .read_only = true},
                                          [&](postgres::Tx& tx) { return GetScore(tx, "default", person.contact_id); });
    REQUIRE_OK(stored);
    REQUIRE(stored->has_value());
    ScoreRecord score = **stored;
    REQUIRE_OK(StandAsOfComputation(record, score));
    REQUIRE(score.values.frequency == person.values.frequency);
    REQUIRE(score.values.monetary_minor == person.values.monetary_minor);
    const std::int64_t since = RecencyDays(zone, score.as_of, ledger.now);
    REQUIRE(score.values.recency_days + since == person.values.recency_days);
    REQUIRE(score.scores == Score(score.values, active.thresholds));
    REQUIRE(score.label == LabelGrid(active.policy).LabelOf(score.scores).key);
    REQUIRE(score.policy_version == active.version);
  }
}

TEST_CASE("a computation in pieces is whole in the end, with orders, merges and losses in between") {
  TestLedger ledger;
  const PieceSize tiny{.read = 3, .write = 2};
  for (unsigned seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    ledger.now = At("2026-03-10T12:00:00Z");
    ledger.Clear();
    std::mt19937 random(seed);
    Happen(ledger, random, 30);
    PersonTableKeeper keeper;
    REQUIRE_OK(keeper.Load(ledger.connection()));
    // Over three days, of which the second is computed by another policy.
    for (int day = 1; day <= 3; ++day) {
      ledger.now += std::chrono::hours(24);
      if (day == 2) {
        Policy policy = ledger.Record().policy;
        policy.method = Method::kPercentRank;
        REQUIRE_OK(ledger.connection().Run(
            {}, [&](postgres::Tx& tx) { return UpdatePolicy(tx, policy, ledger.now, "test"); }));
      }
      auto computer = std::make_unique<RfmComputer>(&keeper, tiny);
      REQUIRE_OK(ledger.connection().Run({}, [&](postgres::Tx& tx) {
        return computer->Compute(tx, "default", Reference::Now(ledger.now), OwnCause(ledger.now));
      }));
      for (bool pending = true; pending;) {
        ledger.now += std::chrono::seconds(1);
        Happen(ledger, random, static_cast<int>(random() % 3));
        // The program that computed is gone; another goes on.
        if (random() % 4 == 0) computer = std::make_unique<RfmComputer>(random() % 2 == 0 ? &keeper : nullptr, tiny);
        const absl::StatusOr<bool> more = ledger.connection().Run(
            {}, [&](postgres::Tx& tx) { return computer->WritePiece(tx, "default", OwnCause(ledger.now)); });
        REQUIRE_OK(more);
        pending = *more;
      }
      CheckWhole(ledger);
    }
  }
}

TEST_CASE("what a computation finds as it stood is not written again") {
  TestLedger ledger;
  for (int i = 0; i < 10; ++i) {
    ledger.Order(
        {.name = absl::StrCat(i), .contact = NameOf(i), .place_time = "2026-01-01T10:00:00Z", .net = 100 * i + 1});
  }
  ledger.ComputeNow();
  ledger.schema.Sql("CREATE TABLE before AS SELECT contact_id, xmin::text AS written FROM rfm_score");
  ledger.now += std::chrono::hours(24);
  CHECK(ledger.ComputeNow().changed_count == 0);
  CHECK(ledger.Count("rfm_score s JOIN before b ON b.contact_id = s.contact_id AND b.written = s.xmin::text") == 10);
  // A day has passed for all of them nevertheless.
  const PolicyRecord record = ledger.Record();
  const ScoreRecord score = ledger.ScoreOf("p0").value();
  CHECK(score.values.recency_days == 69);
  CHECK(score.as_of == ledger.now);
  const auto sums = ledger.connection().Run({.autocommit = true, .read_only = true},
                                            [&](postgres::Tx& tx) { return SumsPerLabel(tx, *record.active); });
  REQUIRE_OK(sums);
  CHECK(sums->front().mean_recency_days == 69);
  ledger.schema.Sql("DROP TABLE before");
}

}  // namespace
}  // namespace esnaf::segmentation

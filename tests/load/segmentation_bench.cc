// Measures segments, RFM and their table in memory on generated customers, and prints each number beside its bound.
#include <cstdio>
#include <iostream>
#include <random>
#include <thread>

#include "CLI/CLI.hpp"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "esnaf/migrations/segmentation.h"
#include "esnaf/orders/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "libs/postgres/migrate.h"
#include "services/segmentation/orders_consumer.h"
#include "services/segmentation/people/fact_lines.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/people/person_record.h"
#include "services/segmentation/rfm/rfm_computation.h"
#include "services/segmentation/rfm/rfm_table.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/segmentation.h"
#include "services/segmentation/segments/membership_updater.h"
#include "services/segmentation/segments/segment_preview.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/value/value_fitter.h"

namespace esnaf::segmentation {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr int kOrdersEach = 5;
const Time kNow = ParseRfc3339("2026-11-01T12:00:00Z").value();

// What marketing asks: five clauses over profile, consent, tags, scores and orders.
constexpr const char* kFiveClauses =
    R"(contact.city = "istanbul" AND consent.marketing.eposta = "ONAY" AND NOT contact.tags HAS "tag3")"
    R"( AND rfm.recency_score >= 3 AND orders.count(last 90d) >= 1)";
// The same with the dearest kinds of clauses: everybody's lines.
constexpr const char* kFiveAggregates =
    R"(orders.count(last 180d) >= 1 AND orders.sum(last 365d) > 500.00 TRY AND orders.average() > 10.00 TRY)"
    R"( AND orders.quantity(category STARTS WITH "giyim") >= 1 AND orders.last_time() > -300d)";

class Customers {
 public:
  explicit Customers(int skus) : random_(20261101), skus_(skus) {}

  PersonRecord Next() {
    PersonRecord person{.contact_id = Uuid::NewV7(kNow - Any(700) * std::chrono::days(1))};
    Profile profile{.contact_id = person.contact_id, .create_time = kNow - Any(700) * std::chrono::days(1)};
    profile.given_name = "ad" + std::to_string(Any(3000));
    profile.family_name = "soyad" + std::to_string(Any(30000));
    profile.city = Any(5) == 0 ? "İstanbul" : "il" + std::to_string(Any(80));
    profile.country_code = "TR";
    profile.locale = "tr-TR";
    profile.lifecycle_stage = Any(3) == 0 ? "lead" : "customer";
    profile.has_email = Any(10) < 8;
    profile.has_phone = Any(10) < 5;
    for (int i = Any(3); i > 0; --i) profile.tags.push_back("tag" + std::to_string(Any(20)));
    person.profiles.push_back(std::move(profile));
    for (const char* channel : {"eposta", "mesaj", "arama"}) {
      person.words.push_back({.contact_id = person.contact_id, .purpose = "marketing", .channel = channel});
      person.words.back().granted = Any(2) == 0;
    }
    person.scores.push_back({"default", "label" + std::to_string(Any(10)), 1 + Any(5), 1 + Any(5), 1 + Any(5)});
    // Few buy much and many little, five orders each on average.
    const int orders = Any(4) == 0 ? 2 * kOrdersEach + Any(3) : 1 + Any(2 * kOrdersEach - 4);
    for (int i = 0; i < orders; ++i) person.orders.push_back(NextOrder(person.contact_id));
    return person;
  }

  FactRecord NextOrder(const Uuid& contact) {
    FactRecord order{.id = contact, .time = kNow - Any(730 * 24 * 60) * std::chrono::minutes(1)};
    order.store_id = Any(3) == 0 ? "izmir" : "web";
    order.channel = Any(2) == 0 ? "web" : "mobile";
    order.currency_code = "TRY";
    order.completed = Any(10) < 8;
    order.cancelled = Any(25) == 0;
    std::vector<FactLine> lines(static_cast<std::size_t>(1 + Any(3)));
    for (FactLine& line : lines) {
      const int sku = Any(skus_);
      line = {"SKU" + std::to_string(sku), sku % 3 == 0 ? "Giyim/Elbise" : "Ev/Mutfak",
              "marka" + std::to_string(sku % 200)};
      line.seller_id = sku % 4 == 0 ? "satici" + std::to_string(sku % 100) : "";
      line.quantity = 1 + Any(3);
      line.value_minor = 1000 + Any(200000);
      order.gross_minor += line.value_minor;
    }
    order.net_minor = order.cancelled ? 0 : order.gross_minor;
    order.lines = FormatLines(lines);
    return order;
  }

 private:
  int Any(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }

  std::mt19937 random_;
  int skus_;
};

// The median time of a call, after one that warms up.
template <typename Call>
double MedianSeconds(int times, const Call& call) {
  call();
  std::vector<double> all;
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    all.push_back(Seconds(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

void Print(const char* what, double value, const char* unit, double bound) {
  std::printf("%-44s %10.3f %-6s bound %g%s\n", what, value, unit, bound, value <= bound ? "" : "  MISSED");
  std::fflush(stdout);
}

Rule Read(const std::string& text) {
  ParsedRule parsed = ParseRule(text, Catalogue());
  if (!parsed.rule) {
    std::cerr << "the rule cannot be read: " << text << "\n";
    std::exit(2);
  }
  return *std::move(parsed.rule);
}

RuleContext Context() { return {.reference = {.as_of = kNow, .zone = TimeZone::Load("Europe/Istanbul").value()}}; }

// Customers with five orders of two lines each, made by Postgres itself.
constexpr const char* kFill = R"sql(
INSERT INTO person_profile
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 1, false, now() - i % 700 * interval '1 day', now(),
       'ad' || i % 3000, 'soyad' || i % 30000, '', 'tr-TR', 'customer', '', 'TR', 'il' || i % 81, i % 5 > 0, i % 2 > 0,
       ARRAY['tag' || i % 20], ''
  FROM generate_series(1, $1::bigint) AS i;
)sql";
constexpr const char* kFillOrders = R"sql(
INSERT INTO purchase (order_id, contact_id, store_id, place_time, currency_code, kind, cancelled, net_value_minor,
                      gross_value_minor, counts_net, counts_gross, version, channel, completed, lines)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(i), 12, '0'))::uuid,
       ('00000000-0000-7000-8000-' || lpad(to_hex(i * 7919 % $1::bigint + 1), 12, '0'))::uuid, 'web',
       now() - i % 1051200 * interval '1 minute', 'TRY', 1, i % 25 = 0, 1000 + i % 200000, 1000 + i % 200000, true, true, 1,
       'web', true, format(E'SKU%s\tGiyim/Elbise\tmarka%s\t\t1\t%s\nSKU%s\tEv/Mutfak\tmarka%s\tsatici1\t2\t500\n',
                           i % 20000, i % 200, 500 + i % 200000, i * 31 % 20000, i % 150)
  FROM generate_series(1, 5 * $1::bigint) AS i;
)sql";

absl::Status Fill(postgres::Connection& connection, int customer_count) {
  return connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic(kFill, {customer_count}).status());
    ESNAF_RETURN_IF_ERROR(tx.ExecuteDynamic(kFillOrders, {customer_count}).status());
    // As autovacuum does in a database that lives.
    return tx.ExecuteDynamic("ANALYZE", {}).status();
  });
}

// A computation of everybody by the table in memory, and the writing of all scores; then one a day later, which writes
// those that differ.
absl::Status MeasureComputation(postgres::Connection& connection, PersonTableKeeper& keeper, const char* what,
                                Time now) {
  RfmComputer computer(&keeper);
  const auto start = std::chrono::steady_clock::now();
  ESNAF_ASSIGN_OR_RETURN(const Computation computation, connection.Run({}, [&](postgres::Tx& tx) {
    return computer.Compute(tx, "default", Reference::Now(now), OwnCause(now));
  }));
  const double first = Seconds(std::chrono::steady_clock::now() - start).count();
  int pieces = 1;
  for (bool pending = computation.pending; pending; ++pieces) {
    ESNAF_ASSIGN_OR_RETURN(pending, connection.Run({}, [&](postgres::Tx& tx) {
      return computer.WritePiece(tx, "default", OwnCause(now));
    }));
  }
  const double all = Seconds(std::chrono::steady_clock::now() - start).count();
  std::printf("%-44s %10.3f s      thresholds and the first piece\n%-44s %10.3f s      %d transactions\n", what, first,
              "  until all that differs is written", all, pieces);
  return absl::OkStatus();
}

// Twenty rules of the kinds that people write.
std::vector<std::string> TwentyRules() {
  std::vector<std::string> rules;
  for (int i = 0; i < 10; ++i) {
    rules.push_back("rfm.label = \"" + DefaultLabels()[static_cast<std::size_t>(i)].key + "\" AND orders.count(last " +
                    std::to_string(30 * (i + 1)) + "d) >= 2");
    rules.push_back("contact.tags HAS \"tag" + std::to_string(i) + "\" AND orders.sum(category CONTAINS \"ev\") > " +
                    std::to_string(100 * i) + ".00 TRY");
  }
  return rules;
}

// All of them over one person, in a table of its own.
void MeasureOnePerson(Customers& customers) {
  std::vector<Rule> rules;
  for (const std::string& text : TwentyRules()) rules.push_back(Read(text));
  const PersonRecord person = customers.Next();
  const RuleContext context = Context();
  const double seconds = MedianSeconds(101, [&] {
    PersonTable table;
    PersonEncoder(table).Put(person);
    for (const Rule& rule : rules) {
      if (RuleEvaluator(rule, table, context).Evaluate().cardinality() > 1) std::exit(2);
    }
  });
  Print("one person under 20 segments, in memory", seconds * 1000, "ms", 1);
}

api::v1::Event OrderEvent(std::uint64_t number, int customer_count) {
  orders::v1::OrderChanged changed;
  orders::v1::Order& order = *changed.mutable_order();
  order.set_id(Uuid::FromName("bench", std::to_string(number)).ToString());
  order.set_contact_id(
      absl::StrFormat("00000000-0000-7000-8000-%012x", 1 + number * 7919 % static_cast<std::uint64_t>(customer_count)));
  order.set_store_id("web");
  order.set_currency_code("TRY");
  order.set_kind(orders::v1::ORDER_KIND_SALE);
  order.set_state(orders::v1::ORDER_STATE_OPEN);
  *order.mutable_place_time() = api::ToProto(SystemClock().Now());
  order.mutable_totals()->set_gross(5000);
  order.mutable_totals()->set_net(5000);
  orders::v1::OrderLine& line = *order.add_lines();
  line.set_sku("SKU" + std::to_string(number % 20000));
  line.set_quantity(1);
  line.mutable_amount()->set_minor(5000);
  api::v1::Event event;
  event.set_id(order.id());
  event.set_aggregate_id(order.id());
  event.set_aggregate_version(1);
  event.set_type(changed.GetTypeName());
  event.set_payload(changed.SerializeAsString());
  return event;
}

absl::Status CreateSegments(postgres::Connection& connection, PersonTableKeeper& keeper) {
  int number = 0;
  for (const std::string& text : TwentyRules()) {
    ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
      const Segment segment{.id = "s" + std::to_string(++number), .rule = Read(text)};
      const Time now = SystemClock().Now();
      ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
      ESNAF_RETURN_IF_ERROR(InsertSegment(tx, segment, now).status());
      ESNAF_ASSIGN_OR_RETURN(SegmentRecord record, LockSegment(tx, segment.id));
      return SegmentCounter(keeper).Count(tx, record, OwnCause(now));
    }));
  }
  return absl::OkStatus();
}

// What a consumer does with events, twenty segments included: one at a time, and many.
absl::Status MeasureEvents(postgres::Connection& connection, int customer_count) {
  PersonTableKeeper keeper;
  ESNAF_RETURN_IF_ERROR(keeper.Load(connection));
  const Time now = SystemClock().Now();
  ESNAF_RETURN_IF_ERROR(MeasureComputation(connection, keeper, "first RFM of everybody", now));
  ESNAF_RETURN_IF_ERROR(MeasureComputation(connection, keeper, "RFM a day later", now + std::chrono::hours(24)));
  const auto start = std::chrono::steady_clock::now();
  ESNAF_RETURN_IF_ERROR(CreateSegments(connection, keeper));
  Print("20 segments created and counted", Seconds(std::chrono::steady_clock::now() - start).count(), "s", 600);
  std::uint64_t number = 0;
  absl::Status status;
  const auto apply = [&](int count) {
    std::vector<api::v1::Event> events;
    for (int i = 0; i < count; ++i) events.push_back(OrderEvent(++number, customer_count));
    const absl::Status applied =
        connection.Run({}, [&](postgres::Tx& tx) { return ApplyOrderEvents(tx, events, SystemClock().Now()); });
    if (!applied.ok()) status = applied;
  };
  Print("one order event, 20 segments, median", MedianSeconds(51, [&] { apply(1); }) * 1000, "ms", 20);
  const double batch = MedianSeconds(11, [&] { apply(500); });
  std::printf("%-44s %10.0f %-6s bound at least 5000%s\n", "order events, 500 a transaction", 500 / batch, "a s",
              500 / batch >= 5000 ? "" : "  MISSED");
  return status;
}

// How long the start takes: everybody is read from a schema that is made, filled and left there.
int MeasureLoading(const std::string& connection_string, const std::string& schema, int customer_count) {
  postgres::ConnectionOptions options{.connection_string = connection_string, .schema = schema};
  options.statement_timeout = std::chrono::minutes(30);
  options.idle_in_transaction_timeout = std::chrono::minutes(30);
  postgres::Connection plain(options);
  absl::Status status = postgres::Migrate(
      plain, {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::segmentation()});
  options.components = {"runtime", "events", "identity", "segmentation"};
  postgres::Connection connection(options);
  if (status.ok()) status = EnsureDefaultPolicy(connection, SystemClock().Now());
  if (status.ok()) status = EnsureDefaultValueModel(connection, SystemClock().Now());
  if (status.ok()) status = Fill(connection, customer_count);
  PersonTable table;
  const auto start = std::chrono::steady_clock::now();
  if (status.ok()) status = LoadEverybody(connection, table);
  if (!status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  std::printf("%u people\n", table.person_count());
  Print("loading everybody from Postgres", Seconds(std::chrono::steady_clock::now() - start).count(), "s", 30);
  Print("memory a customer", static_cast<double>(table.MemoryBytes()) / customer_count, "bytes", 400);
  status = MeasureEvents(connection, customer_count);
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

int Run(int customer_count, int threads) {
  std::printf("%d customers, %d threads\n", customer_count, threads);
  PersonTable table;
  PersonEncoder encoder(table);
  Customers customers(20000);
  std::vector<PersonRecord> some;
  double put = 0;
  for (int left = customer_count; left > 0; left -= static_cast<int>(some.size())) {
    some.clear();
    for (int i = std::min(left, 10000); i > 0; --i) some.push_back(customers.Next());
    const auto start = std::chrono::steady_clock::now();
    for (PersonRecord& person : some) encoder.Put(std::move(person));
    put += Seconds(std::chrono::steady_clock::now() - start).count();
  }
  std::uint64_t orders = 0;
  for (PersonRow row = 0; row < table.row_end(); ++row) orders += table.orders().CountOf(row);
  std::printf("%llu orders\n", static_cast<unsigned long long>(orders));
  Print("filling the table", put, "s", 30);
  Print("memory a customer", static_cast<double>(table.MemoryBytes()) / customer_count, "bytes", 400);
  const RuleContext context = Context();
  for (const auto& [what, text] : {std::pair("preview of five clauses, median", kFiveClauses),
                                   std::pair("preview of five aggregates, median", kFiveAggregates)}) {
    const Rule rule = Read(text);
    SegmentPreview preview;
    const double seconds = MedianSeconds(21, [&] { preview = PreviewOf(rule, table, context, threads); });
    std::printf("  %lld members\n", static_cast<long long>(preview.member_count));
    Print(what, seconds * 1000, "ms", 50);
  }
  const Policy policy = DefaultPolicy();
  std::size_t scored = 0;
  const double rfm = MedianSeconds(3, [&] {
    const absl::StatusOr<Scoring> scoring = ScoreTable(table, policy, Reference::At(kNow));
    if (!scoring.ok()) std::exit(2);
    scored = scoring->people.size();
  });
  std::printf("  %zu people scored\n", scored);
  Print("complete RFM, median", rfm, "s", 1.5);
  MeasureOnePerson(customers);
  return 0;
}

}  // namespace
}  // namespace esnaf::segmentation

int main(int argc, char** argv) {
  CLI::App app("Measures segments and RFM over generated customers.");
  int customers = 1000000;
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  app.add_option("--customers", customers, "How many customers, with five orders each on average")
      ->check(CLI::Range(1, 10000000));
  app.add_option("--threads", threads, "By how many threads previews are made")->check(CLI::Range(1, 64));
  std::string connection_string, schema;
  app.add_option("--postgres", connection_string, "Measures the loading instead: a connection string");
  app.add_option("--schema", schema, "An empty schema of that database");
  CLI11_PARSE(app, argc, argv);
  if (!connection_string.empty()) {
    return esnaf::segmentation::MeasureLoading(connection_string, schema, customers);
  }
  return esnaf::segmentation::Run(customers, threads);
}

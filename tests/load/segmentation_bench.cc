// Measures segments, RFM, models of value and the table in memory on generated customers, and prints each number beside
// its bound.
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <iostream>
#include <random>
#include <thread>

#include "CLI/CLI.hpp"
#include "services/segmentation/people/fact_lines.h"
#include "services/segmentation/people/person_record.h"
#include "services/segmentation/rfm/rfm_table.h"
#include "services/segmentation/rules/rule_evaluator.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/segments/segment_preview.h"
#include "tests/load/segmentation_bench.h"

namespace esnaf::segmentation::bench {
namespace {

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

RuleContext Context() { return {.reference = {.as_of = kNow, .zone = TimeZone::Load("Europe/Istanbul").value()}}; }

// All of them over one person, in a table of its own.
void MeasureOnePerson(Customers& customers) {
  std::vector<Rule> rules;
  for (const std::string& text : TwentyRules()) rules.push_back(ReadRule(text));
  const PersonRecord person = customers.Next();
  const RuleContext context = Context();
  const Took took = MedianOf(101, [&] {
    PersonTable table;
    PersonEncoder(table).Put(person);
    for (const Rule& rule : rules) {
      if (RuleEvaluator(rule, table, context).Evaluate().cardinality() > 1) std::exit(2);
    }
  });
  Print("one person under 20 segments, in memory", took, 1e-3, "ms", 1);
}

void Add(const Took& took, Took& sum) {
  sum.wall_seconds += took.wall_seconds;
  sum.cpu_seconds += took.cpu_seconds;
}

void FillTable(Customers& customers, int customer_count, PersonTable& table) {
  PersonEncoder encoder(table);
  std::vector<PersonRecord> some;
  Took put;
  for (int left = customer_count; left > 0; left -= static_cast<int>(some.size())) {
    some.clear();
    for (int i = std::min(left, 10000); i > 0; --i) some.push_back(customers.Next());
    const Meter meter;
    for (PersonRecord& person : some) encoder.Put(std::move(person));
    Add(meter.Read(), put);
  }
  std::uint64_t orders = 0;
  for (PersonRow row = 0; row < table.row_end(); ++row) orders += table.orders().CountOf(row);
  std::printf("%llu orders\n", static_cast<unsigned long long>(orders));
  Print("filling the table, person by person", put, 1, "s", 30);
}

int Run(int customer_count, int threads) {
  std::printf("%d customers, %d threads\n", customer_count, threads);
  PersonTable table;
  Customers customers(20000);
  FillTable(customers, customer_count, table);
  PrintMemory(table);
  const RuleContext context = Context();
  for (const auto& [what, text] : {std::pair("preview of five clauses, median", kFiveClauses),
                                   std::pair("preview of five aggregates, median", kFiveAggregates)}) {
    const Rule rule = ReadRule(text);
    SegmentPreview preview;
    const Took took = MedianOf(21, [&] { preview = PreviewOf(rule, table, context, threads); });
    std::printf("  %lld members\n", static_cast<long long>(preview.member_count));
    Print(what, took, 1e-3, "ms", 50, threads);
  }
  const Policy policy = DefaultPolicy();
  std::size_t scored = 0;
  const Took rfm = MedianOf(3, [&] {
    const absl::StatusOr<Scoring> scoring = ScoreTable(table, policy, Reference::At(kNow));
    if (!scoring.ok()) std::exit(2);
    scored = scoring->people.size();
  });
  std::printf("  %zu people scored\n", scored);
  Print("complete RFM, median", rfm, 1, "s", 1.5);
  MeasureOnePerson(customers);
  MeasureFits(customer_count, threads);
  return 0;
}

}  // namespace

double Meter::CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void Print(const std::string& what, const Took& took, double unit_seconds, const char* unit, double bound,
           int threads) {
  const double wall = took.wall_seconds / unit_seconds;
  const double cpu = took.cpu_seconds / unit_seconds;
  const char* verdict = wall <= bound ? "" : cpu / threads <= bound ? "  on an idle machine" : "  MISSED";
  std::printf("%-44s %10.3f %-2s, processors %10.3f %-2s  bound %g%s\n", what.c_str(), wall, unit, cpu, unit, bound,
              verdict);
  std::fflush(stdout);
}

void PrintNumber(const std::string& what, double value, const char* unit, double bound) {
  std::printf("%-44s %10.3f %-6s bound %g%s\n", what.c_str(), value, unit, bound, value <= bound ? "" : "  MISSED");
  std::fflush(stdout);
}

void PrintMemory(const PersonTable& table) {
  const double people = std::max(1.0, static_cast<double>(table.person_count()));
  PrintNumber("memory a customer", static_cast<double>(table.MemoryBytes()) / people, "bytes", 400);
  for (const auto& [what, bytes] : table.MemoryByPart()) {
    std::printf("  %-42s %10.3f bytes\n", what.c_str(), static_cast<double>(bytes) / people);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("  %-42s %10.3f bytes\n", "this process at its largest",
              static_cast<double>(usage.ru_maxrss) * 1024 / people);
}

Rule ReadRule(const std::string& text) {
  ParsedRule parsed = ParseRule(text, Catalogue());
  if (!parsed.rule) {
    std::cerr << "the rule cannot be read: " << text << "\n";
    std::exit(2);
  }
  return *std::move(parsed.rule);
}

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

}  // namespace esnaf::segmentation::bench

int main(int argc, char** argv) {
  CLI::App app("Measures segments, RFM and models of value over generated customers.");
  int customers = 1000000;
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  app.add_option("--customers", customers, "How many customers, with five orders each on average")
      ->check(CLI::Range(1, 10000000));
  app.add_option("--threads", threads, "By how many threads previews and fits are made")->check(CLI::Range(1, 64));
  bool only_fits = false;
  app.add_flag("--only-fits", only_fits, "Measures the models of value alone");
  esnaf::segmentation::bench::PostgresRun run;
  app.add_option("--postgres", run.connection_string, "Measures the start and events instead: a connection string");
  app.add_option("--schema", run.schema, "A schema of that database, empty or filled by an earlier run");
  app.add_flag("--filled", run.filled, "The schema is filled");
  app.add_flag("--only-load", run.only_load, "Ends after the start");
  CLI11_PARSE(app, argc, argv);
  run.customer_count = customers;
  if (!run.connection_string.empty()) return esnaf::segmentation::bench::MeasurePostgres(run);
  if (only_fits) {
    esnaf::segmentation::bench::MeasureFits(customers, threads);
    return 0;
  }
  return esnaf::segmentation::bench::Run(customers, threads);
}

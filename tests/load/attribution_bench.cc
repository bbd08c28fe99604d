// Measures the attribution models over generated paths, and reports over a year that a database holds, and prints each
// number beside its bound.
#include <cstdio>
#include <iostream>
#include <random>

#include "CLI/CLI.hpp"
#include "esnaf/migrations/attribution.h"
#include "esnaf/migrations/events.h"
#include "esnaf/migrations/identity.h"
#include "esnaf/migrations/runtime.h"
#include "libs/base/macros.h"
#include "libs/postgres/migrate.h"
#include "services/attribution/credit/channel_paths.h"
#include "services/attribution/credit/markov.h"
#include "services/attribution/credit/report_day_store.h"
#include "services/attribution/credit/report_store.h"
#include "services/attribution/credit/shapley.h"

namespace esnaf::attribution {
namespace {

using Seconds = std::chrono::duration<double>;

void Print(const char* what, double value, double bound) {
  std::printf("%-44s %10.3f s      bound %g%s\n", what, value, bound, value <= bound ? "" : "  MISSED");
  std::fflush(stdout);
}

// The median time of some calls, after one that warms up.
template <typename Call>
double MedianSeconds(const Call& call, int times = 3) {
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

// Paths of 1 to 9 touches, 3.3 on average; a visitor often comes back by the channel that he came by before.
ChannelPaths Generate(std::size_t count, std::size_t channel_count) {
  std::mt19937_64 random(20261101);
  ChannelPaths paths(channel_count);
  paths.set_direct(static_cast<ChannelId>(channel_count - 1));
  std::vector<ChannelId> channels;
  std::vector<double> ages;
  for (std::size_t i = 0; i < count; ++i) {
    channels.clear();
    do {
      const bool again = !channels.empty() && random() % 3 == 0;
      // Few channels bring many.
      const std::size_t below = 1 + random() % channel_count;
      channels.push_back(again ? channels.back() : static_cast<ChannelId>(random() % below));
    } while (channels.size() < 9 && random() % 1000 < 725);
    ages.assign(channels.size(), 0);
    for (double& age : ages) age = static_cast<double>(random() % 3000) / 100;
    std::sort(ages.rbegin(), ages.rend());
    const double conversions = random() % 5 == 0 ? 1 : 0;
    paths.Add(channels, conversions, conversions * static_cast<double>(1000 + random() % 200000), 1 - conversions,
              ages);
  }
  return paths;
}

int Run(std::size_t count, std::size_t channel_count) {
  const ChannelPaths paths = Generate(count, channel_count);
  std::printf("%zu paths, %zu touches, %zu channels\n", paths.size(), paths.touch_count(), channel_count);
  double checksum = 0;
  const double heuristics = MedianSeconds([&] {
    for (const Model model : {Model::kFirst, Model::kLast, Model::kLastNonDirect, Model::kLinear, Model::kTimeDecay,
                              Model::kPositionBased}) {
      checksum += CreditChannels(model, paths).conversions[0];
    }
  });
  Print("six heuristic models, median", heuristics, 1.55);
  Print("Shapley, closed form, median", MedianSeconds([&] { checksum += ShapleyOfPaths(paths).value[0]; }), 1.55);
  for (const auto& [order, bound] : {std::pair(1, 2.7), std::pair(2, 5.0)}) {
    absl::StatusOr<MarkovResult> markov;
    const double seconds = MedianSeconds([&, order = order] { markov = FitMarkov(paths, order); });
    if (!markov.ok()) {
      std::cerr << markov.status() << "\n";
      return 1;
    }
    std::printf("  %zu states, %zu transitions\n", markov->state_count, markov->transition_count);
    Print(order == 1 ? "Markov of order 1, median" : "Markov of order 2, median", seconds, bound);
    checksum += markov->credits.conversions[0];
  }
  std::printf("checksum %.6f\n", checksum);
  return 0;
}

// A year, made by Postgres itself: 137 campaigns of two platforms and what comes by itself, some of which bring most;
// touches one in three of which led to an order, orders with three of them on average, and each campaign's days.
constexpr const char* kFillYear[] = {
    R"sql(
INSERT INTO traffic_source
SELECT md5('source' || i)::uuid, CASE WHEN ad THEN platform ELSE 'site' || i END, CASE WHEN ad THEN 'cpc' ELSE 'referral' END,
       CASE WHEN ad THEN 'Kampanya ' || i % 137 ELSE '' END, 'icerik' || i, CASE WHEN ad THEN 'kelime ' || i ELSE '' END, '',
       CASE WHEN ad THEN platform ELSE '' END, CASE WHEN ad THEN (1000 + i % 137)::text ELSE '' END,
       CASE WHEN ad THEN (i % 3)::text ELSE '' END, '', '', false, CASE WHEN ad THEN platform ELSE 'site' || i END,
       CASE WHEN ad THEN 'cpc' ELSE 'referral' END,
       CASE WHEN NOT ad THEN 'Referral' WHEN platform = 'google' THEN 'Paid Search' ELSE 'Paid Social' END, ad, false, false, 1
  FROM (SELECT i, i < 274 AS ad, CASE WHEN i % 137 < 80 THEN 'google' ELSE 'meta' END AS platform
          FROM generate_series(0, 299) AS i) AS one
)sql",
    R"sql(
INSERT INTO touchpoint (id, store_id, event_id, visitor_id, occur_time, receive_time, kind, name, traffic_source_id, consent,
                        bot)
SELECT md5('touch' || i)::uuid, 'web', 'e' || i, 'v' || i / 3, time, time, 1, '',
       md5('source' || floor(300 * power(i::bigint * 7919 % 100003 / 100003.0, 2)))::uuid, 'GGGG', false
  FROM (SELECT i, '2025-01-01'::timestamptz + i % 525600 * interval '1 minute' AS time
          FROM generate_series(1, 1000000) AS i) AS one
)sql",
    R"sql(
INSERT INTO ad_spend_import VALUES (md5('import')::uuid, 'web', now(), '')
)sql",
    R"sql(
INSERT INTO ad_spend (store_id, platform, account_id, day, campaign_id, campaign, ad_group_id, ad_group, ad_id, ad, keyword,
                      search_query, impressions, clicks, cost_units, currency, original_cost_micros, original_currency,
                      reported_conversions_micros, reported_value_micros, import_id, known_from)
SELECT 'web', CASE WHEN i < 80 THEN 'google' ELSE 'meta' END, 'a', '2025-01-01'::date + day, (1000 + i)::text,
       'Kampanya ' || i, '', '', '', '', '', '', 1000 + i * day, 20 + i, 5000 + i * 31 + day, 'TRY', 0, 'TRY', 0, 0,
       md5('import')::uuid, '2025-01-02'::timestamptz + day * interval '1 day'
  FROM generate_series(0, 136) AS i, generate_series(0, 364) AS day
)sql",
    R"sql(
INSERT INTO conversion (order_id, contact_id, store_id, order_external_id, currency_code, place_time, is_return, cancelled,
                        revenue_minor, refunded_minor, net_minor, cost_minor, order_version, credit_number)
SELECT md5('order' || i)::uuid, md5('person' || i / 2)::uuid, 'web', i::text, 'TRY',
       '2025-01-01'::timestamptz + i % 525600 * interval '1 minute', false, false, 50000 + i % 90000, 0, 50000 + i % 90000,
       30000, 1, 1
  FROM generate_series(1, 100000) AS i
)sql",
    // The last touch has it all under one model, three touches share alike under another; every tenth was restated.
    R"sql(
INSERT INTO credit
SELECT model, md5('order' || i)::uuid, position, md5('touch' || i * 3 + position)::uuid,
       md5('source' || floor(300 * power((i * 3 + position)::bigint * 7919 % 100003 / 100003.0, 2)))::uuid, 'web', 'TRY',
       '2025-01-01'::date + i % 365, i % 2 = 0, 1000000 / parts, (50000 + i % 90000) / parts, (50000 + i % 90000) / parts,
       30000 / parts, '2025-01-01'::timestamptz + i % 365 * interval '1 day'
  FROM generate_series(1, 100000) AS i, (VALUES (3, 0, 1), (4, 0, 3), (4, 1, 3), (4, 2, 3)) AS part (model, position, parts)
)sql",
    R"sql(
INSERT INTO superseded_credit
SELECT *, known_from + interval '7 days' FROM credit WHERE order_id IN (SELECT md5('order' || i * 10)::uuid
                                                                          FROM generate_series(1, 10000) AS i)
)sql",
    "ANALYZE"};

// Adds up every day that changed, as the worker does; answers how many.
absl::StatusOr<std::size_t> AddUpDays(postgres::Connection& connection) {
  for (std::size_t count = 0;;) {
    ESNAF_ASSIGN_OR_RETURN(const auto days, connection.Run({.read_only = true}, [](postgres::Tx& tx) {
      return ListChangedDays(tx, Duration(0));
    }));
    if (days.empty()) return count;
    for (const ChangedDay& day : days) {
      ESNAF_RETURN_IF_ERROR(connection.Run({.isolation = postgres::Isolation::kRepeatableRead},
                                           [&](postgres::Tx& tx) { return AddUpDay(tx, day); }));
      ++count;
    }
  }
}

// What a call for a report does, without its page.
absl::StatusOr<std::size_t> MakeYear(postgres::Tx& tx, ReportQuery query) {
  ESNAF_RETURN_IF_ERROR(CountCurrencies(tx, query).status());
  ESNAF_ASSIGN_OR_RETURN(const auto channels, LoadCampaignChannels(tx));
  ESNAF_ASSIGN_OR_RETURN(const auto credit, LoadCredit(tx, query));
  ESNAF_ASSIGN_OR_RETURN(const auto spend, LoadSpend(tx, query));
  ESNAF_RETURN_IF_ERROR(CountPending(tx).status());
  return MakeReport(credit, spend, channels, query.level, {}).size();
}

constexpr char kChangeTenDays[] =
    "INSERT INTO report_day_change (kind, store_id, day) SELECT 1, 'web', '2025-12-22'::date + i FROM "
    "generate_series(0, 9) AS i";

absl::Status MeasureReports(postgres::Connection& connection) {
  using namespace std::chrono_literals;
  const auto start = std::chrono::steady_clock::now();
  ESNAF_ASSIGN_OR_RETURN(const std::size_t days, AddUpDays(connection));
  // As autovacuum does within a minute.
  ESNAF_RETURN_IF_ERROR(
      connection.Run({.autocommit = true}, [](postgres::Tx& tx) { return tx.ExecuteDynamic("ANALYZE", {}).status(); }));
  std::printf("  %zu days of credit and spend were added up in %.1f s\n", days,
              Seconds(std::chrono::steady_clock::now() - start).count());
  ReportQuery query{.from = 2025y / 1 / 1, .to = 2025y / 12 / 31, .period = Period::kDay, .currency_code = "TRY"};
  const auto measure = [&](const char* what, double bound) -> absl::Status {
    absl::StatusOr<std::size_t> rows = 0;
    const double seconds = MedianSeconds(
        [&] {
          rows = connection.Run({.read_only = true, .isolation = postgres::Isolation::kRepeatableRead},
                                [&](postgres::Tx& tx) { return MakeYear(tx, query); });
        },
        11);
    if (!rows.ok()) return rows.status();
    std::printf("  %zu rows\n", *rows);
    Print(what, seconds, bound);
    return absl::OkStatus();
  };
  ESNAF_RETURN_IF_ERROR(measure("campaign x day, last non-direct, median", 0.2));
  query.as_known_time = ParseRfc3339("2025-07-01T00:00:00Z").value();
  ESNAF_RETURN_IF_ERROR(measure("  the same as known at the year's middle", 0.2));
  query.as_known_time.reset();
  query.model = Model::kLinear;
  ESNAF_RETURN_IF_ERROR(measure("campaign x day, linear, median", 0.2));
  query.period = Period::kMonth;
  ESNAF_RETURN_IF_ERROR(measure("campaign x month, linear, median", 0.2));
  query.period = Period::kDay;
  ESNAF_RETURN_IF_ERROR(connection.Run(
      {.autocommit = true}, [](postgres::Tx& tx) { return tx.ExecuteDynamic(kChangeTenDays, {}).status(); }));
  return measure("campaign x day, linear, ten days changed, median", 0.2);
}

// Fills the schema with a year and leaves it there.
int RunReports(const std::string& connection_string, const std::string& schema) {
  postgres::ConnectionOptions options{.connection_string = connection_string, .schema = schema};
  options.statement_timeout = std::chrono::minutes(30);
  options.idle_in_transaction_timeout = std::chrono::minutes(30);
  postgres::Connection plain(options);
  absl::Status status = postgres::Migrate(
      plain, {&migrations::runtime(), &migrations::events(), &migrations::identity(), &migrations::attribution()});
  options.components = {"runtime", "events", "identity", "attribution"};
  postgres::Connection connection(options);
  for (const char* sql : kFillYear) {
    if (status.ok()) {
      status =
          connection.Run({.autocommit = true}, [sql](postgres::Tx& tx) { return tx.ExecuteDynamic(sql, {}).status(); });
    }
  }
  if (status.ok()) {
    std::printf("1000000 touches, 100000 orders, 50005 rows of spend, 300 sources\n");
    status = MeasureReports(connection);
  }
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace esnaf::attribution

int main(int argc, char** argv) {
  CLI::App app("Measures attribution models over generated paths, or reports over a generated year.");
  std::size_t paths = 1000000, channels = 20;
  app.add_option("--paths", paths, "How many paths, of 3.3 touches on average")->check(CLI::Range(1, 10000000));
  app.add_option("--channels", channels, "How many channels")->check(CLI::Range(2, 1000));
  std::string connection_string, schema;
  app.add_option("--postgres", connection_string, "Measures reports instead: a connection string");
  app.add_option("--schema", schema, "An empty schema of that database");
  CLI11_PARSE(app, argc, argv);
  if (!connection_string.empty()) return esnaf::attribution::RunReports(connection_string, schema);
  return esnaf::attribution::Run(paths, channels);
}

// The published results of the R package `rfm`: thresholds, every customer's scores, the segment table of its vignette.
#include <cmath>
#include <set>

#include "libs/testing/catch.h"
#include "libs/testing/data_sets.h"
#include "services/segmentation/rfm/rfm.h"
#include "services/segmentation/rfm/rfm_policy.h"

namespace esnaf::segmentation {
namespace {

// The package computes in dollars, we in cents, as orders come in.
constexpr std::int64_t kCents = 100;

struct Published {
  std::map<std::string, Values> values;             // from the orders
  std::map<std::string, testing::CsvRow> expected;  // as published
};

std::optional<Published> Load() {
  const auto folder = testing::DataFolder("rfm");
  if (!folder) return std::nullopt;
  Published published;
  const std::chrono::sys_days analysis(ParseDate("2006-12-31").value());
  for (const testing::CsvRow& row : testing::ReadCsvFile(*folder / "rfm_data_orders.csv")) {
    const std::chrono::sys_days day(ParseDate(row.at("order_date")).value());
    const auto [found, is_new] = published.values.emplace(row.at("customer_id"), Values{100000, 0, 0});
    Values& values = found->second;
    values.recency_days = std::min<std::int64_t>(values.recency_days, (analysis - day).count());
    ++values.frequency;
    values.monetary_minor += std::stoll(row.at("revenue")) * kCents;
  }
  for (const testing::CsvRow& row : testing::ReadCsvFile(*folder / "expected_rfm_scores.csv"))
    published.expected[row.at("customer_id")] = row;
  return published;
}

Scores PublishedScores(const testing::CsvRow& row) {
  return {std::stoi(row.at("recency_score")), std::stoi(row.at("frequency_score")),
          std::stoi(row.at("monetary_score"))};
}

Thresholds ThresholdsOf(const Published& published, Method method) {
  std::vector<Values> everybody;
  for (const auto& [customer, values] : published.values) everybody.push_back(values);
  return ComputeThresholds(everybody, method, 5, kCents);
}

// The ranges of the package's vignette; the first that fits wins.
Policy VignettePolicy() {
  Policy policy;
  policy.id = "vignette";
  policy.method = Method::kQuantile;
  struct Row {
    const char* name;
    ScoreRange recency, frequency, monetary;
  };
  const Row rows[] = {{"Champions", {5, 5}, {5, 5}, {5, 5}},       {"Potential Loyalist", {3, 5}, {3, 5}, {2, 5}},
                      {"Loyal Customers", {2, 4}, {2, 4}, {2, 4}}, {"Promising", {3, 4}, {1, 3}, {3, 5}},
                      {"New Customers", {4, 5}, {1, 3}, {1, 5}},   {"Can't Lose Them", {1, 2}, {3, 4}, {4, 5}},
                      {"At Risk", {1, 2}, {2, 5}, {4, 5}},         {"Need Attention", {1, 3}, {3, 5}, {3, 5}},
                      {"About To Sleep", {2, 3}, {1, 3}, {1, 4}},  {"Lost", {1, 1}, {1, 5}, {1, 5}}};
  int rank = 20;
  for (const Row& row : rows) {
    policy.labels.push_back(
        {absl::StrCat("label_", rank), row.name, row.name, rank, {{row.recency, row.frequency, row.monetary}}});
    --rank;
  }
  policy.labels.push_back({"others", "Others", "Others", 0, {Box{}}});
  return policy;
}

TEST_CASE("values of all customers equal the published ones") {
  const auto published = Load();
  if (!published) return;
  REQUIRE(published->values.size() == 995);
  REQUIRE(published->expected.size() == 995);
  for (const auto& [customer, row] : published->expected) {
    const Values expected{std::stoll(row.at("recency_days")), std::stoll(row.at("transaction_count")),
                          std::stoll(row.at("amount")) * kCents};
    INFO(customer);
    CHECK(published->values.at(customer) == expected);
  }
}

TEST_CASE("QUANTILE gives the published thresholds and scores of all 995 customers") {
  const auto published = Load();
  if (!published) return;
  const Thresholds thresholds = ThresholdsOf(*published, Method::kQuantile);
  // The package prints the upper bounds, exclusive: the quantile and one unit. Ours are the last whole value below it.
  const double recency[] = {115, 181, 297.4, 482};
  const double frequency[] = {4, 5, 6, 8};
  const double monetary[] = {255.8, 382, 506.4, 666};
  for (int k = 0; k < 4; ++k) {
    CHECK(thresholds.recency_days[k] == std::ceil(recency[k]) - 1);
    CHECK(thresholds.frequency[k] == frequency[k] - 1);
    CHECK(thresholds.monetary_minor[k] == Approx(std::ceil(monetary[k] * kCents - 1e-6) - 1));
  }
  for (const auto& [customer, row] : published->expected) {
    INFO(customer);
    CHECK(Score(published->values.at(customer), thresholds) == PublishedScores(row));
  }
}

TEST_CASE("type-7 quantiles equal the published ones") {
  const auto published = Load();
  if (!published) return;
  std::vector<std::int64_t> recency;
  std::vector<std::int64_t> monetary;
  for (const auto& [customer, values] : published->values) {
    recency.push_back(values.recency_days);
    monetary.push_back(values.monetary_minor / kCents);
  }
  std::sort(recency.begin(), recency.end());
  std::sort(monetary.begin(), monetary.end());
  CHECK(Type7Quantile(recency, 3, 5) == Approx(296.4));
  CHECK(Type7Quantile(monetary, 1, 5) == Approx(254.8));
  CHECK(Type7Quantile(monetary, 3, 5) == Approx(505.4));
}

// cume_dist asks how many are not better, quantiles ask where a fifth of the rows ends. They differ where many
// customers share a value (frequency), or where a cut falls within a tie: who shares the value of a cut is above it
// under cume_dist when with them more than k fifths are at or below, and below it under quantiles.
TEST_CASE("CUME_DIST differs from the published scores where and because values are tied at a cut") {
  const auto published = Load();
  if (!published) return;
  const Thresholds cume_dist = ThresholdsOf(*published, Method::kCumeDist);
  const Thresholds quantile = ThresholdsOf(*published, Method::kQuantile);
  std::map<Dimension, int> differing;
  std::map<Dimension, std::set<std::int64_t>> values_that_differ;
  for (const auto& [customer, row] : published->expected) {
    const Values& values = published->values.at(customer);
    for (const Dimension dimension : kDimensions) {
      const int score = ScoreOf(dimension, values.Of(dimension), cume_dist);
      const int expected = PublishedScores(row).Of(dimension);
      if (score == expected) continue;
      ++differing[dimension];
      values_that_differ[dimension].insert(values.Of(dimension));
      INFO(customer);
      CHECK(std::abs(score - expected) == 1);
    }
  }
  CHECK(differing[Dimension::kRecency] == 1);
  CHECK(differing[Dimension::kFrequency] == 600);
  CHECK(differing[Dimension::kMonetary] == 10);
  // Each of these values lies between the two methods' cuts: nothing else differs.
  for (const auto& [dimension, values] : values_that_differ) {
    for (const std::int64_t value : values) {
      CHECK(RankOf(static_cast<double>(value), cume_dist.Of(dimension)) !=
            RankOf(static_cast<double>(value), quantile.Of(dimension)));
    }
  }
}

TEST_CASE("the vignette's segments and their sums come out as published") {
  const auto published = Load();
  if (!published) return;
  const Policy policy = VignettePolicy();
  REQUIRE_OK(ValidatePolicy(policy));
  const LabelGrid grid(policy);
  const Thresholds thresholds = ThresholdsOf(*published, Method::kQuantile);
  struct Sums {
    std::int64_t customers = 0, orders = 0, revenue = 0;
    bool operator==(const Sums&) const = default;
  };
  std::map<std::string, Sums> sums;
  for (const auto& [customer, values] : published->values) {
    const Label& label = grid.LabelOf(Score(values, thresholds));
    const testing::CsvRow& row = published->expected.at(customer);
    INFO(customer);
    CHECK(label.name_en == row.at("segment_vignette"));
    Sums& sum = sums[label.name_en];
    ++sum.customers;
    sum.orders += values.frequency;
    sum.revenue += values.monetary_minor / kCents;
  }
  CHECK(sums["About To Sleep"] == Sums{102, 283, 23449});
  CHECK(sums["At Risk"] == Sums{28, 216, 22227});
  CHECK(sums["Can't Lose Them"] == Sums{47, 274, 32446});
  CHECK(sums["Champions"] == Sums{35, 316, 31646});
  CHECK(sums["Lost"] == Sums{148, 393, 35324});
  CHECK(sums["Loyal Customers"] == Sums{170, 799, 76562});
  CHECK(sums["Need Attention"] == Sums{10, 57, 4562});
  CHECK(sums["New Customers"] == Sums{104, 329, 28837});
  CHECK(sums["Potential Loyalist"] == Sums{342, 2211, 204856});
  CHECK(sums["Promising"] == Sums{9, 28, 4249});
}

}  // namespace
}  // namespace esnaf::segmentation

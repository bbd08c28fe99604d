#include "services/segmentation/value/value_fit.h"

#include <cmath>
#include <random>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

constexpr DayNumber kStart = 20'000, kEnd = kStart + 360;

// Customers drawn from a Pareto/NBD in days, with a spend of their own; a seed makes them the same in each run.
std::vector<PurchaseDays> DrawCustomers(int count) {
  std::mt19937_64 random(7);
  std::gamma_distribution<double> rates(0.9, 1 / 25.0), leaving(0.8, 1 / 90.0), means(8, 500);
  std::vector<PurchaseDays> customers;
  for (int i = 0; i < count; ++i) {
    const DayNumber first = kStart + i % 180;
    const double rate = rates(random), until = std::exponential_distribution<double>(leaving(random))(random);
    const double mean = means(random);
    PurchaseDays days = {{first, 1, std::llround(mean)}};
    for (double at = 0;;) {
      at += std::exponential_distribution<double>(rate)(random);
      const DayNumber day = first + static_cast<DayNumber>(at);
      if (at > until || day > kEnd) break;
      const auto value = std::max<std::int64_t>(1, std::llround(std::gamma_distribution<double>(6, mean / 6)(random)));
      if (day == days.back().day) {
        ++days.back().orders;
        days.back().value_minor += value;
      } else {
        days.push_back({day, 1, value});
      }
    }
    customers.push_back(std::move(days));
  }
  return customers;
}

Fitter FitterFor(ModelKind kind, int holdout_days) {
  ValueModel model = DefaultValueModel();
  model.kind = kind;
  model.unit = ModelUnit::kDay;
  return Fitter(model, kEnd, holdout_days, 100, 2);
}

TEST_CASE("each model predicts what customers did in the days that it was not given") {
  for (const ModelKind kind : {ModelKind::kBgNbd, ModelKind::kMbgNbd, ModelKind::kParetoNbd}) {
    Fitter fitter = FitterFor(kind, 100);
    for (const PurchaseDays& days : DrawCustomers(3000)) fitter.Add(days);
    ESNAF_REQUIRE_VALUE(const Fit fit, fitter.Run());
    CHECK(fit.frequency.converged);
    CHECK(fit.frequency.standard_errors.size() == 4);
    CHECK(fit.frequency.customers == 3000);
    CHECK(fit.patterns < 3000);
    REQUIRE(fit.spend);
    CHECK(fit.spend->values.size() == 3);
    REQUIRE(fit.holdout);
    CHECK(fit.holdout->calibration_end == kEnd - 100);
    double expected = 0;
    std::int64_t actual = 0, customers = 0;
    for (const HoldoutBin& bin : fit.holdout->bins) {
      expected += bin.expected;
      actual += bin.actual;
      customers += bin.customers;
    }
    CHECK(customers == 3000);
    CHECK(expected == Approx(static_cast<double>(actual)).epsilon(0.2));
  }
}

TEST_CASE("the true model's parameters come back within three standard errors") {
  Fitter fitter = FitterFor(ModelKind::kParetoNbd, 0);
  for (const PurchaseDays& days : DrawCustomers(4000)) fitter.Add(days);
  ESNAF_REQUIRE_VALUE(const Fit fit, fitter.Run());
  REQUIRE(fit.frequency.standard_errors.size() == 4);
  // Two purchases of one day are one, so somewhat fewer are seen than were drawn; hence the shape, not the rate.
  CHECK(std::abs(fit.frequency.values[2] - 0.8) < 3 * fit.frequency.standard_errors[2]);
  CHECK_FALSE(fit.holdout);
}

TEST_CASE("the population is counted") {
  Fitter fitter = FitterFor(ModelKind::kBgNbd, 0);
  for (int i = 0; i < 12; ++i) {
    fitter.Add(PurchaseDays{{kStart + i, 1, 1000}, {kStart + 20 + 2 * i, 2, 3000}, {kEnd + 5, 1, 9}});
    fitter.Add(PurchaseDays{{kStart + 100 + i, 1, 500}});
  }
  fitter.Add(PurchaseDays{{kEnd + 1, 1, 100}});  // comes later
  ESNAF_REQUIRE_VALUE(const Fit fit, fitter.Run());
  CHECK(fit.population == Population{.customers = 24,
                                     .repeat_customers = 12,
                                     .purchase_days = 36,
                                     .orders = 48,
                                     .value_minor = 12 * 4500,
                                     .median_gap_days = 25.5,
                                     .mean_gap_days = 25.5,
                                     .first_day = kStart,
                                     .last_day = kStart + 111});
  CHECK(fit.population.RepeatRate() == 0.5);
}

TEST_CASE("too few who came back are nothing to fit by") {
  Fitter fitter = FitterFor(ModelKind::kBgNbd, 0);
  for (int i = 0; i < 9; ++i) fitter.Add(PurchaseDays{{kStart, 1, 1}, {kStart + 1 + i, 1, 1}});
  for (int i = 0; i < 900; ++i) fitter.Add(PurchaseDays{{kStart + i % 9, 1, 1}});
  const auto fit = fitter.Run();
  CHECK(fit.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(fit.status()) == "TOO_LITTLE_DATA");
  CHECK(ErrorMetadataValue(fit.status(), "repeat_customers") == "9");
}

TEST_CASE("every second customer has ordered again after the median wait") {
  const FrequencyModel model{ModelKind::kBgNbd, {0.5, 4, 0.8, 2.5}};
  const Timing timing{3, 20, 26};
  const double wait = model.MedianWait(timing);
  CHECK(std::pow((4 + 26) / (4 + 26 + wait), 3.5) == Approx(0.5));
}

}  // namespace
}  // namespace esnaf::segmentation

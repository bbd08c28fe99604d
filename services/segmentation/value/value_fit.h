#pragma once

// A model of value fitted to everybody's purchases, and how well it fits. Pure: no SQL, no clock, no protobuf.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/segmentation/value/gamma_gamma.h"
#include "services/segmentation/value/value_history.h"
#include "services/segmentation/value/value_model.h"
#include "services/segmentation/value/value_optimizer.h"
#include "services/segmentation/value/value_pattern.h"

namespace esnaf::segmentation {

// Any of the models of buying, by its kind and four parameters: (r, alpha, a, b), or (r, alpha, s, beta) of Pareto/NBD.
struct FrequencyModel {
  ModelKind kind = ModelKind::kBgNbd;
  std::array<double, 4> parameters{};

  double ProbabilityActive(const Timing& timing) const;
  double ExpectedOrders(double time) const;
  double ExpectedOrders(const Timing& timing, double time) const;
  // In which time every second of such customers would order again, were none of them to leave: the median of the
  // wait, which is Lomax with shape r + x and scale alpha + T.
  double MedianWait(const Timing& timing) const;
};
std::array<std::string_view, 4> ParameterNames(ModelKind kind);

absl::StatusOr<Maximum> FitFrequency(ModelKind kind, std::span<const Pattern> patterns, double unit_days, int threads);

// Estimated parameters of one model.
struct Estimates {
  std::vector<double> values;
  std::vector<double> standard_errors;  // empty where the data do not tell them
  double log_likelihood = 0;
  bool converged = false;
  std::int64_t customers = 0;
  bool operator==(const Estimates&) const = default;
};

// Customers with as many repeats before the held out days, and the orders that followed.
struct HoldoutBin {
  std::int32_t repeats = 0;  // of the last bin: or more
  std::int64_t customers = 0;
  double expected = 0;  // orders within the held out days, of all customers of the bin
  std::int64_t actual = 0;
  bool operator==(const HoldoutBin&) const = default;
};

// A fit without the last days, against what happened in them.
struct Holdout {
  DayNumber calibration_end = 0;  // the last day that was not held out
  int days = 0;
  Estimates estimates;
  std::vector<HoldoutBin> bins;
  double mean_absolute_error = 0;  // orders a customer
  bool operator==(const Holdout&) const = default;
};

// What is known of everybody together.
struct Population {
  std::int64_t customers = 0;
  std::int64_t repeat_customers = 0;
  std::int64_t purchase_days = 0;
  std::int64_t orders = 0;
  std::int64_t value_minor = 0;
  std::optional<double> median_gap_days;
  std::optional<double> mean_gap_days;
  DayNumber first_day = 0;
  DayNumber last_day = 0;

  double RepeatRate() const;
  bool operator==(const Population&) const = default;
};

struct Fit {
  DayNumber as_of = 0;  // T ends with this day; later purchases did not count
  std::int64_t patterns = 0;
  Estimates frequency;
  std::optional<Estimates> spend;  // (p, q, v), money in whole units; none where it gives no mean
  std::optional<Holdout> holdout;
  Population population;

  FrequencyModel Frequency(ModelKind kind) const;
  std::optional<GammaGamma> Spending() const;
  bool operator==(const Fit&) const = default;
};

// Takes everybody's purchases one by one and fits. Keeps some 60 bytes a person.
class Fitter {
 public:
  // `minor_per_unit`: how many minor units one whole unit of the currency has. `holdout_days`: 0 for none.
  Fitter(const ValueModel& model, DayNumber as_of, int holdout_days, double minor_per_unit, int threads);

  void Add(std::span<const PurchaseDay> days);
  // FAILED_PRECONDITION, reason `TOO_LITTLE_DATA`, where fewer than ten customers have bought twice.
  absl::StatusOr<Fit> Run();

 private:
  struct HeldOut {
    Pattern pattern;
    std::int32_t actual;
  };
  absl::StatusOr<Holdout> CheckHoldout() const;

  ModelKind kind_;
  double unit_days_;
  DayNumber as_of_;
  int holdout_days_;
  double minor_per_unit_;
  int threads_;
  std::vector<Pattern> patterns_;
  std::vector<Spend> spends_;
  std::vector<HeldOut> held_out_;
  std::vector<std::int64_t> gaps_;  // how often each number of days lay between two purchases
  Population population_;
};

}  // namespace esnaf::segmentation

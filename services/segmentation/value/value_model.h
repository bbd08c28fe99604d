#pragma once

// How customers are valued: which model, over which purchases, with which margin and discount. Pure: no SQL, no clock,
// no protobuf.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "services/segmentation/people/purchase.h"

namespace esnaf::segmentation {

inline constexpr std::string_view kDefaultValueModelId = "default";

enum class ModelKind { kBgNbd, kMbgNbd, kParetoNbd };
enum class ModelUnit { kDay, kWeek };
// Where the margin comes from: the model's ratio for every order, or the lines' costs where orders carry them and the
// ratio for the others.
enum class MarginSource { kRatio, kCost };

struct ValueModel {
  std::string id;
  std::string display_name;
  std::string store_id;       // empty: all stores
  std::string currency_code;  // empty: the most frequent one, fixed at each fit
  ModelKind kind = ModelKind::kBgNbd;
  ModelUnit unit = ModelUnit::kWeek;
  std::string time_zone = "Europe/Istanbul";
  ValueBasis value_basis = ValueBasis::kNet;
  MarginSource margin_source = MarginSource::kRatio;
  double margin_ratio = 1;      // of the value, above 0, at most 1
  double discount_rate = 0.01;  // per period
  int period_days = 30;
  int horizon_days = 365;         // of expected orders and CLV where a request names none
  int window_days = 0;            // only purchases of so many days before the fit; 0: all
  int holdout_days = 0;           // 0: chosen by HoldoutDays; -1: no check on held out days
  int refit_days = 7;             // 0: never by itself
  double churn_gap_multiple = 3;  // see ChurnByGap
  int min_model_orders = 0;       // purchases from which churn is the model's; 0: chosen by MinModelOrders
  bool operator==(const ValueModel&) const = default;
};

// What is there from the beginning: BG/NBD in weeks over all stores.
ValueModel DefaultValueModel();

// INVALID_ARGUMENT naming every field (`value_model.margin_ratio`) that is not allowed.
absl::Status ValidateValueModel(const ValueModel& model);

double UnitDays(ModelUnit unit);
// From how many purchases on churn is the model's to tell: 2 for BG/NBD, for which everybody who bought once is active
// for ever; 1 for the others.
int MinModelOrders(const ValueModel& model);
// How many of the last days of data are held out to check a fit: a third of them, at most 180; none of fewer than 60.
int HoldoutDays(const ValueModel& model, int days_of_data);

// When the service last fitted a model by itself or tried to, and what there was then.
struct FitAttempt {
  std::optional<Time> fit_time;  // of the newest fit, also one that was asked for
  std::optional<Time> attempt_time;
  std::int64_t model_version = 0;
  std::int64_t purchases = 0;  // orders in the ledger
};
// Whether to fit a model whose version is `version` while the ledger holds so many orders: never tried; changed since;
// grown by a quarter (at most once an hour; once a minute where it has doubled, as while a shop is imported; at once
// where there was too little before); or the fit is older than refit_days.
bool NeedsFit(const ValueModel& model, std::int64_t version, const FitAttempt& last, std::int64_t purchases, Time now);

}  // namespace esnaf::segmentation

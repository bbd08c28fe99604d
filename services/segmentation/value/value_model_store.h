#pragma once

// Models of value and their fits.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/value/value_fit.h"
#include "services/segmentation/value/value_model.h"

namespace esnaf::segmentation {

// A fit with what it followed.
struct FitRecord {
  std::int64_t number = 0;  // counts from 1 within a model
  ValueModel model;         // as it was then, its currency filled in
  std::int64_t model_version = 0;
  Time as_of;
  Time fit_time;
  std::int64_t duration_ms = 0;
  Fit fit;
};

// The list of values that stands for a model.
struct ValueList {
  std::int64_t number = 0;  // 0: none yet
  std::int64_t fit_number = 0;
  std::optional<Time> list_time;
  std::optional<Time> attempt_time;
};

struct ValueModelRecord {
  ValueModel model;
  std::int64_t version = 0;
  Time create_time;
  Time update_time;
  std::int64_t fit_number = 0;
  FitAttempt last;
  ValueList list;
};

// A model with a fit of it; none where the model has none yet.
struct FittedModel {
  ValueModelRecord record;
  std::optional<FitRecord> fit;
};

// False where the id is taken.
absl::StatusOr<bool> InsertValueModel(postgres::Tx& tx, const ValueModel& model, Time now);
// NOT_FOUND, reason `VALUE_MODEL_NOT_FOUND`.
absl::StatusOr<ValueModelRecord> GetValueModel(postgres::Tx& tx, const std::string& id);
absl::StatusOr<ValueModelRecord> LockValueModel(postgres::Tx& tx, const std::string& id);
// By id.
absl::StatusOr<std::vector<ValueModelRecord>> ListValueModels(postgres::Tx& tx);
// A new version of a locked model.
absl::Status UpdateValueModel(postgres::Tx& tx, const ValueModel& model, std::int64_t version, Time now);

// A model and one of its fits, the newest where `fit_number` is 0; one statement. NOT_FOUND, reason
// `VALUE_MODEL_FIT_NOT_FOUND`, where a number is given and there is no such fit.
absl::StatusOr<FittedModel> GetFittedModel(postgres::Tx& tx, const std::string& id, std::int64_t fit_number);
// Stores the next fit of a model, made while the ledger held so many orders, and answers it with its number.
absl::StatusOr<FitRecord> AppendFit(postgres::Tx& tx, FitRecord record, std::int64_t purchases);

// Takes it upon itself to fit a model or to make its list. False where somebody else has done so since `record` was
// read.
absl::StatusOr<bool> ClaimFit(postgres::Tx& tx, const ValueModelRecord& record, std::int64_t purchases, Time now);
absl::StatusOr<bool> ClaimList(postgres::Tx& tx, const ValueModelRecord& record, Time now);

// What the list of fits selects, and how a row of it is read.
extern const char kFitColumns[];
inline constexpr int kFitColumnCount = 1;

}  // namespace esnaf::segmentation

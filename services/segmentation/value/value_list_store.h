#pragma once

// The list of everybody's values, for asking who is worth most or about to leave.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/value/value_history.h"
#include "services/segmentation/value/value_prediction.h"
#include "services/segmentation/value/value_standing.h"

namespace esnaf::segmentation {

struct ListedValue {
  Uuid contact_id;
  std::int64_t clv_minor = 0;
  double churn_probability = 0;
  ChurnMethod churn_method = ChurnMethod::kNone;
  double expected_purchases = 0;
  std::int64_t value_minor = 0;
  std::int32_t purchase_count = 0;
  DayNumber last_day = 0;
  ValueStanding standing{};
  // Not part of what the list shows: for rules alone.
  std::optional<DayNumber> next_day{};
  std::optional<double> mean_gap_days{};
};

// Adds rows of a list that does not stand yet.
absl::Status CopyValues(postgres::Tx& tx, const std::string& model_id, std::int64_t list_number,
                        const std::vector<ListedValue>& values);
// Lets a list stand in place of the one before, which is to be compared with it then (TellValueChanges).
absl::Status SetList(postgres::Tx& tx, const std::string& model_id, std::int64_t list_number, std::int64_t fit_number,
                     Time list_time);
// Deletes at most `limit` rows of lists other than this one and answers how many those were.
absl::StatusOr<std::int64_t> DeleteOtherLists(postgres::Tx& tx, const std::string& model_id, std::int64_t list_number,
                                              int limit);

// What the list selects, and how a row of it is read.
extern const char kListedColumns[];
inline constexpr int kListedColumnCount = 8;
ListedValue ReadListed(const postgres::Row& row);

}  // namespace esnaf::segmentation

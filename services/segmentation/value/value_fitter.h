#pragma once

// Fits models of value to the ledger and makes their lists: when asked, or by itself as a worker.
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/purchase_store.h"
#include "services/segmentation/value/value_model_store.h"

namespace esnaf::segmentation {

// Puts the model `default` in its place where it is not there yet.
absl::Status EnsureDefaultValueModel(postgres::Connection& connection, Time now);

// A model ready to read the ledger by.
struct Reading {
  ValueModel model;  // its currency filled in; empty where the ledger is
  PurchaseFilter filter;
  DayNumber as_of = 0;
  double minor_per_unit = 1;
};
// What a model reads of the ledger as of a time, `until` included. FAILED_PRECONDITION where its zone is not known.
absl::StatusOr<Reading> ReadingOf(postgres::Tx& tx, const ValueModel& model, Time as_of, Time until);

// Fits a model as of a time; stores nothing. Needs a transaction. Errors as Fitter::Run.
absl::StatusOr<FitRecord> RunFit(postgres::Tx& tx, const ValueModelRecord& record, Time as_of, Time until, Time now);

// Fits every model that needs it, and makes every list that is of an older fit or an older day. Reads without holding
// back the feed of events; replicas take turns. Belongs to one worker.
class ValueKeeper {
 public:
  absl::Status Tick(postgres::Connection& connection, Time now);

 private:
  // The orders in the ledger; of many a count that is a minute old will do.
  absl::StatusOr<std::int64_t> Purchases(postgres::Connection& connection, Time now);

  std::int64_t purchases_ = 0;
  std::optional<Time> count_time_;
};

}  // namespace esnaf::segmentation

#pragma once

// Tells whose standing differs between the list of values that stood before and the one that stands, by events
// (CustomerValueChanged): each once, in short transactions, and on from where a program that is gone left off.
#include <string>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/value/value_standing.h"

namespace esnaf::segmentation {

// How everybody stands in a list.
absl::StatusOr<std::unordered_map<Uuid, ValueStanding>> StandingsIn(postgres::Tx& tx, const std::string& model_id,
                                                                    std::int64_t list_number);

// Tells all that is left to tell of a model; the list that stood before must still be there (see SetList).
absl::Status TellValueChanges(postgres::Connection& connection, const std::string& model_id, Time now);

}  // namespace esnaf::segmentation

#pragma once

// Reads people from this schema into tables: everybody, or those whom some contacts belong to. Both read the same rows
// in the same way, so that what is true of one table is true of the other.
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/person_record.h"

namespace esnaf::segmentation {

// People as they were read.
struct PersonBatch {
  std::vector<PersonRecord> records;  // also of those of whom nothing is known any more, which are then empty
  std::vector<Uuid> merged_away;      // contacts that are nobody by themselves

  // Makes the table say what was read.
  void PutInto(PersonEncoder& encoder, PersonTable& table) &&;
};

// The people that these contacts belong to, in a handful of statements however many they are.
absl::StatusOr<PersonBatch> ReadPersons(postgres::Tx& tx, const std::vector<Uuid>& contacts);

// Fills an empty table with everybody, from several connections to the same database (everybody_loader.cc). Each kind
// of fact is read as of a moment of its own: who changes meanwhile must be read again afterwards. Now and then asks
// `progress`, which answers false to give up; that is CANCELLED. A table that was not filled to the end is of no use.
absl::Status LoadEverybody(postgres::Connection& connection, PersonTable& table,
                           const std::function<bool(std::uint32_t person_count)>& progress = {});

}  // namespace esnaf::segmentation

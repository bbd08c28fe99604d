#pragma once

// Computes a policy: thresholds from everybody's values, then everybody's score by them. The thresholds are put in
// force at once; scores that differ are written in pieces, one short transaction each, in the order of contacts, and
// the policy's row keeps how far. Each piece takes the people who differ from the ledger anew, by the code of
// increments, so orders and merges may come in between and whoever an increment has scored since stands. A piece that
// was lost, with the program or the connection, is written by whoever goes on.
#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/people/person_table_keeper.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/rfm/rfm_store.h"

namespace esnaf::segmentation {

struct Computation {
  std::int64_t scored_count = 0;
  // Labels that changed in the scores that are written.
  std::int64_t changed_count = 0;
  // Whether more scores are to be written, by FinishComputation.
  bool pending = false;
  Thresholds thresholds;
  std::int64_t other_currency_order_count = 0;
  std::int64_t policy_version = 0;
};

// How much one transaction reads and writes.
struct PieceSize {
  std::size_t read = 5000;   // people
  std::size_t write = 2500;  // people who differ
};

// Where everybody's values come from: the table in memory where there is a keeper and it is loaded, else the ledger.
// One for a transaction or a connection.
class RfmComputer {
 public:
  explicit RfmComputer(PersonTableKeeper* keeper = nullptr, PieceSize size = {}) : keeper_(keeper), size_(size) {}

  // Makes thresholds of a locked policy, puts them in force and writes the first piece. The caller ends with
  // PeopleChanged where it changed facts itself. Holds the policy's row, so computations and increments of one policy
  // follow one another.
  absl::StatusOr<Computation> ComputeLocked(postgres::Tx& tx, const PolicyRecord& record, const Reference& reference,
                                            const Cause& cause);
  // The same, locking first. NOT_FOUND where there is no such policy.
  absl::StatusOr<Computation> Compute(postgres::Tx& tx, const std::string& policy_id, const Reference& reference,
                                      const Cause& cause);
  // As of now, where NeedsComputation says so; none where it does not.
  absl::StatusOr<std::optional<Computation>> ComputeIfNeeded(postgres::Tx& tx, const std::string& policy_id,
                                                             const Cause& cause);

  // Writes the next piece of what the last computation left; false where nothing is left then. The values of everybody
  // are taken once, with the first piece that this object writes.
  absl::StatusOr<bool> WritePiece(postgres::Tx& tx, const std::string& policy_id, const Cause& cause);

 private:
  // Everybody by one computation, in the order of contacts.
  struct Expected {
    Time compute_time;
    Scoring scoring;
  };

  absl::StatusOr<Scoring> Score(postgres::Tx& tx, const Policy& policy, const Reference& reference,
                                const std::optional<Thresholds>& thresholds);
  absl::StatusOr<std::int64_t> WriteNext(postgres::Tx& tx, PolicyRecord& record, const Cause& cause);

  PersonTableKeeper* keeper_;
  PieceSize size_;
  std::optional<Expected> expected_;
};

// Without a table in memory, and with pieces of the usual size.
absl::StatusOr<Computation> Compute(postgres::Tx& tx, const std::string& policy_id, const Reference& reference,
                                    const Cause& cause);

// Computes a policy where it is needed and writes all that is left to write, in transactions of its own; `stopping` is
// asked between them. Answers whether it did anything, with the transaction id of the newest event.
struct ComputerRun {
  bool computed = false;
  std::optional<std::uint64_t> newest_event_xact;
};
absl::StatusOr<ComputerRun> ComputeAndWrite(postgres::Connection& connection, RfmComputer& computer,
                                            const std::string& policy_id, Time now);

}  // namespace esnaf::segmentation

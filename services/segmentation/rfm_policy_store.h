#pragma once

// Policies, and what each was last computed to.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/rfm_policy.h"

namespace esnaf::segmentation {

// False where the id is taken.
absl::StatusOr<bool> InsertPolicy(postgres::Tx& tx, const Policy& policy, Time now);
// NOT_FOUND, reason `RFM_POLICY_NOT_FOUND`.
absl::StatusOr<PolicyRecord> GetPolicy(postgres::Tx& tx, const std::string& id);
absl::StatusOr<PolicyRecord> LockPolicy(postgres::Tx& tx, const std::string& id);
// By id; locked in that order.
absl::StatusOr<std::vector<PolicyRecord>> ListPolicies(postgres::Tx& tx);
absl::StatusOr<std::vector<PolicyRecord>> LockPolicies(postgres::Tx& tx);

// A new version of a locked policy.
absl::Status UpdatePolicy(postgres::Tx& tx, const Policy& policy, std::int64_t version, Time now);
// Stores what a computation of a locked policy made.
absl::Status SetActive(postgres::Tx& tx, const ActivePolicy& active, std::int64_t scored_count,
                       std::int64_t change_count);
// Stores that people of a locked policy were scored one by one.
absl::Status CountTouched(postgres::Tx& tx, const std::string& id, std::int64_t touched, std::int64_t change_count);

}  // namespace esnaf::segmentation

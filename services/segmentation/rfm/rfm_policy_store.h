#pragma once

// Policies, and what each was last computed to.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/segmentation/rfm/rfm_policy.h"

namespace esnaf::segmentation {

// False where the id is taken. Its first version is in force.
absl::StatusOr<bool> InsertPolicy(postgres::Tx& tx, const Policy& policy, Time now, std::string_view actor);
// NOT_FOUND, reason `RFM_POLICY_NOT_FOUND`.
absl::StatusOr<PolicyRecord> GetPolicy(postgres::Tx& tx, const std::string& id);
absl::StatusOr<PolicyRecord> LockPolicy(postgres::Tx& tx, const std::string& id);
// By id; locked in that order.
absl::StatusOr<std::vector<PolicyRecord>> ListPolicies(postgres::Tx& tx);
absl::StatusOr<std::vector<PolicyRecord>> LockPolicies(postgres::Tx& tx);

// Puts a new version of a locked policy in force; answers its number.
absl::StatusOr<std::int64_t> UpdatePolicy(postgres::Tx& tx, const Policy& policy, Time now, std::string_view actor);

// Keeps a draft in place of the last one, in a locked policy.
absl::StatusOr<PolicyVersion> SaveDraft(postgres::Tx& tx, const Policy& policy, Time now, std::string_view actor);
absl::Status DeleteDraft(postgres::Tx& tx, const std::string& id);
// The version of that number; the draft for 0. None where there is none.
absl::StatusOr<std::optional<PolicyVersion>> FindVersion(postgres::Tx& tx, const std::string& id, std::int64_t version);
// What the list of versions selects of `rfm_policy_version v`, and how a row of it is read.
extern const char kVersionColumns[];
inline constexpr int kVersionColumnCount = 6;
absl::StatusOr<PolicyVersion> ReadVersion(const postgres::Row& row);

// Puts what a computation of a locked policy made in force; from then on all scores are still to be written.
absl::Status SetActive(postgres::Tx& tx, const ActivePolicy& active, std::int64_t scored_count);
// Stores how far the scores of a locked policy are written, and its count of changes.
absl::Status SetWritten(postgres::Tx& tx, const PolicyRecord& record);
// Stores that people of a locked policy were scored one by one.
absl::Status CountTouched(postgres::Tx& tx, const std::string& id, std::int64_t touched, std::int64_t change_count);

}  // namespace esnaf::segmentation

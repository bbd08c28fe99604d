#include "services/segmentation/rfm_access.h"

#include "libs/base/error.h"

namespace esnaf::segmentation {

std::string PolicyIdOf(const std::string& requested) {
  return requested.empty() ? std::string(kDefaultPolicyId) : requested;
}

bool MaySee(const runtime::Call& call, const Policy& policy) {
  return policy.store_id.empty() || call.caller().MaySee(policy.store_id);
}

absl::StatusOr<PolicyRecord> Visible(const runtime::Call& call, absl::StatusOr<PolicyRecord> record) {
  if (record.ok() && !MaySee(call, record->policy)) return NotFound("rfm_policy", record->policy.id);
  return record;
}

}  // namespace esnaf::segmentation

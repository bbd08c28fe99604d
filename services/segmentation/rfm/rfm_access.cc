#include "services/segmentation/rfm/rfm_access.h"

#include "libs/base/error.h"

namespace esnaf::segmentation {

Cause CauseOf(const runtime::Call& call) {
  return {.actor = call.caller().actor, .now = call.now(), .trace_parent = call.info().trace_parent};
}

std::string PolicyIdOf(const std::string& requested) {
  return requested.empty() ? std::string(kDefaultPolicyId) : requested;
}

bool MaySee(const runtime::Call& call, const Policy& policy) { return call.caller().MaySee(policy.store_id); }

absl::StatusOr<PolicyRecord> Visible(const runtime::Call& call, absl::StatusOr<PolicyRecord> record) {
  if (!record.ok()) return record;
  // The scores are still those of the policy as it was computed last.
  const bool visible = MaySee(call, record->policy) && (!record->active || MaySee(call, record->active->policy));
  if (!visible) return NotFound("rfm_policy", record->policy.id);
  return record;
}

}  // namespace esnaf::segmentation

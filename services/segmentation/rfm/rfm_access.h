#pragma once

// Which policies a caller may see, and how what it does is told.
#include <string>

#include "absl/status/statusor.h"
#include "libs/runtime/call.h"
#include "services/segmentation/rfm/rfm_policy.h"
#include "services/segmentation/rfm/rfm_scorer.h"

namespace esnaf::segmentation {

// The caller as the cause of events.
Cause CauseOf(const runtime::Call& call);
// `default` where a request names none.
std::string PolicyIdOf(const std::string& requested);
// A key that is limited to stores sees the policies of these alone: one of all stores tells what people bought in
// others.
bool MaySee(const runtime::Call& call, const Policy& policy);
// NOT_FOUND where the caller may not see the policy.
absl::StatusOr<PolicyRecord> Visible(const runtime::Call& call, absl::StatusOr<PolicyRecord> record);

}  // namespace esnaf::segmentation

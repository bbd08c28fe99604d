#pragma once

// What a call says of who a visitor is.
#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "libs/runtime/call.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {

// The link that the request asks for, its identity normalized as contacts keeps it. INVALID_ARGUMENT naming what is
// wrong; FAILED_PRECONDITION with the reason NO_CONSENT where a browser's visitor did not consent to be known again.
absl::StatusOr<VisitorLink> LinkFromRequest(const runtime::Call& call, const v1::IdentifyVisitorRequest& request,
                                            bool from_browser);

}  // namespace esnaf::attribution

#pragma once

// Between touches and the messages of the contract.
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

v1::Touchpoint TouchToProto(const Touchpoint& touch);

}  // namespace esnaf::attribution

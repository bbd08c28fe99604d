#pragma once

// Between touches and the messages of the contract.
#include "esnaf/attribution/v1/touchpoints.pb.h"
#include "libs/base/error.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

v1::Touchpoint TouchToProto(const Touchpoint& touch);
// A touch as it was sent, of now where it names no time; adds what cannot be read, under `at` (`touchpoints[3].`).
Touchpoint TouchFromProto(const v1::Touchpoint& wire, Time now, const std::string& at, FieldViolations& violations);
TouchConsent ConsentFromProto(const v1::TouchConsent& wire);

}  // namespace esnaf::attribution

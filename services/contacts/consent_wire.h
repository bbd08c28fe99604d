#pragma once

// Between the contract's consents and the domain's.
#include "esnaf/contacts/v1/consents.pb.h"
#include "services/contacts/consent.h"

namespace esnaf::contacts {

v1::Consent ToProto(const Consent& consent);
// Takes what a caller may set; `now` is the consent time where none is given. What cannot be read is a violation.
Consent FromProto(const v1::Consent& proto, Time now, FieldViolations& violations);

}  // namespace esnaf::contacts

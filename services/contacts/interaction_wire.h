#pragma once

// Between the contract's interactions and timeline and the domain's.
#include "esnaf/contacts/v1/interactions.pb.h"
#include "services/contacts/interaction.h"
#include "services/contacts/timeline_store.h"

namespace esnaf::contacts {

v1::Lead ToProto(const Lead& lead);
v1::Interaction ToProto(const Interaction& interaction);
// Takes what a caller may set besides the contact; `now` is the time of occurrence where none is given.
Interaction FromProto(const v1::Interaction& proto, Time now, FieldViolations& violations);

v1::TimelineEntry ToProto(const TimelineItem& item);

}  // namespace esnaf::contacts

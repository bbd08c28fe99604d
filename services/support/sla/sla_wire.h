#pragma once

// Policies and calendars between messages, the store's JSON and domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/sla.pb.h"
#include "services/support/sla/business_hours.h"
#include "services/support/sla/sla_policy.h"

namespace esnaf::support {

// INVALID_ARGUMENT naming each field below `policy` or `calendar` that is wrong, their rules included.
absl::StatusOr<SlaPolicy> PolicyFromProto(const v1::SlaPolicy& message);
absl::StatusOr<BusinessCalendar> CalendarFromProto(const v1::BusinessCalendar& message);

v1::SlaPolicy PolicyToProto(const SlaPolicy& policy);
v1::BusinessCalendar CalendarToProto(const BusinessCalendar& calendar);

std::string PolicyToJson(const SlaPolicy& policy);
absl::StatusOr<SlaPolicy> PolicyFromJson(std::string_view json);
std::string CalendarToJson(const BusinessCalendar& calendar);
absl::StatusOr<BusinessCalendar> CalendarFromJson(std::string_view json);

// Adds what is wrong with a condition by the names below `field`.
SlaCondition ConditionFromProto(const v1::SlaCondition& message, const std::string& field, FieldViolations& violations);
v1::SlaCondition ConditionToProto(const SlaCondition& condition);

// UNSPECIFIED is NORMAL; none where it is no priority.
std::optional<TicketPriority> PriorityFromProto(v1::TicketPriority priority);

}  // namespace esnaf::support

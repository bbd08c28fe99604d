#pragma once

// Credits and settings as the contract has them.
#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/credit.pb.h"
#include "services/attribution/credit/credit_store.h"

namespace esnaf::attribution {

// The model that a request names; LAST_NON_DIRECT where it names none.
absl::StatusOr<Model> ModelFromProto(v1::AttributionModel model, std::string_view field);
v1::AttributionModel ToProto(Model model);

v1::AttributionSettings SettingsToProto(const SettingsRecord& record);
// INVALID_ARGUMENT naming the fields that make no sense.
absl::StatusOr<CreditSettings> SettingsFromProto(const v1::AttributionSettings& settings);

// Touches, why they do not count, and every model's credits.
void ExplainTo(v1::CreditExplanation& explanation, const std::vector<Touchpoint>& touches,
               const ConversionCredit& credit, const LookBack& look_back, const Conversion& conversion);

}  // namespace esnaf::attribution

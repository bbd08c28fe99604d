#pragma once

// Between the messages of values.proto and our own types.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/segmentation/v1/values.pb.h"
#include "services/segmentation/value/cohort_retention.h"
#include "services/segmentation/value/value_list_store.h"
#include "services/segmentation/value/value_model.h"
#include "services/segmentation/value/value_model_store.h"
#include "services/segmentation/value/value_prediction.h"

namespace esnaf::segmentation {

// Fills in what is not given. INVALID_ARGUMENT naming an enum that is none; whether the model makes sense is
// ValidateValueModel's to say.
absl::StatusOr<ValueModel> ValueModelFromProto(const v1::ValueModel& message);
// Without what only the service sets.
v1::ValueModel ValueModelToProto(const ValueModel& model);
v1::ValueModel ValueModelRecordToProto(const ValueModelRecord& record);
// The model that a request asks for, with the fields that its mask names set. INVALID_ARGUMENT naming `update_mask`.
absl::StatusOr<v1::ValueModel> MergeValueModel(const v1::ValueModel& known, const v1::UpdateValueModelRequest& request);

// As the model and its fits are stored.
std::string ValueModelToJson(const ValueModel& model);
absl::StatusOr<ValueModel> ValueModelFromJson(std::string_view json);
std::string FitToJson(const FitRecord& record);
absl::StatusOr<FitRecord> FitFromJson(std::string_view json);

v1::ValueModelFit FitToProto(const FitRecord& record);
absl::StatusOr<FitRecord> FitFromProto(const v1::ValueModelFit& message);

v1::ValueDefinition DefinitionToProto(const ValueModel& model, std::int64_t fit_number, double margin_ratio,
                                      int horizon_days, Time as_of);
// `definition` is of the same value.
v1::ContactValue ContactValueToProto(std::string_view contact_id, const v1::ValueDefinition& definition,
                                     const CustomerValue& value);
v1::ContactValueSummary ListedToProto(const ListedValue& value);

// `2026-01`; INVALID_ARGUMENT naming the field where the text is no month.
std::string MonthToText(MonthNumber month);
absl::StatusOr<MonthNumber> MonthFromText(std::string_view text, std::string_view field);
v1::RetentionCohorts RetentionToProto(const v1::ValueDefinition& definition, const Retention& retention);

}  // namespace esnaf::segmentation

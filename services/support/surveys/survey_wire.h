#pragma once

// Surveys between messages, the store's JSON and domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "services/support/surveys/survey.h"
#include "services/support/surveys/survey_stats.h"

namespace esnaf::support {

// INVALID_ARGUMENT naming each field below `survey` that is wrong, the rules of surveys included.
absl::StatusOr<Survey> SurveyFromProto(const v1::Survey& message);
v1::Survey SurveyToProto(const Survey& survey);
std::string SurveyToJson(const Survey& survey);
absl::StatusOr<Survey> SurveyFromJson(std::string_view json);

// With the link where it was asked.
v1::SurveyInvitation InvitationToProto(const SurveyInvitation& invitation, Time now, std::string_view secret);
// Of an invitation that has an answer.
v1::SurveyResponse ResponseToProto(const SurveyInvitation& invitation);

v1::SurveyResultsRow ResultsToProto(SurveyKind kind, const std::string& key, std::int64_t asked,
                                    const ScoreCounts& counts);

}  // namespace esnaf::support

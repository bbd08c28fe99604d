#pragma once

// The RPCs of esnaf.support.v1.SurveyService.
#include "absl/status/statusor.h"
#include "esnaf/support/v1/surveys.pb.h"
#include "libs/runtime/call.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::support {

class SurveyService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Survey> CreateSurvey(runtime::Call& call, const v1::CreateSurveyRequest& request);
  absl::StatusOr<v1::Survey> GetSurvey(runtime::Call& call, const v1::GetSurveyRequest& request);
  absl::StatusOr<v1::ListSurveysResponse> ListSurveys(runtime::Call& call, const v1::ListSurveysRequest& request);
  absl::StatusOr<v1::Survey> UpdateSurvey(runtime::Call& call, const v1::UpdateSurveyRequest& request);
  absl::StatusOr<v1::DeleteSurveyResponse> DeleteSurvey(runtime::Call& call, const v1::DeleteSurveyRequest& request);

  absl::StatusOr<v1::SurveyInvitation> CreateSurveyInvitation(runtime::Call& call,
                                                              const v1::CreateSurveyInvitationRequest& request);
  absl::StatusOr<v1::SurveyInvitation> GetSurveyInvitation(runtime::Call& call,
                                                           const v1::GetSurveyInvitationRequest& request);
  absl::StatusOr<v1::ListSurveyInvitationsResponse> ListSurveyInvitations(
      runtime::Call& call, const v1::ListSurveyInvitationsRequest& request);
  absl::StatusOr<v1::ListSurveyResponsesResponse> ListSurveyResponses(runtime::Call& call,
                                                                      const v1::ListSurveyResponsesRequest& request);
  absl::StatusOr<v1::SurveyResults> GetSurveyResults(runtime::Call& call, const v1::GetSurveyResultsRequest& request);
  absl::StatusOr<v1::ServeSurveyPageResponse> ServeSurveyPage(runtime::Call& call,
                                                              const v1::ServeSurveyPageRequest& request);
};

}  // namespace esnaf::support

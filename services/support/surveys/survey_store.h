#pragma once

// Surveys and invitations as they are stored.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/records.h"
#include "services/support/surveys/survey.h"
#include "services/support/surveys/survey_stats.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

using SurveyRecord = Record<Survey>;

// False where the id is taken.
absl::StatusOr<bool> InsertSurvey(postgres::Tx& tx, const SurveyRecord& record);
absl::Status UpdateSurvey(postgres::Tx& tx, const SurveyRecord& record);
// FAILED_PRECONDITION with the reason `SURVEY_IN_USE` where somebody was invited.
absl::Status DeleteSurvey(postgres::Tx& tx, const std::string& id);
// NOT_FOUND with the reason `SURVEY_NOT_FOUND`. A lock holds until the transaction ends.
absl::StatusOr<SurveyRecord> GetSurvey(postgres::Tx& tx, const std::string& id);
absl::StatusOr<SurveyRecord> LockSurvey(postgres::Tx& tx, const std::string& id);
// Those that ask after tickets were solved.
absl::StatusOr<std::vector<Survey>> SurveysAfterSolving(postgres::Tx& tx);
extern const char kSurveyColumns[];
inline constexpr int kSurveyColumnCount = 4;
absl::StatusOr<SurveyRecord> ReadSurvey(const postgres::Row& row);

// What the links of this installation are signed with.
absl::StatusOr<std::string> SurveySecret(postgres::Tx& tx);

absl::Status InsertInvitation(postgres::Tx& tx, const SurveyInvitation& invitation);
absl::Status UpdateInvitation(postgres::Tx& tx, const SurveyInvitation& invitation);
absl::StatusOr<std::optional<SurveyInvitation>> FindInvitation(postgres::Tx& tx, const Uuid& id);
absl::StatusOr<std::optional<SurveyInvitation>> LockInvitation(postgres::Tx& tx, const Uuid& id);
// Of `survey_invitation i JOIN survey s`.
extern const char kInvitationColumns[];
inline constexpr int kInvitationColumnCount = 23;
extern const char kInvitationTables[];
absl::StatusOr<SurveyInvitation> ReadInvitation(const postgres::Row& row);

// Only one transaction at a time asks anybody, so that nobody is asked twice. The first waits for its turn, the second
// answers false where somebody else has it.
absl::Status WaitForAsking(postgres::Tx& tx);
absl::StatusOr<bool> TryAsking(postgres::Tx& tx);
// Those that are due, oldest first.
absl::StatusOr<std::vector<SurveyInvitation>> DueInvitations(postgres::Tx& tx, Time now, int limit);
// What is known before asking by the invitation, which is about the person of `contacts`.
absl::StatusOr<AskFacts> ReadAskFacts(postgres::Tx& tx, const SurveyInvitation& invitation,
                                      const std::vector<Uuid>& contacts);
// Makes links of earlier rounds expire that nothing was answered by.
absl::Status ExpireEarlierRounds(postgres::Tx& tx, const SurveyInvitation& invitation, Time now);

enum class SurveyGrouping {
  kNone = 0,
  kAgent = 1,
  kTeam = 2,
  kSeller = 3,
  kProduct = 4,
  kStore = 5,
  kDay = 6,
  kWeek = 7,
  kMonth = 8,
  kSegment = 9
};
struct ResultsScope {
  std::string survey_id;
  SurveyGrouping group_by = SurveyGrouping::kNone;
  std::optional<Time> start;
  std::optional<Time> end;
  std::string time_zone;
  std::vector<std::string> store_ids;  // of all where empty
};
struct ResultsGroup {
  std::int64_t asked = 0;
  std::map<int, std::int64_t> scores;
};
// By key.
absl::StatusOr<std::map<std::string, ResultsGroup>> SumResults(postgres::Tx& tx, const ResultsScope& scope);

}  // namespace esnaf::support

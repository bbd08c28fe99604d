#include "services/support/surveys/survey_segments.h"

#include "esnaf/segmentation/v1/segments.pb.h"
#include "libs/base/macros.h"
#include "libs/identity/linker.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 50;

const postgres::Statement kToAsk("support", "invitations_without_segments", R"sql(
SELECT id, contact_id FROM survey_invitation
 WHERE segments IS NULL AND ask_time IS NOT NULL AND contact_id IS NOT NULL ORDER BY ask_time LIMIT $1
)sql");
const postgres::Statement kSave("support", "save_segments_of_invitation", R"sql(
UPDATE survey_invitation SET segments = $2 WHERE id = $1 AND segments IS NULL
)sql");

struct Asked {
  Uuid invitation_id;
  Uuid contact_id;
};

absl::StatusOr<std::vector<Asked>> ReadAsked(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kToAsk, kAtOnce));
  std::vector<Asked> asked;
  for (int i = 0; i < rows.size(); ++i) asked.push_back({rows[i].Get<Uuid>(0), rows[i].Get<Uuid>(1)});
  return asked;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SurveySegments::Ask(const Uuid& contact) const {
  segmentation::v1::ListContactSegmentsRequest request;
  request.set_contact_id(contact.ToString());
  ESNAF_ASSIGN_OR_RETURN(const auto answer, segmentation_->Call<segmentation::v1::ListContactSegmentsResponse>(
                                                "/esnaf.segmentation.v1.SegmentService/ListContactSegments", request));
  std::vector<std::string> segments;
  for (const auto& membership : answer.memberships()) segments.push_back(membership.segment_id());
  return segments;
}

absl::StatusOr<bool> SurveySegments::AskSome(postgres::Connection& connection) const {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Asked> asked,
                         connection.Run({.autocommit = true, .read_only = true}, ReadAsked));
  for (const Asked& one : asked) {
    const absl::StatusOr<std::vector<std::string>> segments = Ask(one.contact_id);
    // Of whom segmentation cannot tell anything is in none, and must not hold up the others.
    if (identity::IsAway(segments.status())) return segments.status();
    ESNAF_RETURN_IF_ERROR(connection.Run({.autocommit = true}, [&](postgres::Tx& tx) {
      return tx.Execute(kSave, one.invitation_id, segments.value_or(std::vector<std::string>())).status();
    }));
  }
  return asked.size() == static_cast<std::size_t>(kAtOnce);
}

}  // namespace esnaf::support

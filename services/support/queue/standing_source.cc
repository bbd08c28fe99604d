#include "services/support/queue/standing_source.h"

#include "esnaf/segmentation/v1/values.pb.h"
#include "libs/api/convert.h"
#include "libs/base/macros.h"
#include "libs/identity/linker.h"

namespace esnaf::support {
namespace {

// Each is a question of its own, and many tickets at once must not keep segmentation from everybody else.
constexpr int kAtOnce = 100;

}  // namespace

absl::StatusOr<Standing> StandingSource::Ask(const Uuid& contact) const {
  segmentation::v1::GetContactValueRequest request;
  request.set_contact_id(contact.ToString());
  const auto value = segmentation_->Call<segmentation::v1::ContactValue>(
      "/esnaf.segmentation.v1.ValueService/GetContactValue", request);
  Standing standing;
  // Who has bought nothing yet is worth nothing, which is an answer.
  if (value.status().code() == absl::StatusCode::kNotFound) return standing;
  ESNAF_RETURN_IF_ERROR(value.status());
  if (value->predicted().has_clv()) {
    ESNAF_ASSIGN_OR_RETURN(const Money clv, api::FromProto(value->predicted().clv(), "predicted.clv"));
    standing.clv_minor = clv.minor;
    standing.currency = clv.currency;
  }
  if (value->has_churn_probability()) standing.churn_probability = value->churn_probability();
  return standing;
}

absl::Status StandingSource::AskSome(postgres::Connection& connection, Time now) const {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> contacts, connection.Run({}, [&](postgres::Tx& tx) {
    return RequestersToAsk(tx, now - kStandingIsFresh, kAtOnce);
  }));
  std::vector<AskedStanding> answers;
  absl::Status failure;
  for (const Uuid& contact : contacts) {
    const absl::StatusOr<Standing> standing = Ask(contact);
    failure.Update(standing.status());
    if (identity::IsAway(standing.status())) break;
    // Of whom segmentation cannot tell anything is not worth more, and must not hold up the others.
    answers.push_back({contact, standing.value_or(Standing())});
  }
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) { return SaveStandings(tx, answers, now); }));
  return failure;
}

}  // namespace esnaf::support

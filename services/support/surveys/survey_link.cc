#include "services/support/surveys/survey_link.h"

#include "libs/base/signed_link.h"

namespace esnaf::support {
namespace {

constexpr char kPurpose[] = "esnaf.survey.link";

}  // namespace

std::string SignLink(const SurveyLink& link, std::string_view secret) {
  return esnaf::SignLink(kPurpose, {link.invitation_id, link.expire_time}, secret);
}

std::optional<SurveyLink> ReadLink(std::string_view token, std::string_view secret) {
  const std::optional<SignedLink> link = ReadSignedLink(kPurpose, token, secret);
  if (!link) return std::nullopt;
  return SurveyLink{link->id, link->expire_time};
}

}  // namespace esnaf::support

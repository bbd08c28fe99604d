#include "services/attribution/exports/export_match.h"

#include "services/attribution/credit/path.h"

namespace esnaf::attribution {
namespace {

bool HasClickOf(const Touchpoint& touch, ExportDestination destination) {
  const ClickIds& ids = touch.click_ids;
  if (destination == ExportDestination::kMeta) return !ids.fbclid.empty() || !ids.fbc.empty() || !ids.fbp.empty();
  return !ids.gclid.empty();
}

// The last of the touches before a conversion that fits; null where none does.
template <typename Fits>
const Touchpoint* LastBefore(const std::vector<Touchpoint>& touches, Time conversion_time, Fits&& fits) {
  const Time last_moment = LastMomentOf(conversion_time);
  const Touchpoint* last = nullptr;
  for (const Touchpoint& touch : touches) {
    if (touch.occur_time <= last_moment && fits(touch)) last = &touch;
  }
  return last;
}

std::optional<ExportedPerson> Told(const audience::AudiencePerson* person) {
  if (person == nullptr || person->deleted) return std::nullopt;
  ExportedPerson told{.external_id = person->contact_id,
                      .email = audience::AllowedEmail(*person),
                      .phone = audience::AllowedPhone(*person)};
  if (told.email.empty() && told.phone.empty()) return std::nullopt;
  told.given_name = person->given_name;
  told.family_name = person->family_name;
  told.city = person->city;
  told.postal_code = person->postal_code;
  told.country_code = person->country_code;
  return told;
}

}  // namespace

ExportableConversion MatchConversion(const ExportCandidate& candidate, const std::vector<Touchpoint>& touches,
                                     std::optional<Time> denial_time, const audience::AudiencePerson* person,
                                     ExportDestination destination) {
  ExportableConversion conversion{.order_id = candidate.order_id.ToString(),
                                  .external_id = candidate.external_id,
                                  .time = candidate.time,
                                  .value = candidate.value,
                                  .person = Told(person)};
  const Touchpoint* touch =
      LastBefore(touches, candidate.time, [&](const Touchpoint& one) { return HasClickOf(one, destination); });
  if (touch == nullptr) {
    touch = LastBefore(touches, candidate.time,
                       [](const Touchpoint& one) { return one.consent.ad_user_data != ConsentWord::kNotTold; });
  }
  if (touch == nullptr) return conversion;
  conversion.click_ids = touch->click_ids;
  conversion.click_time = touch->occur_time;
  conversion.consent = touch->consent;
  if (denial_time && *denial_time >= touch->occur_time) conversion.consent.ad_user_data = ConsentWord::kDenied;
  conversion.page_url = touch->landing_page;
  conversion.user_agent = touch->user_agent;
  return conversion;
}

}  // namespace esnaf::attribution

#include "services/contacts/consent.h"

#include <map>
#include <tuple>

#include "libs/base/text.h"
#include "services/contacts/contact.h"
#include "services/contacts/interaction.h"

namespace esnaf::contacts {
namespace {

const char* ChannelName(ConsentChannel channel) {
  switch (channel) {
    case ConsentChannel::kArama:
      return "arama";
    case ConsentChannel::kMesaj:
      return "kısa mesaj";
    case ConsentChannel::kEposta:
      return "e-posta";
    case ConsentChannel::kWhatsapp:
      return "WhatsApp";
    default:
      return "anlık bildirim";
  }
}

template <typename Enum>
bool IsBetween(Enum value, Enum first, Enum last) {
  return value >= first && value <= last;
}

void NormalizeRecipient(Consent& consent, FieldViolations& violations) {
  if (consent.recipient.empty()) return;
  if (consent.channel == ConsentChannel::kPush) {
    CheckText(consent.recipient, "consent.recipient", kMaxTextBytes, violations);
    return;
  }
  const bool email = consent.channel == ConsentChannel::kEposta;
  const auto normal = email ? NormalizeEmail(consent.recipient) : NormalizePhone(consent.recipient);
  if (normal.ok()) {
    consent.recipient = *normal;
  } else {
    violations.Add("consent.recipient", email ? "is no e-mail address" : "is no phone number");
  }
}

}  // namespace

Consent NormalizeConsent(Consent consent, Time now, FieldViolations& violations) {
  if (consent.legal_basis == LegalBasis::kUnspecified) consent.legal_basis = LegalBasis::kConsent;
  if (consent.recipient_type == ConsentRecipientType::kUnspecified) {
    consent.recipient_type = ConsentRecipientType::kBireysel;
  }
  if (!IsKey(consent.purpose)) violations.Add("consent.purpose", "is not of the form [a-z][a-z0-9_]{0,62}");
  if (!IsBetween(consent.channel, ConsentChannel::kArama, ConsentChannel::kPush)) {
    violations.Add("consent.channel", "is no channel");
  }
  if (!IsBetween(consent.status, ConsentStatus::kOnay, ConsentStatus::kRet)) {
    violations.Add("consent.status", "must be ONAY or RET");
  }
  if (!IsBetween(consent.legal_basis, LegalBasis::kConsent, LegalBasis::kLegitimateInterest)) {
    violations.Add("consent.legal_basis", "is no legal basis");
  }
  if (!IsBetween(consent.source, ConsentSource::kUnspecified, ConsentSource::kKarar)) {
    violations.Add("consent.source", "is no source");
  }
  if (!IsBetween(consent.recipient_type, ConsentRecipientType::kBireysel, ConsentRecipientType::kTacir)) {
    violations.Add("consent.recipient_type", "is no type of recipient");
  }
  NormalizeRecipient(consent, violations);
  CheckText(consent.brand_code, "consent.brand_code", 100, violations);
  CheckText(consent.text_version, "consent.text_version", 100, violations);
  CheckText(consent.proof, "consent.proof", 2000, violations);
  if (consent.consent_time > now + kClockTolerance) violations.Add("consent.consent_time", "is in the future");
  return consent;
}

std::vector<Consent> StateOf(const std::vector<Consent>& ledger, Time as_of) {
  std::map<std::tuple<std::string, ConsentChannel, std::string, std::string>, Consent> newest;
  for (const Consent& consent : ledger) {
    if (consent.consent_time > as_of) continue;
    const auto key = std::tuple(consent.purpose, consent.channel, consent.recipient, consent.brand_code);
    const auto [held, is_first] = newest.try_emplace(key, consent);
    const auto age = [](const Consent& c) { return std::tuple(c.consent_time, c.create_time, c.id); };
    if (!is_first && age(held->second) < age(consent)) held->second = consent;
  }
  std::vector<Consent> state;
  for (auto& [key, consent] : newest) state.push_back(std::move(consent));
  return state;
}

TimelineEntry EntryOf(const Consent& consent) {
  const char* status = consent.status == ConsentStatus::kOnay ? "İzin verdi" : "İzni reddetti";
  return {.id = consent.id,
          .contact_id = consent.contact_id,
          .kind = TimelineKind::kConsent,
          .occur_time = consent.consent_time,
          .summary = std::string(status) + ": " + ChannelName(consent.channel) + ", " + consent.purpose};
}

}  // namespace esnaf::contacts

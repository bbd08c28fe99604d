#pragma once

// What a person allowed or refused, in the words of the Turkish registry of commercial messages (İYS).
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/contacts/timeline.h"

namespace esnaf::contacts {

// The numbers of these are those of the enums of the same names in esnaf.contacts.v1.
enum class ConsentChannel { kUnspecified = 0, kArama = 1, kMesaj = 2, kEposta = 3, kWhatsapp = 4, kPush = 5 };
enum class ConsentStatus { kUnspecified = 0, kOnay = 1, kRet = 2 };
enum class ConsentRecipientType { kUnspecified = 0, kBireysel = 1, kTacir = 2 };
enum class LegalBasis { kUnspecified = 0, kConsent = 1, kContract = 2, kLegalObligation = 3, kLegitimateInterest = 4 };
// HS_FIZIKSEL_ORTAM = 1 to HS_KARAR = 13.
enum class ConsentSource { kUnspecified = 0, kFizikselOrtam = 1, kKarar = 13 };

// One line of the ledger.
struct Consent {
  Uuid id;
  Uuid contact_id;  // unmerged
  std::string purpose;
  ConsentChannel channel = ConsentChannel::kUnspecified;
  ConsentStatus status = ConsentStatus::kUnspecified;
  LegalBasis legal_basis = LegalBasis::kUnspecified;
  ConsentSource source = ConsentSource::kUnspecified;
  std::string recipient;  // normalized as the channel asks; empty: whatever the contact has
  ConsentRecipientType recipient_type = ConsentRecipientType::kUnspecified;
  std::string brand_code;
  std::string text_version;
  Time consent_time;
  std::string proof;
  Time create_time;
  bool operator==(const Consent&) const = default;
};

// Fills what may be left out, normalizes the recipient, adds every violation under `consent.`.
Consent NormalizeConsent(Consent consent, Time now, FieldViolations& violations);

// What held at `as_of`: of each purpose, channel, recipient and brand the line with the latest consent time, and of
// those the one recorded last. By purpose, channel, recipient and brand.
std::vector<Consent> StateOf(const std::vector<Consent>& ledger, Time as_of);

// Its line in the timeline.
TimelineEntry EntryOf(const Consent& consent);

}  // namespace esnaf::contacts

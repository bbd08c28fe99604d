#include "libs/consent/decision.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/text.h"

namespace esnaf::consent {
namespace {

// The form in which contacts keeps recipients; empty where the address is none of its channel.
std::string NormalAddress(Channel channel, const std::string& address) {
  if (channel == Channel::kPush) return address;
  const auto normal = channel == Channel::kEposta ? NormalizeEmail(address) : NormalizePhone(address);
  return normal.ok() ? *normal : std::string();
}

bool Has(const std::vector<Suppression>& suppressions, Suppression one) {
  return std::find(suppressions.begin(), suppressions.end(), one) != suppressions.end();
}

bool Covers(const Word& word, const std::string& address) {
  return word.recipient.empty() || word.recipient == address;
}

bool Refuses(const Word& word, const Message& message, const std::string& address) {
  const bool purpose = word.purpose == message.purpose || word.purpose == kCommercialPurpose;
  const bool brand = word.brand_code == message.brand_code || word.brand_code.empty() || message.brand_code.empty();
  return !word.allowed && purpose && brand && word.channel == message.channel && Covers(word, address);
}

bool Allows(const Word& word, const Message& message, const std::string& address) {
  return word.allowed && word.purpose == message.purpose && word.brand_code == message.brand_code &&
         word.channel == message.channel && Covers(word, address);
}

// What forbids the message whatever was consented to; kTransactional where nothing does and no consent is needed,
// kNoConsent where consent decides.
Reason BeforeConsent(const Message& message, const std::string& address) {
  const bool commercial = message.message_class == MessageClass::kCommercial;
  if (!commercial && message.message_class != MessageClass::kTransactional) return Reason::kUnclassified;
  if (message.channel < Channel::kArama || message.channel > Channel::kPush) return Reason::kUnclassified;
  if (commercial && message.purpose.empty()) return Reason::kUnclassified;
  if (address.empty()) return Reason::kBadAddress;
  if (Has(message.suppressions, Suppression::kBounced)) return Reason::kBounced;
  if (!commercial) return Reason::kTransactional;
  if (Has(message.suppressions, Suppression::kUnsubscribed)) return Reason::kUnsubscribed;
  if (Has(message.suppressions, Suppression::kManual)) return Reason::kSuppressed;
  return Reason::kNoConsent;
}

}  // namespace

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kTransactional:
      return "TRANSACTIONAL";
    case Reason::kConsent:
      return "CONSENT";
    case Reason::kMerchant:
      return "MERCHANT";
    case Reason::kUnclassified:
      return "UNCLASSIFIED";
    case Reason::kBadAddress:
      return "BAD_ADDRESS";
    case Reason::kBounced:
      return "BOUNCED";
    case Reason::kUnsubscribed:
      return "UNSUBSCRIBED";
    case Reason::kSuppressed:
      return "SUPPRESSED";
    case Reason::kRefused:
      return "REFUSED";
    case Reason::kNoConsent:
      return "NO_CONSENT";
    case Reason::kUnknownState:
      return "UNKNOWN_STATE";
  }
  return "UNKNOWN_STATE";
}

std::string ReasonText(const Decision& decision) {
  switch (decision.reason) {
    case Reason::kTransactional:
      return "The message is transactional and needs no consent.";
    case Reason::kConsent:
      return "The person consented (ONAY) to this purpose by this channel.";
    case Reason::kMerchant:
      return "The recipient is a merchant (TACIR) who did not refuse.";
    case Reason::kUnclassified:
      return "The message names no class, channel or purpose, so nothing allows it.";
    case Reason::kBadAddress:
      return "The address is none of the channel.";
    case Reason::kBounced:
      return "Messages to this address came back.";
    case Reason::kUnsubscribed:
      return "The person unsubscribed this address.";
    case Reason::kSuppressed:
      return "The firm itself put this address out of reach.";
    case Reason::kRefused:
      return "The person refused (RET) commercial messages by this channel.";
    case Reason::kNoConsent:
      return "Nobody recorded a consent of this person for this purpose, channel and brand.";
    case Reason::kUnknownState:
      break;
  }
  return absl::StrCat("What the person consented to is not known now", decision.detail.empty() ? "" : ": ",
                      decision.detail, ".");
}

Decision Decide(const Message& message, const std::vector<Word>& words) {
  const std::string address = NormalAddress(message.channel, message.address);
  const Reason before = BeforeConsent(message, address);
  if (before != Reason::kNoConsent) return {before};
  const auto any = [&](auto holds) {
    return std::any_of(words.begin(), words.end(), [&](const Word& word) { return holds(word, message, address); });
  };
  if (any(Refuses)) return {Reason::kRefused};
  if (any(Allows)) return {Reason::kConsent};
  return {message.recipient_type == RecipientType::kTacir ? Reason::kMerchant : Reason::kNoConsent};
}

Decision DecideWithoutState(const Message& message, std::string detail) {
  const Reason before = BeforeConsent(message, NormalAddress(message.channel, message.address));
  if (before != Reason::kNoConsent) return {before};
  return {Reason::kUnknownState, std::move(detail)};
}

}  // namespace esnaf::consent

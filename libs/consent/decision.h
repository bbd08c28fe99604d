#pragma once

// Whether a message may be sent to somebody, and why or why not. Pure: no SQL, no clock, no protobuf. Fails closed:
// what is not known to be allowed is refused.
#include <string>
#include <string_view>
#include <vector>

namespace esnaf::consent {

// Commercial is all that promotes (Law 6563, art. 2). Transactional is what the person asked for or what the contract
// needs: an order's confirmation, an answer to a ticket.
enum class MessageClass { kUnspecified, kCommercial, kTransactional };

// The numbers are those of esnaf.contacts.v1.ConsentChannel.
enum class Channel { kUnspecified = 0, kArama = 1, kMesaj = 2, kEposta = 3, kWhatsapp = 4, kPush = 5 };

// A merchant (TACIR) needs no consent beforehand, but a refusal binds.
enum class RecipientType { kBireysel, kTacir };

// Why an address is out of reach whatever its owner consented to.
enum class Suppression { kUnsubscribed, kBounced, kManual };

// İYS knows no purposes, so a refusal of this one is a refusal of all commercial messages of its channel.
inline constexpr std::string_view kCommercialPurpose = "marketing";

// What holds of a person for one purpose, channel, recipient and brand.
struct Word {
  std::string purpose;
  Channel channel = Channel::kUnspecified;
  bool allowed = false;   // ONAY; anything else is RET
  std::string recipient;  // normalized; empty: whichever the person has
  std::string brand_code;
};

struct Message {
  MessageClass message_class = MessageClass::kUnspecified;
  std::string purpose{kCommercialPurpose};
  Channel channel = Channel::kUnspecified;
  std::string address;     // to which it goes, as it was written down
  std::string brand_code;  // under which it is sent; empty: the firm's default brand
  RecipientType recipient_type = RecipientType::kBireysel;
  std::vector<Suppression> suppressions;  // those of the address that the sender knows of
};

enum class Reason {
  // Allowed.
  kTransactional,
  kConsent,
  kMerchant,
  // Refused.
  kUnclassified,
  kBadAddress,
  kBounced,
  kUnsubscribed,
  kSuppressed,
  kRefused,
  kNoConsent,
  kUnknownState,
};

struct Decision {
  Reason reason = Reason::kUnknownState;
  std::string detail;  // what made the state unknown
  bool allowed() const { return reason <= Reason::kMerchant; }
  bool operator==(const Decision&) const = default;
};

std::string_view ReasonName(Reason reason);  // `NO_CONSENT`
// A sentence that can be shown to people: "The person refused (RET) …".
std::string ReasonText(const Decision& decision);

// Decides by the words that hold now, in any order. A refusal that is about the channel and the address, or about
// whichever address the person has, outweighs every consent. A refusal without a brand binds all brands and a message
// without one is bound by the refusals of all, while a consent covers its own brand alone.
Decision Decide(const Message& message, const std::vector<Word>& words);
// The same without any words, for senders of transactional messages; a commercial one is refused, since nobody asked.
Decision DecideWithoutState(const Message& message, std::string detail);

}  // namespace esnaf::consent

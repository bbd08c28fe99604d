#include "services/support/inbound/inbound_message.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/api/convert.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/inbound/phone_call.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxTextBytes = 32 * 1024;
constexpr std::size_t kMaxSubjectBytes = 300;
constexpr std::size_t kSubjectBytesOfText = 100;
constexpr int kMostUrls = 10;
constexpr std::string_view kSourcePrefix = "source:";

void CheckName(const std::string& text, const std::string& field, FieldViolations& violations, bool required = false) {
  if (required && Trim(text).empty()) {
    violations.Add(field, "is empty");
  } else if (text.size() > kMaxNameBytes || !IsCleanUtf8(text)) {
    violations.Add(field, absl::StrCat("is no clean UTF-8 of at most ", kMaxNameBytes, " bytes"));
  }
}

InboundSender SenderFromProto(const v1::InboundSender& message, const std::string& field, FieldViolations& violations) {
  InboundSender sender{
      .external_id = message.external_id(), .name = message.name(), .customer_number = message.customer_number()};
  CheckName(sender.external_id, field + ".external_id", violations, true);
  CheckName(sender.name, field + ".name", violations);
  CheckName(sender.customer_number, field + ".customer_number", violations);
  if (!message.email().empty()) {
    const absl::StatusOr<std::string> email = NormalizeEmail(message.email());
    if (!email.ok()) violations.Add(field + ".email", "is no e-mail address");
    sender.email = email.value_or("");
  }
  if (!message.phone().empty()) {
    const absl::StatusOr<std::string> phone = NormalizePhone(message.phone());
    if (!phone.ok()) violations.Add(field + ".phone", "is no phone number");
    sender.phone = phone.value_or("");
  }
  return sender;
}

// The text with the links below it.
std::string TextOf(const v1::InboundMessage& message, const std::string& field, FieldViolations& violations) {
  std::string text = message.text();
  if (text.size() > kMaxTextBytes || !IsCleanUtf8(text)) {
    violations.Add(field + ".text", absl::StrCat("is no clean UTF-8 of at most ", kMaxTextBytes, " bytes"));
  } else if (Trim(text).empty() && message.attachment_urls().empty()) {
    violations.Add(field + ".text", "is empty, and there are no attachments");
  }
  if (message.attachment_urls_size() > kMostUrls) {
    violations.Add(field + ".attachment_urls", absl::StrCat("are more than ", kMostUrls));
    return text;
  }
  for (int i = 0; i < message.attachment_urls_size(); ++i) {
    const std::string& url = message.attachment_urls(i);
    if (!IsHttpsUrl(url)) {
      violations.Add(absl::StrCat(field, ".attachment_urls[", i, "]"), "is no https address of at most 2000 bytes");
    }
    absl::StrAppend(&text, text.empty() ? "" : "\n", "[Ek: ", url, "]");
  }
  return text;
}

}  // namespace

InboundMessage InboundFromProto(const v1::InboundMessage& message, const std::string& field, Time now,
                                FieldViolations& violations) {
  InboundMessage read{
      .conversation = {message.store_id(), message.source(), message.conversation_id()},
      .message_id = message.message_id(),
      .from_firm = message.direction() == v1::INBOUND_DIRECTION_OUT,
      .sender = SenderFromProto(message.sender(), field + ".sender", violations),
      .text = TextOf(message, field, violations),
      .order_number = message.order_number(),
      .product_id = message.product_id(),
      .occur_time = now,
      .subject = message.subject(),
      .team = message.team(),
      .channel = message.marketplace() ? contacts::v1::CHANNEL_MARKETPLACE : contacts::v1::CHANNEL_SOCIAL};
  if (!read.conversation.store_id.empty() && !IsStoreId(read.conversation.store_id)) {
    violations.Add(field + ".store_id", "is no id of a store");
  }
  // Sources are called as stores are.
  if (!IsStoreId(read.conversation.source)) {
    violations.Add(field + ".source", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  }
  if (!read.sender.customer_number.empty() && read.conversation.store_id.empty()) {
    violations.Add(field + ".sender.customer_number", "is one of a store, and none is given");
  }
  CheckName(read.conversation.conversation_id, field + ".conversation_id", violations, true);
  CheckName(read.message_id, field + ".message_id", violations, true);
  if (!v1::InboundDirection_IsValid(message.direction())) violations.Add(field + ".direction", "is neither IN nor OUT");
  CheckName(read.order_number, field + ".order_number", violations);
  CheckName(read.product_id, field + ".product_id", violations);
  CheckName(read.team, field + ".team", violations);
  if (read.subject.size() > kMaxSubjectBytes || !IsCleanUtf8(read.subject)) {
    violations.Add(field + ".subject", absl::StrCat("is no clean UTF-8 of at most ", kMaxSubjectBytes, " bytes"));
  }
  if (!message.has_occur_time()) {
    violations.Add(field + ".occur_time", "is required");
  } else if (const absl::StatusOr<Time> time = api::FromProto(message.occur_time(), "time"); !time.ok()) {
    violations.Add(field + ".occur_time", "is no time");
  } else if (*time > now + kClockSkew) {
    violations.Add(field + ".occur_time", "is in the future");
  } else {
    read.occur_time = std::min(*time, now);
  }
  return read;
}

Ticket TicketOf(const InboundMessage& message, Time now) {
  Ticket ticket{.id = Uuid::NewV7(now),
                .store_id = message.conversation.store_id,
                .subject = message.subject,
                .channel = message.channel,
                .team = message.team,
                .product_id = message.product_id};
  if (Trim(ticket.subject).empty()) {
    std::string line(Truncate(message.text, kSubjectBytesOfText));
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::replace(line.begin(), line.end(), '\r', ' ');
    ticket.subject = absl::StrCat(message.conversation.source, ": ", line);
  }
  ticket.custom_fields["source"] = message.conversation.source;
  if (!message.order_number.empty()) ticket.custom_fields["order_number"] = message.order_number;
  if (!message.sender.name.empty()) ticket.custom_fields["requester_name"] = message.sender.name;
  return ticket;
}

TicketMessage MessageOf(const InboundMessage& message, const Ticket& ticket, Time now) {
  return {.id = Uuid::NewV7(now),
          .ticket_id = ticket.id,
          .author = message.from_firm ? AuthorKind::kAgent : AuthorKind::kCustomer,
          .actor = SourceActor(message.conversation.source),
          .text = message.text,
          .channel = message.channel,
          .create_time = message.occur_time};
}

std::string SourceActor(const std::string& source) { return absl::StrCat(std::string(kSourcePrefix), source); }
bool IsSourceActor(const std::string& actor) { return actor.starts_with(kSourcePrefix); }

std::optional<identity::IdentitySet> RequesterOf(const InboundMessage& message) {
  const InboundSender& sender = message.sender;
  identity::IdentitySet set{.display_name = sender.name};
  if (!sender.customer_number.empty()) {
    set.identities.push_back(
        {identity::Kind::kStoreCustomer, message.conversation.store_id, sender.customer_number, true});
  }
  if (!sender.phone.empty()) set.identities.push_back({identity::Kind::kPhone, "", sender.phone, false});
  if (!sender.email.empty()) set.identities.push_back({identity::Kind::kEmail, "", sender.email, false});
  if (set.identities.empty()) return std::nullopt;
  return set;
}

std::chrono::seconds RetryDelay(int attempts) {
  constexpr std::chrono::seconds kFirst{30};
  return kFirst * (std::int64_t{1} << 2 * std::clamp(attempts - 1, 0, kMostAttempts));
}

}  // namespace esnaf::support

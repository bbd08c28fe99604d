#include "services/segmentation/people/person_wire.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/rfm/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

// A value of a kind that this program does not know is none.
std::optional<CustomValue> CustomFromProto(const contacts::v1::CustomValue& value) {
  switch (value.kind_case()) {
    case contacts::v1::CustomValue::kText:
      return CustomValue(value.text());
    case contacts::v1::CustomValue::kNumber:
      if (!std::isfinite(value.number())) break;
      return CustomValue(value.number());
    case contacts::v1::CustomValue::kBoolean:
      return CustomValue(value.boolean());
    case contacts::v1::CustomValue::kDate:
      if (const absl::StatusOr<Date> date = ParseDate(value.date()); date.ok()) return CustomValue(*date);
      break;
    case contacts::v1::CustomValue::kMoney:
      if (const auto currency = Currency::Parse(value.money().currency_code()); currency.ok()) {
        return CustomValue(Money{value.money().minor(), *currency});
      }
      break;
    case contacts::v1::CustomValue::kOptions:
      if (value.options().values().empty()) break;
      return CustomValue(std::vector<std::string>(value.options().values().begin(), value.options().values().end()));
    case contacts::v1::CustomValue::KIND_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::string ChannelName(contacts::v1::ConsentChannel channel) {
  switch (channel) {
    case contacts::v1::CONSENT_CHANNEL_ARAMA:
      return "arama";
    case contacts::v1::CONSENT_CHANNEL_MESAJ:
      return "mesaj";
    case contacts::v1::CONSENT_CHANNEL_EPOSTA:
      return "eposta";
    case contacts::v1::CONSENT_CHANNEL_WHATSAPP:
      return "whatsapp";
    case contacts::v1::CONSENT_CHANNEL_PUSH:
      return "push";
    default:
      return "";
  }
}

// `email` of CHANNEL_EMAIL.
std::string WordOf(const std::string& name, std::string_view prefix) {
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

absl::StatusOr<std::optional<Uuid>> OptionalId(const std::string& text, std::string_view field) {
  if (text.empty()) return std::optional<Uuid>();
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(text, field));
  return std::optional(id);
}

bool HasIdentity(const contacts::v1::Contact& contact, contacts::v1::IdentityKind kind) {
  return std::any_of(contact.identities().begin(), contact.identities().end(),
                     [kind](const contacts::v1::Identity& identity) { return identity.kind() == kind; });
}

}  // namespace

absl::StatusOr<Profile> ProfileFromContact(const contacts::v1::Contact& contact, std::int64_t version) {
  Profile profile{.version = version, .deleted = contact.has_delete_time()};
  ESNAF_ASSIGN_OR_RETURN(profile.contact_id, api::ParseId(contact.id(), "contact.id"));
  ESNAF_ASSIGN_OR_RETURN(profile.create_time, api::FromProto(contact.create_time(), "contact.create_time"));
  ESNAF_ASSIGN_OR_RETURN(profile.update_time, api::FromProto(contact.update_time(), "contact.update_time"));
  profile.given_name = contact.given_name();
  profile.family_name = contact.family_name();
  profile.company_name = contact.company_name();
  profile.locale = contact.locale();
  profile.lifecycle_stage = contact.lifecycle_stage();
  profile.owner = contact.owner();
  if (contact.addresses_size() > 0) {
    profile.country_code = contact.addresses(0).country_code();
    profile.city = contact.addresses(0).city();
  }
  profile.has_email = HasIdentity(contact, contacts::v1::IDENTITY_KIND_EMAIL);
  profile.has_phone = HasIdentity(contact, contacts::v1::IDENTITY_KIND_PHONE);
  profile.tags.assign(contact.tags().begin(), contact.tags().end());
  for (const auto& [key, value] : contact.custom_fields()) {
    if (std::optional<CustomValue> custom = CustomFromProto(value)) profile.custom_fields.emplace(key, *custom);
  }
  return profile;
}

absl::StatusOr<ConsentWord> WordFromConsent(const contacts::v1::Consent& consent) {
  ConsentWord word{.purpose = consent.purpose(), .channel = ChannelName(consent.channel())};
  ESNAF_ASSIGN_OR_RETURN(word.contact_id, api::ParseId(consent.contact_id(), "consent.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(word.consent_id, api::ParseId(consent.id(), "consent.id"));
  ESNAF_ASSIGN_OR_RETURN(word.consent_time, api::FromProto(consent.consent_time(), "consent.consent_time"));
  ESNAF_ASSIGN_OR_RETURN(word.record_time, api::FromProto(consent.create_time(), "consent.create_time"));
  word.granted = consent.status() == contacts::v1::CONSENT_STATUS_ONAY;
  return word;
}

absl::StatusOr<CartRecord> CartFromProto(const orders::v1::Cart& cart, std::int64_t version) {
  CartRecord record{.store_id = cart.store_id(), .currency_code = cart.currency_code(), .value_minor = cart.value()};
  ESNAF_ASSIGN_OR_RETURN(record.cart_id, api::ParseId(cart.id(), "cart.id"));
  if (!cart.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(record.contact_id, api::ParseId(cart.contact_id(), "cart.contact_id"));
  }
  record.ordered = cart.state() == orders::v1::CART_STATE_ORDERED || cart.state() == orders::v1::CART_STATE_RECOVERED;
  const bool by_source = cart.has_source_update_time();
  ESNAF_ASSIGN_OR_RETURN(record.change_time,
                         api::FromProto(by_source ? cart.source_update_time() : cart.update_time(),
                                        by_source ? "cart.source_update_time" : "cart.update_time"));
  record.lines = LinesFromProto(cart.lines());
  record.version = version;
  return record;
}

absl::StatusOr<TicketRecord> TicketFromProto(const support::v1::Ticket& ticket, std::int64_t version) {
  TicketRecord record{.store_id = ticket.store_id(), .breached = ticket.breached(), .version = version};
  ESNAF_ASSIGN_OR_RETURN(record.ticket_id, api::ParseId(ticket.id(), "ticket.id"));
  ESNAF_ASSIGN_OR_RETURN(record.contact_id, OptionalId(ticket.contact_id(), "ticket.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(record.create_time, api::FromProto(ticket.create_time(), "ticket.create_time"));
  record.channel = WordOf(contacts::v1::Channel_Name(ticket.channel()), "CHANNEL_");
  record.solved =
      ticket.state() == support::v1::TICKET_STATE_SOLVED || ticket.state() == support::v1::TICKET_STATE_CLOSED;
  record.spam = ticket.state() == support::v1::TICKET_STATE_SPAM;
  record.merged = ticket.state() == support::v1::TICKET_STATE_MERGED;
  record.lines = {{.sku = ticket.product_id(),
                   .category = ticket.type(),
                   .brand = WordOf(support::v1::TicketPriority_Name(ticket.priority()), "TICKET_PRIORITY_"),
                   .seller_id = ticket.seller_id(),
                   .quantity = 1}};
  return record;
}

absl::StatusOr<AnswerRecord> AnswerFromProto(const support::v1::SurveyResponse& response, std::int64_t version) {
  AnswerRecord record{.store_id = response.store_id(), .score = response.score(), .version = version};
  ESNAF_ASSIGN_OR_RETURN(record.invitation_id, api::ParseId(response.invitation_id(), "response.invitation_id"));
  ESNAF_ASSIGN_OR_RETURN(record.contact_id, OptionalId(response.contact_id(), "response.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(record.answer_time, api::FromProto(response.answer_time(), "response.answer_time"));
  record.kind = WordOf(support::v1::SurveyKind_Name(response.kind()), "SURVEY_KIND_");
  record.lines = {{.sku = response.product_id(), .seller_id = response.seller_id(), .quantity = 1}};
  return record;
}

}  // namespace esnaf::segmentation

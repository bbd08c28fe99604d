#include "services/contacts/contact_wire.h"

#include "libs/api/convert.h"

namespace esnaf::contacts {
namespace {

v1::Address ToProto(const Address& address) {
  v1::Address proto;
  proto.set_label(address.label);
  proto.set_street(address.street);
  proto.set_district(address.district);
  proto.set_city(address.city);
  proto.set_postal_code(address.postal_code);
  proto.set_country_code(address.country_code);
  return proto;
}

Address FromProto(const v1::Address& proto) {
  return {proto.label(), proto.street(), proto.district(), proto.city(), proto.postal_code(), proto.country_code()};
}

v1::CustomValue ToProto(const CustomValue& value) {
  v1::CustomValue proto;
  if (const auto* text = std::get_if<std::string>(&value)) proto.set_text(*text);
  if (const auto* number = std::get_if<double>(&value)) proto.set_number(*number);
  if (const auto* boolean = std::get_if<bool>(&value)) proto.set_boolean(*boolean);
  if (const auto* date = std::get_if<Date>(&value)) proto.set_date(FormatDate(*date));
  if (const auto* money = std::get_if<Money>(&value)) *proto.mutable_money() = api::ToProto(*money);
  if (const auto* options = std::get_if<std::vector<std::string>>(&value)) {
    proto.mutable_options()->mutable_values()->Assign(options->begin(), options->end());
  }
  return proto;
}

void ReadCustomValue(const std::string& key, const v1::CustomValue& proto, CustomFields& fields,
                     FieldViolations& violations) {
  switch (proto.kind_case()) {
    case v1::CustomValue::kText:
      fields[key] = proto.text();
      return;
    case v1::CustomValue::kNumber:
      fields[key] = proto.number();
      return;
    case v1::CustomValue::kBoolean:
      fields[key] = proto.boolean();
      return;
    case v1::CustomValue::kDate:
      if (auto date = ParseDate(proto.date()); date.ok()) {
        fields[key] = *date;
      } else {
        violations.Add("contact.custom_fields." + key + ".date", "is no day of the form YYYY-MM-DD");
      }
      return;
    case v1::CustomValue::kMoney:
      if (const auto money = api::FromProto(proto.money(), "contact.custom_fields." + key + ".money"); money.ok()) {
        fields[key] = *money;
      } else {
        for (const auto& [field, problem] : ErrorFields(money.status())) violations.Add(field, problem);
      }
      return;
    case v1::CustomValue::kOptions:
      fields[key] = std::vector<std::string>(proto.options().values().begin(), proto.options().values().end());
      return;
    default:
      violations.Add("contact.custom_fields." + key, "has no value");
  }
}

}  // namespace

v1::Contact ToProto(const Contact& contact) {
  v1::Contact proto;
  proto.set_id(contact.id.ToString());
  proto.set_given_name(contact.given_name);
  proto.set_family_name(contact.family_name);
  proto.set_display_name(ShownName(contact));
  proto.set_company_name(contact.company_name);
  for (const Identity& identity : contact.identities) *proto.add_identities() = ToProto(identity);
  for (const Address& address : contact.addresses) *proto.add_addresses() = ToProto(address);
  for (const std::string& tag : contact.tags) proto.add_tags(tag);
  proto.set_locale(contact.locale);
  for (const auto& [key, value] : contact.custom_fields) (*proto.mutable_custom_fields())[key] = ToProto(value);
  proto.set_lifecycle_stage(contact.lifecycle_stage);
  proto.set_owner(contact.owner);
  *proto.mutable_create_time() = api::ToProto(contact.create_time);
  *proto.mutable_update_time() = api::ToProto(contact.update_time);
  if (contact.delete_time) *proto.mutable_delete_time() = api::ToProto(*contact.delete_time);
  proto.set_etag(std::to_string(contact.version));
  return proto;
}

v1::Contact ToProto(const Person& person) {
  v1::Contact proto = ToProto(person.contact);
  for (const Uuid& id : person.merged_contact_ids) proto.add_merged_contact_ids(id.ToString());
  proto.set_etag(person.etag);
  return proto;
}

Contact FromProto(const v1::Contact& proto, FieldViolations& violations) {
  Contact contact;
  contact.given_name = proto.given_name();
  contact.family_name = proto.family_name();
  contact.display_name = proto.display_name();
  contact.company_name = proto.company_name();
  for (const v1::Identity& identity : proto.identities()) contact.identities.push_back(FromProto(identity));
  for (const v1::Address& address : proto.addresses()) contact.addresses.push_back(FromProto(address));
  contact.tags.assign(proto.tags().begin(), proto.tags().end());
  contact.locale = proto.locale();
  for (const auto& [key, value] : proto.custom_fields()) {
    ReadCustomValue(key, value, contact.custom_fields, violations);
  }
  contact.lifecycle_stage = proto.lifecycle_stage();
  contact.owner = proto.owner();
  return contact;
}

v1::Identity ToProto(const Identity& identity) {
  v1::Identity proto;
  proto.set_kind(static_cast<v1::IdentityKind>(identity.key.kind));
  proto.set_store_id(identity.key.store_id);
  proto.set_value(identity.key.value);
  proto.set_verified(identity.verified);
  return proto;
}

Identity FromProto(const v1::Identity& proto) {
  return {{static_cast<IdentityKind>(proto.kind()), proto.store_id(), proto.value()}, proto.verified()};
}

v1::IdentityReview ToProto(const IdentityReview& review) {
  v1::IdentityReview proto;
  proto.set_id(review.id.ToString());
  *proto.mutable_identity() = ToProto(review.identity);
  proto.set_owner_contact_id(review.owner_contact_id.ToString());
  proto.set_claimant_contact_id(review.claimant_contact_id.ToString());
  proto.set_decision(static_cast<v1::IdentityReview::Decision>(review.decision));
  *proto.mutable_create_time() = api::ToProto(review.create_time);
  if (review.decide_time) *proto.mutable_decide_time() = api::ToProto(*review.decide_time);
  return proto;
}

v1::CustomField ToProto(const CustomField& field) {
  v1::CustomField proto;
  proto.set_key(field.key);
  proto.set_display_name(field.display_name);
  proto.set_type(static_cast<v1::CustomFieldType>(field.type));
  for (const std::string& option : field.options) proto.add_options(option);
  return proto;
}

CustomField FromProto(const v1::CustomField& proto) {
  return {proto.key(),
          proto.display_name(),
          static_cast<CustomFieldType>(proto.type()),
          {proto.options().begin(), proto.options().end()}};
}

}  // namespace esnaf::contacts

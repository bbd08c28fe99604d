#include "services/contacts/contact_record.h"

#include <nlohmann/json.hpp>

#include "libs/base/text.h"

namespace esnaf::contacts {
namespace {

using Json = nlohmann::json;

Json ToJson(const Address& address) {
  return {{"label", address.label}, {"street", address.street},           {"district", address.district},
          {"city", address.city},   {"postal_code", address.postal_code}, {"country_code", address.country_code}};
}

// Text, numbers, truth values and lists of options are themselves, so that filters compare them; a day and an amount
// are objects that name their type (the filters of libs/api know them too).
Json ToJson(const CustomValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  if (const auto* options = std::get_if<std::vector<std::string>>(&value)) return *options;
  if (const auto* money = std::get_if<Money>(&value)) {
    return {{"minor", money->minor}, {"currency_code", money->currency.code()}};
  }
  return {{"date", FormatDate(std::get<Date>(value))}};
}

CustomValue ToCustomValue(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number()) return json.get<double>();
  if (json.is_array()) return json.get<std::vector<std::string>>();
  if (json.contains("minor")) {
    return Money{json.at("minor").get<std::int64_t>(),
                 Currency::Parse(json.at("currency_code").get<std::string>()).value()};
  }
  return ParseDate(json.at("date").get<std::string>()).value();
}

std::vector<Address> ReadAddresses(std::string_view text) {
  std::vector<Address> addresses;
  if (text == "[]") return addresses;
  for (const Json& json : Json::parse(text)) {
    addresses.push_back({.label = json.at("label"),
                         .street = json.at("street"),
                         .district = json.at("district"),
                         .city = json.at("city"),
                         .postal_code = json.at("postal_code"),
                         .country_code = json.at("country_code")});
  }
  return addresses;
}

CustomFields ReadCustomFields(std::string_view text) {
  CustomFields fields;
  if (text == "{}") return fields;
  const Json json = Json::parse(text);
  for (const auto& [key, value] : json.items()) fields.emplace(key, ToCustomValue(value));
  return fields;
}

// An identity in a contact's own row: [kind, store, value, verified].
Json ToJson(const Identity& identity) {
  return Json::array(
      {static_cast<int>(identity.key.kind), identity.key.store_id, identity.key.value, identity.verified});
}

std::vector<Identity> ReadIdentities(std::string_view text) {
  std::vector<Identity> identities;
  if (text == "[]") return identities;
  for (const Json& json : Json::parse(text)) {
    identities.push_back({{static_cast<IdentityKind>(json.at(0).get<int>()), json.at(1), json.at(2)}, json.at(3)});
  }
  return identities;
}

Json KeyToJson(const IdentityKey& key) {
  return {{"kind", static_cast<int>(key.kind)}, {"store_id", key.store_id}, {"value", key.value}};
}

Json OptionalTime(const std::optional<Time>& time) { return time ? Json(FormatRfc3339(*time)) : Json(nullptr); }

void Append(const Json& record, std::string& records) {
  if (!records.empty()) records += ",";
  records += record.dump();
}

}  // namespace

StoredContact ReadContact(const postgres::Row& row) {
  StoredContact stored;
  Contact& contact = stored.contact;
  contact.id = row.Get<Uuid>(0);
  contact.given_name = row.Text(1);
  contact.family_name = row.Text(2);
  contact.display_name = row.Text(3);
  contact.company_name = row.Text(4);
  contact.locale = row.Text(5);
  contact.lifecycle_stage = row.Text(6);
  contact.owner = row.Text(7);
  contact.tags = row.Get<std::vector<std::string>>(8);
  contact.addresses = ReadAddresses(row.Text(9));
  contact.custom_fields = ReadCustomFields(row.Text(10));
  contact.version = row.Get<std::int64_t>(11);
  contact.create_time = row.Get<Time>(12);
  contact.update_time = row.Get<Time>(13);
  contact.delete_time = row.Get<std::optional<Time>>(14);
  contact.identities = ReadIdentities(row.Text(15));
  stored.merged_into = row.Get<std::optional<Uuid>>(16);
  stored.has_merged = row.Get<bool>(17);
  return stored;
}

void ContactRecords::AddChange(const std::optional<Contact>& before, const Contact& after) {
  Json addresses = Json::array();
  for (const Address& address : after.addresses) addresses.push_back(ToJson(address));
  Json identities = Json::array();
  for (const Identity& identity : after.identities) identities.push_back(ToJson(identity));
  Json custom_fields = Json::object();
  for (const auto& [key, value] : after.custom_fields) custom_fields[key] = ToJson(value);
  Append({{"id", after.id.ToString()},
          {"given_name", after.given_name},
          {"family_name", after.family_name},
          {"display_name", after.display_name},
          {"company_name", after.company_name},
          {"locale", after.locale},
          {"lifecycle_stage", after.lifecycle_stage},
          {"owner", after.owner},
          {"tags", after.tags},
          {"addresses", std::move(addresses)},
          {"identities", std::move(identities)},
          {"custom_fields", std::move(custom_fields)},
          {"folded_name", FoldName(ShownName(after))},
          {"search_text", SearchText(after)},
          {"version", after.version},
          {"create_time", FormatRfc3339(after.create_time)},
          {"update_time", FormatRfc3339(after.update_time)},
          {"delete_time", OptionalTime(after.delete_time)}},
         contacts_);

  AddIdentityChanges(before, after);
}

void ContactRecords::AddIdentityChanges(const std::optional<Contact>& before, const Contact& after) {
  std::map<IdentityKey, bool> had;
  if (before) {
    for (const Identity& identity : before->identities) had[identity.key] = identity.verified;
  }
  for (const Identity& identity : after.identities) {
    const auto old = had.find(identity.key);
    const bool unchanged = old != had.end() && old->second == identity.verified;
    if (old != had.end()) had.erase(old);
    if (unchanged) continue;
    Json record = KeyToJson(identity.key);
    record["contact_id"] = after.id.ToString();
    record["verified"] = identity.verified;
    Append(record, given_);
  }
  for (const auto& [key, verified] : had) {
    Json record = KeyToJson(key);
    record["contact_id"] = after.id.ToString();
    Append(record, released_);
  }
}

void ContactRecords::AddReview(const IdentityReview& review) {
  Json record = KeyToJson(review.identity.key);
  record["id"] = review.id.ToString();
  record["verified"] = review.identity.verified;
  record["owner_contact_id"] = review.owner_contact_id.ToString();
  record["claimant_contact_id"] = review.claimant_contact_id.ToString();
  record["create_time"] = FormatRfc3339(review.create_time);
  Append(record, reviews_);
}

}  // namespace esnaf::contacts

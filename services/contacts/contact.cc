#include "services/contacts/contact.h"

#include <array>
#include <cmath>
#include <set>

#include "libs/base/country_code.h"
#include "libs/base/text.h"

namespace esnaf::contacts {
namespace {

// The plain text fields, by the names that the contract gives them.
struct TextField {
  std::string_view name;
  std::string Contact::*member;
  std::size_t most_bytes;
};
constexpr std::array kTextFields = {
    TextField{"given_name", &Contact::given_name, kMaxTextBytes},
    TextField{"family_name", &Contact::family_name, kMaxTextBytes},
    TextField{"display_name", &Contact::display_name, 2 * kMaxTextBytes},
    TextField{"company_name", &Contact::company_name, kMaxTextBytes},
    TextField{"locale", &Contact::locale, 35},
    TextField{"lifecycle_stage", &Contact::lifecycle_stage, 100},
    TextField{"owner", &Contact::owner, kMaxTextBytes},
};

std::string Field(std::string_view prefix, std::string_view name) {
  return std::string(prefix) + "." + std::string(name);
}

std::string Indexed(std::string_view field, std::size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

bool IsUpperLetter(char c) { return c >= 'A' && c <= 'Z'; }

// BCP 47 in shape: subtags of one to eight letters and digits, the first of letters alone.
bool IsLocale(std::string_view text) {
  std::size_t length = 0;
  bool first = true;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || IsUpperLetter(c);
    if (c == '-') {
      if (length == 0) return false;
      length = 0;
      first = false;
    } else if (letter || (!first && c >= '0' && c <= '9')) {
      if (++length > 8) return false;
    } else {
      return false;
    }
  }
  return length > 0;
}

void CheckOpaqueValue(std::string_view value, std::string_view field, FieldViolations& violations) {
  if (value.empty()) {
    violations.Add(field, "is missing");
  } else {
    CheckText(value, field, 200, violations);
  }
}

Address NormalizeAddress(Address address, std::string_view field, FieldViolations& violations) {
  const auto normalize = [&](std::string& text, std::string_view name, std::size_t most) {
    text = std::string(Trim(text));
    CheckText(text, Field(field, name), most, violations);
  };
  normalize(address.label, "label", 100);
  normalize(address.street, "street", 1000);
  normalize(address.district, "district", kMaxTextBytes);
  normalize(address.city, "city", kMaxTextBytes);
  normalize(address.postal_code, "postal_code", 20);
  const std::string& country = address.country_code;
  if (!country.empty() && !IsCountryCode(country)) {
    violations.Add(Field(field, "country_code"), "is no ISO 3166-1 alpha-2 code in upper case");
  }
  return address;
}

std::vector<std::string> NormalizeTags(const std::vector<std::string>& tags, FieldViolations& violations) {
  std::set<std::string> sorted;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string tag(Trim(tags[i]));
    const std::string field = Indexed("contact.tags", i);
    if (tag.empty()) violations.Add(field, "is empty");
    CheckText(tag, field, 100, violations);
    sorted.insert(tag);
  }
  if (sorted.size() > kMaxTags) violations.Add("contact.tags", "has more than 100 tags");
  return {sorted.begin(), sorted.end()};
}

// Sorted, each once.
void NormalizeOptions(std::vector<std::string>& options, const std::string& field, FieldViolations& violations) {
  if (options.empty()) violations.Add(field, "has no option; leave the field out");
  for (const std::string& option : options) CheckText(option, field, kMaxTextBytes, violations);
  std::sort(options.begin(), options.end());
  options.erase(std::unique(options.begin(), options.end()), options.end());
}

void NormalizeCustomFields(CustomFields& fields, FieldViolations& violations) {
  if (fields.size() > kMaxCustomFields) violations.Add("contact.custom_fields", "has more than 200 fields");
  for (auto& [key, value] : fields) {
    const std::string field = "contact.custom_fields." + key;
    if (!IsKey(key)) violations.Add("contact.custom_fields", "has a key that is not of the form [a-z][a-z0-9_]{0,62}");
    if (const auto* text = std::get_if<std::string>(&value)) CheckText(*text, field, kMaxCustomTextBytes, violations);
    if (const auto* number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number)) {
      violations.Add(field, "is no finite number");
    }
    if (auto* options = std::get_if<std::vector<std::string>>(&value)) NormalizeOptions(*options, field, violations);
  }
}

// The country that a contact's first address with one names, for phones without country code.
std::string RegionOf(const Contact& contact) {
  for (const Address& address : contact.addresses) {
    if (!address.country_code.empty()) return address.country_code;
  }
  return "TR";
}

}  // namespace

std::string ShownName(const Contact& contact) {
  if (!contact.display_name.empty()) return contact.display_name;
  if (contact.given_name.empty()) return contact.family_name;
  if (contact.family_name.empty()) return contact.given_name;
  return contact.given_name + " " + contact.family_name;
}

void CheckText(std::string_view text, std::string_view field, std::size_t most_bytes, FieldViolations& violations) {
  if (text.size() > most_bytes) violations.Add(field, "is longer than " + std::to_string(most_bytes) + " bytes");
  if (!IsCleanUtf8(text)) violations.Add(field, "is no UTF-8 text, or holds a NUL");
}

bool IsKey(std::string_view text) {
  if (text.empty() || text.size() > 63 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Identity NormalizeIdentity(const Identity& identity, std::string_view field, std::string_view region,
                           FieldViolations& violations) {
  Identity normal = identity;
  const std::string value_field = Field(field, "value");
  const auto take = [&](const absl::StatusOr<std::string>& value, const char* problem) {
    if (value.ok()) {
      normal.key.value = *value;
    } else {
      violations.Add(value_field, problem);
    }
  };
  switch (identity.key.kind) {
    case IdentityKind::kEmail:
      take(NormalizeEmail(identity.key.value), "is no e-mail address");
      break;
    case IdentityKind::kPhone:
      take(NormalizePhone(identity.key.value, region), "is no phone number");
      break;
    case IdentityKind::kStoreCustomer:
      normal.key.value = std::string(Trim(identity.key.value));
      normal.verified = true;
      CheckOpaqueValue(normal.key.value, value_field, violations);
      CheckOpaqueValue(identity.key.store_id, Field(field, "store_id"), violations);
      return normal;
    case IdentityKind::kVisitor:
      normal.key.value = std::string(Trim(identity.key.value));
      normal.verified = false;
      CheckOpaqueValue(normal.key.value, value_field, violations);
      break;
    default:
      violations.Add(Field(field, "kind"), "is no kind of identity");
  }
  if (!identity.key.store_id.empty()) violations.Add(Field(field, "store_id"), "is only for store customer numbers");
  return normal;
}

std::vector<Identity> NormalizeIdentities(const std::vector<Identity>& identities, std::string_view field,
                                          std::string_view region, std::size_t most, FieldViolations& violations) {
  if (identities.size() > most) {
    violations.Add(field, "has more than " + std::to_string(most) + " identities");
    return {};
  }
  std::vector<Identity> normal;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    const Identity identity = NormalizeIdentity(identities[i], Indexed(field, i), region, violations);
    auto same = std::find_if(normal.begin(), normal.end(), [&](const Identity& n) { return n.key == identity.key; });
    if (same == normal.end()) {
      normal.push_back(identity);
    } else {
      same->verified = same->verified || identity.verified;
    }
  }
  return normal;
}

Contact NormalizeContact(Contact contact, FieldViolations& violations) {
  for (const TextField& field : kTextFields) {
    std::string& text = contact.*field.member;
    text = std::string(Trim(text));
    CheckText(text, Field("contact", field.name), field.most_bytes, violations);
  }
  if (!contact.locale.empty() && !IsLocale(contact.locale)) violations.Add("contact.locale", "is no BCP 47 tag");
  contact.identities =
      NormalizeIdentities(contact.identities, "contact.identities", RegionOf(contact), kMaxIdentities, violations);
  if (contact.addresses.size() > kMaxAddresses) violations.Add("contact.addresses", "has more than 50 addresses");
  for (std::size_t i = 0; i < contact.addresses.size(); ++i) {
    contact.addresses[i] = NormalizeAddress(contact.addresses[i], Indexed("contact.addresses", i), violations);
  }
  contact.tags = NormalizeTags(contact.tags, violations);
  NormalizeCustomFields(contact.custom_fields, violations);
  return contact;
}

bool SameContent(const Contact& a, const Contact& b) {
  return std::all_of(kTextFields.begin(), kTextFields.end(),
                     [&](const TextField& field) { return a.*field.member == b.*field.member; }) &&
         a.identities == b.identities && a.addresses == b.addresses && a.tags == b.tags &&
         a.custom_fields == b.custom_fields && a.delete_time == b.delete_time;
}

std::string SearchText(const Contact& contact) {
  // Each part stands between spaces, so that a query finds the beginnings of words.
  std::string text = " ";
  const auto add = [&](std::string_view part) {
    if (!part.empty()) text.append(part).append(" ");
  };
  add(FoldName(ShownName(contact)));
  if (!contact.display_name.empty()) {
    add(FoldName(contact.given_name));
    add(FoldName(contact.family_name));
  }
  add(FoldName(contact.company_name));
  for (const Identity& identity : contact.identities) {
    if (identity.key.kind != IdentityKind::kVisitor) add(FoldName(identity.key.value));
  }
  return text;
}

bool IsUpdatableField(std::string_view path) {
  constexpr std::string_view kCustom = "custom_fields.";
  if (path.starts_with(kCustom)) return IsKey(path.substr(kCustom.size()));
  return path == "identities" || path == "addresses" || path == "tags" || path == "custom_fields" ||
         std::any_of(kTextFields.begin(), kTextFields.end(), [&](const TextField& f) { return f.name == path; });
}

void CopyFields(const Contact& source, const std::vector<std::string>& paths, Contact& target) {
  constexpr std::string_view kCustom = "custom_fields.";
  for (const std::string& path : paths) {
    for (const TextField& field : kTextFields) {
      if (field.name == path) target.*field.member = source.*field.member;
    }
    if (path == "addresses") target.addresses = source.addresses;
    if (path == "tags") target.tags = source.tags;
    if (path == "custom_fields") target.custom_fields = source.custom_fields;
    if (std::string_view(path).starts_with(kCustom)) {
      const std::string key = path.substr(kCustom.size());
      target.custom_fields.erase(key);
      if (auto value = source.custom_fields.find(key); value != source.custom_fields.end()) {
        target.custom_fields.insert(*value);
      }
    }
  }
}

std::vector<std::string> PresentFields(const Contact& contact) {
  std::vector<std::string> paths;
  for (const TextField& field : kTextFields) {
    if (!(contact.*field.member).empty()) paths.emplace_back(field.name);
  }
  if (!contact.identities.empty()) paths.emplace_back("identities");
  if (!contact.addresses.empty()) paths.emplace_back("addresses");
  if (!contact.tags.empty()) paths.emplace_back("tags");
  for (const auto& [key, value] : contact.custom_fields) paths.push_back("custom_fields." + key);
  return paths;
}

void AddGivenFields(const Contact& given, Contact& contact) {
  for (const TextField& field : kTextFields) {
    if (!(given.*field.member).empty()) contact.*field.member = given.*field.member;
  }
  for (const Address& address : given.addresses) {
    auto same = std::find_if(contact.addresses.begin(), contact.addresses.end(), [&](const Address& other) {
      return address == other || (!address.label.empty() && address.label == other.label);
    });
    if (same != contact.addresses.end()) {
      *same = address;
    } else if (contact.addresses.size() < kMaxAddresses) {
      contact.addresses.push_back(address);
    }
  }
  std::set<std::string> tags(contact.tags.begin(), contact.tags.end());
  for (const std::string& tag : given.tags) {
    if (tags.size() < kMaxTags) tags.insert(tag);
  }
  contact.tags.assign(tags.begin(), tags.end());
  for (const auto& [key, value] : given.custom_fields) contact.custom_fields[key] = value;
}

void AddMissingFields(const Contact& given, Contact& contact) {
  Contact missing = given;
  for (const TextField& field : kTextFields) {
    if (!(contact.*field.member).empty()) (missing.*field.member).clear();
  }
  std::erase_if(missing.addresses, [&](const Address& address) {
    return !address.label.empty() && std::any_of(contact.addresses.begin(), contact.addresses.end(),
                                                 [&](const Address& known) { return known.label == address.label; });
  });
  std::erase_if(missing.custom_fields, [&](const auto& field) { return contact.custom_fields.contains(field.first); });
  AddGivenFields(missing, contact);
}

}  // namespace esnaf::contacts

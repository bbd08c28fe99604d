#pragma once

// A person as this service keeps them: what is allowed in a contact, and what makes it up. Pure: no SQL, no clock.
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::contacts {

// The numbers are those of esnaf.contacts.v1.IdentityKind.
enum class IdentityKind { kUnspecified = 0, kStoreCustomer = 1, kEmail = 2, kPhone = 3, kVisitor = 4 };

// By what a person is known. A key belongs to one contact only.
struct IdentityKey {
  IdentityKind kind = IdentityKind::kUnspecified;
  std::string store_id;  // only for kStoreCustomer
  std::string value;     // normalized
  auto operator<=>(const IdentityKey&) const = default;
};

struct Identity {
  IdentityKey key;
  bool verified = false;
  bool operator==(const Identity&) const = default;
};

struct Address {
  std::string label;
  std::string street;
  std::string district;
  std::string city;
  std::string postal_code;
  std::string country_code;
  bool operator==(const Address&) const = default;
};

// Text (also for one option), a number, a truth value, a day, an amount, or one or more options, sorted, each once.
using CustomValue = std::variant<std::string, double, bool, Date, Money, std::vector<std::string>>;
using CustomFields = std::map<std::string, CustomValue>;

// One contact with what is its own; what is merged into it is another Contact.
struct Contact {
  Uuid id;
  std::string given_name;
  std::string family_name;
  std::string display_name;  // empty: made of the two above, see ShownName
  std::string company_name;
  std::vector<Identity> identities;  // the first of a kind is the one to write to
  std::vector<Address> addresses;
  std::vector<std::string> tags;  // sorted, each once
  std::string locale;
  CustomFields custom_fields;
  std::string lifecycle_stage;
  std::string owner;
  std::int64_t version = 0;  // 0: not stored yet
  Time create_time;
  Time update_time;
  std::optional<Time> delete_time;
};

inline constexpr std::size_t kMaxIdentities = 200;
inline constexpr std::size_t kMaxAddresses = 50;
inline constexpr std::size_t kMaxTags = 100;
inline constexpr std::size_t kMaxCustomFields = 200;
inline constexpr std::size_t kMaxTextBytes = 300;
inline constexpr std::size_t kMaxCustomTextBytes = 2000;

// The name to show: the one that was set, else given and family name.
std::string ShownName(const Contact& contact);

// Brings an identity into the form in which identities are compared, and says what is wrong with it under the names of
// its fields behind `field` (`contact.identities[2]`). `region` is where a phone without country code is from.
Identity NormalizeIdentity(const Identity& identity, std::string_view field, std::string_view region,
                           FieldViolations& violations);
// The same for a list: an identity that comes twice counts once, verified if any of them is.
std::vector<Identity> NormalizeIdentities(const std::vector<Identity>& identities, std::string_view field,
                                          std::string_view region, std::size_t most, FieldViolations& violations);

// Trims texts, normalizes identities, sorts tags; adds every violation, under `contact.`.
Contact NormalizeContact(Contact contact, FieldViolations& violations);

// Says what is wrong with a text that people wrote: not UTF-8, or longer than `most_bytes`.
void CheckText(std::string_view text, std::string_view field, std::size_t most_bytes, FieldViolations& violations);
// Whether the text is a key as the shop's own fields and purposes have it: `[a-z][a-z0-9_]{0,62}`.
bool IsKey(std::string_view text);

// Whether anything that a user sees differs; versions and times do not count.
bool SameContent(const Contact& a, const Contact& b);

// What search looks through: folded names, and the identities as they are.
std::string SearchText(const Contact& contact);

// The fields that an update can name, as the contract spells them.
bool IsUpdatableField(std::string_view path);
// Sets the fields that `paths` name from `source`; `custom_fields.<key>` sets or, where absent in the source, removes
// one. Identities are left alone: who owns them is for the service to decide.
void CopyFields(const Contact& source, const std::vector<std::string>& paths, Contact& target);
// The paths of the fields that `contact` has.
std::vector<std::string> PresentFields(const Contact& contact);

// Adds what `given` brings to `contact`: names and the like are set where given, tags, addresses and custom fields are
// added, an address of the same label is replaced. Identities are left alone.
void AddGivenFields(const Contact& given, Contact& contact);
// The same, but nothing that the contact has is changed: whoever fills in a form with somebody's address is not proven
// to be that person.
void AddMissingFields(const Contact& given, Contact& contact);

}  // namespace esnaf::contacts

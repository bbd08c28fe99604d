#pragma once

// What contacts says of people, as far as rules read it, and how the contacts of one person make one profile. Pure: no
// SQL, no clock, no protobuf.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/money.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::segmentation {

// A value of one of the firm's own fields: text or one option, a number, a truth value, a day, an amount, or options.
using CustomValue = std::variant<std::string, double, bool, Date, Money, std::vector<std::string>>;

// One contact, unmerged.
struct Profile {
  Uuid contact_id;
  std::int64_t version = 0;
  bool deleted = false;
  Time create_time;
  Time update_time;
  std::string given_name;
  std::string family_name;
  std::string company_name;
  std::string locale;
  std::string lifecycle_stage;
  std::string owner;
  std::string country_code;  // of the first address
  std::string city;
  bool has_email = false;
  bool has_phone = false;
  std::vector<std::string> tags;
  std::map<std::string, CustomValue> custom_fields;
  bool operator==(const Profile&) const = default;
};

// The newest version of each contact, in the order of their ids.
std::vector<Profile> NewestOfEachContact(std::vector<Profile> profiles);

// The person that these contacts are, by the rule by which contacts shows it (survivorship, rule 1): a value is the
// canonical contact's own where it has one, else that of the merged contact that was updated last (ties: the lower id);
// tags and fields are the union. Given and family name come from one contact together. Deleted is who is deleted under
// the canonical contact. Needs at least one profile, all of one cluster.
Profile MergeProfiles(std::vector<Profile> members, const Uuid& canonical);

// The values as one text and back (fact_lines.h).
std::string FormatCustomFields(const std::map<std::string, CustomValue>& fields);
std::map<std::string, CustomValue> ParseCustomFields(std::string_view text);

// The last word of a contact on a purpose and channel.
struct ConsentWord {
  Uuid contact_id;
  std::string purpose;
  std::string channel;  // lower case: `eposta`
  bool granted = false;
  Time consent_time;
  Time record_time;
  Uuid consent_id;

  // By what the person said last, then by what was recorded last.
  bool IsNewerThan(const ConsentWord& other) const;
  bool operator==(const ConsentWord&) const = default;
};

// The newest of each contact, purpose and channel, in that order.
std::vector<ConsentWord> NewestWords(std::vector<ConsentWord> words);

}  // namespace esnaf::segmentation

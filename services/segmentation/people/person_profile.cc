#include "services/segmentation/people/person_profile.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "libs/base/absl_compat.h"
#include "libs/base/check.h"
#include "services/segmentation/people/fact_lines.h"

namespace esnaf::segmentation {
namespace {

// The canonical contact first, then the merged ones in the order in which their values count.
void SortBySurvivorship(std::vector<Profile>& members, const Uuid& canonical) {
  std::sort(members.begin(), members.end(), [&](const Profile& a, const Profile& b) {
    if ((a.contact_id == canonical) != (b.contact_id == canonical)) return a.contact_id == canonical;
    if (a.update_time != b.update_time) return a.update_time > b.update_time;
    return a.contact_id < b.contact_id;
  });
}

void FillFrom(const Profile& other, Profile& shown) {
  if (shown.given_name.empty() && shown.family_name.empty()) {
    shown.given_name = other.given_name;
    shown.family_name = other.family_name;
  }
  if (shown.country_code.empty() && shown.city.empty()) {
    shown.country_code = other.country_code;
    shown.city = other.city;
  }
  constexpr std::array kSingle = {&Profile::company_name, &Profile::locale, &Profile::lifecycle_stage, &Profile::owner};
  for (auto member : kSingle) {
    if ((shown.*member).empty()) shown.*member = other.*member;
  }
  shown.has_email = shown.has_email || other.has_email;
  shown.has_phone = shown.has_phone || other.has_phone;
  shown.tags.insert(shown.tags.end(), other.tags.begin(), other.tags.end());
  shown.custom_fields.insert(other.custom_fields.begin(), other.custom_fields.end());
}

// The minor units and the currency behind a key and a type.
std::optional<Money> ParseAmount(const std::vector<std::string_view>& fields) {
  std::int64_t minor = 0;
  if (fields.size() != 4 || !absl::SimpleAtoi(ToAbsl(fields[2]), &minor)) return std::nullopt;
  const absl::StatusOr<Currency> currency = Currency::Parse(fields[3]);
  if (!currency.ok()) return std::nullopt;
  return Money{minor, *currency};
}

}  // namespace

std::vector<Profile> NewestOfEachContact(std::vector<Profile> profiles) {
  std::sort(profiles.begin(), profiles.end(), [](const Profile& a, const Profile& b) {
    return a.contact_id != b.contact_id ? a.contact_id < b.contact_id : a.version > b.version;
  });
  const auto same = [](const Profile& a, const Profile& b) { return a.contact_id == b.contact_id; };
  profiles.erase(std::unique(profiles.begin(), profiles.end(), same), profiles.end());
  return profiles;
}

Profile MergeProfiles(std::vector<Profile> members, const Uuid& canonical) {
  ESNAF_CHECK(!members.empty());
  SortBySurvivorship(members, canonical);
  Profile shown = members.front();
  for (std::size_t i = 1; i < members.size(); ++i) FillFrom(members[i], shown);
  // A person whose canonical contact has said nothing yet is there all the same.
  if (shown.contact_id != canonical) shown.deleted = false;
  shown.contact_id = canonical;
  std::sort(shown.tags.begin(), shown.tags.end());
  shown.tags.erase(std::unique(shown.tags.begin(), shown.tags.end()), shown.tags.end());
  return shown;
}

std::string FormatCustomFields(const std::map<std::string, CustomValue>& fields) {
  std::string text;
  for (const auto& [key, value] : fields) {
    if (const auto* words = std::get_if<std::string>(&value)) {
      AppendRow(text, {key, "text", *words});
    } else if (const auto* number = std::get_if<double>(&value)) {
      AppendRow(text, {key, "number", absl::StrFormat("%.17g", *number)});
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      AppendRow(text, {key, "boolean", *truth ? "true" : "false"});
    } else if (const auto* date = std::get_if<Date>(&value)) {
      AppendRow(text, {key, "date", FormatDate(*date)});
    } else if (const auto* money = std::get_if<Money>(&value)) {
      AppendRow(text, {key, "money", std::to_string(money->minor), money->currency.code()});
    } else {
      std::vector<std::string_view> row = {key, "options"};
      const auto& options = std::get<std::vector<std::string>>(value);
      row.insert(row.end(), options.begin(), options.end());
      AppendRow(text, row);
    }
  }
  return text;
}

std::map<std::string, CustomValue> ParseCustomFields(std::string_view text) {
  std::map<std::string, CustomValue> fields;
  for (RowReader reader(text); reader.Next();) {
    if (reader.fields().size() < 3) continue;
    const std::string key = Unescape(reader.fields()[0]);
    const std::string_view type = reader.fields()[1];
    const std::string_view value = reader.fields()[2];
    if (type == "options") {
      std::vector<std::string> options;
      for (std::size_t i = 2; i < reader.fields().size(); ++i) options.push_back(Unescape(reader.fields()[i]));
      fields.emplace(key, std::move(options));
    } else if (type == "money") {
      if (std::optional<Money> money = ParseAmount(reader.fields())) fields.emplace(key, *money);
    } else if (type == "text") {
      fields.emplace(key, Unescape(value));
    } else if (type == "boolean") {
      fields.emplace(key, value == "true");
    } else if (double number = 0; type == "number" && absl::SimpleAtod(ToAbsl(value), &number)) {
      fields.emplace(key, number);
    } else if (const absl::StatusOr<Date> date = ParseDate(value); type == "date" && date.ok()) {
      fields.emplace(key, *date);
    }
  }
  return fields;
}

bool ConsentWord::IsNewerThan(const ConsentWord& other) const {
  return std::tie(consent_time, record_time, consent_id) >
         std::tie(other.consent_time, other.record_time, other.consent_id);
}

std::vector<ConsentWord> NewestWords(std::vector<ConsentWord> words) {
  const auto key = [](const ConsentWord& word) { return std::tie(word.contact_id, word.purpose, word.channel); };
  std::sort(words.begin(), words.end(), [&](const ConsentWord& a, const ConsentWord& b) {
    return key(a) != key(b) ? key(a) < key(b) : a.IsNewerThan(b);
  });
  words.erase(std::unique(words.begin(), words.end(),
                          [&](const ConsentWord& a, const ConsentWord& b) { return key(a) == key(b); }),
              words.end());
  return words;
}

}  // namespace esnaf::segmentation

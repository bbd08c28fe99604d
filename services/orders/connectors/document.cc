#include "services/orders/connectors/document.h"

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::orders {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxIdBytes = 200;

}  // namespace

std::string CleanLine(std::string_view text, std::size_t bytes) {
  std::string line;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    line.push_back(control ? ' ' : c);
  }
  std::string clean(Trim(Truncate(line, bytes)));
  return IsCleanUtf8(clean) ? clean : std::string();
}

void Place::Refuse(const char* name, std::string_view problem) const {
  violations_->Add(absl::StrCat(path_, ".", name), problem);
}

const json& Place::Member(const char* name) const {
  static const json kNone;
  const auto found = object_->find(name);
  return found == object_->end() ? kNone : *found;
}

std::string Place::Text(const char* name, std::size_t bytes) const {
  const json& member = Member(name);
  if (member.is_null()) return {};
  if (!member.is_string()) {
    Refuse(name, "is no text");
    return {};
  }
  return CleanLine(member.get_ref<const std::string&>(), bytes);
}

std::string Place::Id(const char* name) const {
  const json& member = Member(name);
  if (member.is_null()) return {};
  if (member.is_number_unsigned()) return std::to_string(member.get<std::uint64_t>());
  if (member.is_number_integer() && member.get<std::int64_t>() >= 0) return member.dump();
  if (!member.is_string() || member.get_ref<const std::string&>().size() > kMaxIdBytes ||
      !IsCleanUtf8(member.get_ref<const std::string&>())) {
    Refuse(name, "is no id of at most 200 bytes");
    return {};
  }
  return member.get<std::string>();
}

std::string Place::Anything(const char* name, std::size_t bytes) const {
  const json& member = Member(name);
  if (member.is_number_integer()) return member.dump();
  return member.is_string() ? CleanLine(member.get_ref<const std::string&>(), bytes) : std::string();
}

bool Place::Flag(const char* name) const {
  const json& member = Member(name);
  if (member.is_null()) return false;
  if (!member.is_boolean()) {
    Refuse(name, "is neither true nor false");
    return false;
  }
  return member.get<bool>();
}

std::int64_t Place::Count(const char* name) const {
  const json& member = Member(name);
  if (member.is_null()) return 0;
  if (!member.is_number_integer() ||
      (member.is_number_unsigned() && member.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())) {
    Refuse(name, "is no whole number");
    return 0;
  }
  return member.get<std::int64_t>();
}

std::optional<Time> Place::When(const char* name) const {
  const std::string text = Text(name);
  if (text.empty()) return std::nullopt;
  if (auto time = ParseRfc3339(text); time.ok()) return *time;
  if (auto time = ParseRfc3339(text + "Z"); time.ok()) return *time;
  Refuse(name, "is no time");
  return std::nullopt;
}

std::optional<std::int64_t> Place::Amount(const char* name, Currency currency) const {
  const json& member = Member(name);
  std::string text;
  if (member.is_string()) {
    text = member.get<std::string>();
  } else if (member.is_number_integer()) {
    text = member.dump();
  } else if (!member.is_null()) {
    Refuse(name, "is no amount as a text");
  }
  if (text.empty()) return std::nullopt;
  const absl::StatusOr<Money> money = ExtendPrice(text, 1, currency);
  if (money.ok()) return money->minor;
  Refuse(name, "is no amount");
  return std::nullopt;
}

Place Place::Object(const char* name) const {
  static const json kEmpty = json::object();
  const json& member = Member(name);
  if (!member.is_null() && !member.is_object()) Refuse(name, "is no object");
  return {member.is_object() ? member : kEmpty, absl::StrCat(path_, ".", name), *violations_};
}

std::vector<Place> Place::Objects(const char* name) const {
  const json& member = Member(name);
  std::vector<Place> places;
  if (member.is_null()) return places;
  if (!member.is_array()) {
    Refuse(name, "is no array");
    return places;
  }
  for (std::size_t i = 0; i < member.size(); ++i) {
    std::string path = absl::StrCat(path_, ".", name, "[", i, "]");
    if (member[i].is_object()) {
      places.push_back({member[i], std::move(path), *violations_});
    } else {
      violations_->Add(path, "is no object");
    }
  }
  return places;
}

std::vector<std::string> Place::Texts(const char* name) const {
  const json& member = Member(name);
  std::vector<std::string> texts;
  if (!member.is_array()) return texts;
  for (const json& text : member) {
    if (text.is_string()) texts.push_back(CleanLine(text.get_ref<const std::string&>(), 500));
  }
  return texts;
}

}  // namespace esnaf::orders

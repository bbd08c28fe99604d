#include "services/contacts/leads/lead_json.h"

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::contacts {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxIdBytes = 200;
std::string Place(std::string_view place, const char* name) { return absl::StrCat(std::string(place), ".", name); }

// Null where it is absent.
const json& Member(const json& object, const char* name) {
  static const json kNone;
  const auto found = object.find(name);
  return found == object.end() ? kNone : *found;
}

}  // namespace

absl::StatusOr<std::string> TextAt(const json& object, const char* name, std::string_view place) {
  const json& member = Member(object, name);
  if (member.is_null()) return std::string();
  if (!member.is_string()) return InvalidField(Place(place, name), "is no text");
  return member.get<std::string>();
}

absl::StatusOr<std::string> IdAt(const json& object, const char* name, std::string_view place) {
  const json& member = Member(object, name);
  if (member.is_number_unsigned()) return std::to_string(member.get<std::uint64_t>());
  const absl::StatusOr<std::string> text = TextAt(object, name, place);
  if (!text.ok() || text->size() > kMaxIdBytes || !IsCleanUtf8(*text)) {
    return InvalidField(Place(place, name), "is no id of at most 200 bytes");
  }
  return text;
}

absl::StatusOr<bool> BoolAt(const json& object, const char* name, std::string_view place) {
  const json& member = Member(object, name);
  if (member.is_null()) return false;
  if (!member.is_boolean()) return InvalidField(Place(place, name), "is neither true nor false");
  return member.get<bool>();
}

absl::StatusOr<json> ObjectsAt(const json& object, const char* name, std::string_view place) {
  const json& member = Member(object, name);
  if (member.is_null()) return json::array();
  if (!member.is_array()) return InvalidField(Place(place, name), "is no array");
  for (std::size_t i = 0; i < member.size(); ++i) {
    if (!member[i].is_object()) return InvalidField(absl::StrCat(Place(place, name), "[", i, "]"), "is no object");
  }
  return member;
}

}  // namespace esnaf::contacts

#pragma once

// Reads what platforms post, naming the place of what cannot be read: `body.entry[0].changes`.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace esnaf::contacts {

// A member, empty where it is absent or null. INVALID_ARGUMENT naming `place.name` where it is of another type.
absl::StatusOr<std::string> TextAt(const nlohmann::json& object, const char* name, std::string_view place);
// An id as a text or a whole number, of at most 200 bytes.
absl::StatusOr<std::string> IdAt(const nlohmann::json& object, const char* name, std::string_view place);
absl::StatusOr<bool> BoolAt(const nlohmann::json& object, const char* name, std::string_view place);
// An array of objects; null where it is absent.
absl::StatusOr<nlohmann::json> ObjectsAt(const nlohmann::json& object, const char* name, std::string_view place);

}  // namespace esnaf::contacts

#include "libs/base/json_object.h"

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/json_shape.h"

namespace esnaf {

absl::StatusOr<nlohmann::json> ParseJsonObject(std::string_view text) {
  if (const absl::Status shape = CheckJsonShape(text); !shape.ok()) {
    return InvalidField("body", ToStd(shape.message()));
  }
  nlohmann::json parsed;
  // The library says where a mistake is only by an exception.
  try {
    parsed = nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::parse_error& error) {
    return InvalidField("body", absl::StrCat("is no JSON from byte ", error.byte, " on"));
  } catch (const nlohmann::json::exception&) {
    // A number beyond every bound; what the library says of it would quote it.
    return InvalidField("body", "is no JSON that can be read");
  }
  if (!parsed.is_object()) return InvalidField("body", "is no JSON object");
  return parsed;
}

}  // namespace esnaf

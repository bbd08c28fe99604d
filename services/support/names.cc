#include "services/support/names.h"

#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxNameBytes = 200;

}  // namespace

void CheckNames(const std::string& id, const std::string& display_name, const std::string& field,
                FieldViolations& violations) {
  if (!IsStoreId(id)) violations.Add(field + ".id", "is not of the form [a-z0-9][a-z0-9_-]{0,62}");
  if (display_name.size() > kMaxNameBytes || !IsCleanUtf8(display_name)) {
    violations.Add(field + ".display_name", absl::StrCat("is no clean UTF-8 of at most ", kMaxNameBytes, " bytes"));
  }
}

}  // namespace esnaf::support

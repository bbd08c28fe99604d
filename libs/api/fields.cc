#include "libs/api/fields.h"

#include <algorithm>

namespace esnaf::api {

const Field* FieldTable::Find(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace esnaf::api

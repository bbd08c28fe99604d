#include "libs/base/store_id.h"

#include <algorithm>

namespace esnaf {

bool IsStoreId(std::string_view id) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  return !id.empty() && id.size() <= 63 && id[0] != '-' && id[0] != '_' && std::all_of(id.begin(), id.end(), good);
}

}  // namespace esnaf

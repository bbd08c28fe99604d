#pragma once

#include <string_view>

namespace esnaf {

// Whether a store can have this id: `[a-z0-9][a-z0-9_-]{0,62}`.
bool IsStoreId(std::string_view id);

}  // namespace esnaf

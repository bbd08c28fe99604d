#pragma once

// The SQL of what only the connectors of storefronts keep.
#include <optional>
#include <string>
#include <string_view>

#include "libs/hooks/connector.h"

namespace esnaf::orders {

// Moves the mark of a thing forward. False where one as new or newer was handled before.
absl::StatusOr<bool> AdvanceMark(postgres::Tx& tx, std::string_view store_id, std::string_view kind,
                                 std::string_view external_id, Time update_time, std::string_view value = "");
absl::StatusOr<std::optional<std::string>> FindMark(postgres::Tx& tx, std::string_view store_id, std::string_view kind,
                                                    std::string_view external_id);
// Keeps a demand of the platform, once for each delivery.
absl::Status InsertRequest(postgres::Tx& tx, const hooks::Delivery& delivery, std::string_view topic,
                           std::string_view subject, Time now);

}  // namespace esnaf::orders

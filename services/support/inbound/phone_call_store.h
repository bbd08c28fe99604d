#pragma once

// Phone calls as they are stored.
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/inbound/phone_call.h"

namespace esnaf::support {

// False where there is one of this external id in the store.
absl::StatusOr<bool> InsertPhoneCall(postgres::Tx& tx, const PhoneCall& call);
absl::StatusOr<std::optional<PhoneCall>> FindPhoneCall(postgres::Tx& tx, const Uuid& id);
// None where the external id is empty.
absl::StatusOr<std::optional<PhoneCall>> FindPhoneCallOf(postgres::Tx& tx, const std::string& store_id,
                                                         const std::string& external_id);
// What lists select of `phone_call c`.
extern const char kPhoneCallColumns[];
inline constexpr int kPhoneCallColumnCount = 15;
PhoneCall ReadPhoneCall(const postgres::Row& row);

}  // namespace esnaf::support

#pragma once

// The SQL of custom field definitions.
#include <vector>

#include "libs/postgres/connection.h"
#include "services/contacts/custom_field.h"

namespace esnaf::contacts {

// ALREADY_EXISTS where the key is taken.
absl::Status CreateCustomField(postgres::Tx& tx, const CustomField& field, Time now);
// Every definition, by key.
absl::StatusOr<std::vector<CustomField>> ListCustomFields(postgres::Tx& tx);

}  // namespace esnaf::contacts

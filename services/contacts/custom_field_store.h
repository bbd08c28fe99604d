#pragma once

// The SQL of custom field definitions.
#include <vector>

#include "libs/postgres/connection.h"
#include "services/contacts/custom_field.h"

namespace esnaf::contacts {

// ALREADY_EXISTS where the key is taken.
absl::Status CreateCustomField(postgres::Tx& tx, const CustomField& field, Time now);
// Locks the definition until the transaction ends; NOT_FOUND where there is none.
absl::StatusOr<CustomField> LockCustomField(postgres::Tx& tx, const std::string& key);
absl::Status UpdateCustomField(postgres::Tx& tx, const CustomField& field);
absl::Status DeleteCustomField(postgres::Tx& tx, const std::string& key);
// Which of the options some contact has, deleted ones included.
absl::StatusOr<std::vector<std::string>> FindUsedOptions(postgres::Tx& tx, const std::string& key,
                                                         const std::vector<std::string>& options);
// Whether some contact has the field, deleted ones included.
absl::StatusOr<bool> IsCustomFieldUsed(postgres::Tx& tx, const std::string& key);
// Every definition, by key.
absl::StatusOr<std::vector<CustomField>> ListCustomFields(postgres::Tx& tx);

}  // namespace esnaf::contacts

#include "services/contacts/custom_field_store.h"

#include "libs/base/error.h"

namespace esnaf::contacts {
namespace {

const postgres::Statement kCreateCustomField("contacts", "create_custom_field", R"sql(
  INSERT INTO custom_field (key, display_name, type, options, create_time)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT DO NOTHING)sql");

const postgres::Statement kLockCustomField("contacts", "lock_custom_field", R"sql(
  SELECT key, display_name, type, options FROM custom_field WHERE key = $1 FOR UPDATE)sql");

const postgres::Statement kUpdateCustomField("contacts", "update_custom_field", R"sql(
  UPDATE custom_field SET display_name = $2, options = $3 WHERE key = $1)sql");

const postgres::Statement kDeleteCustomField("contacts", "delete_custom_field",
                                             "DELETE FROM custom_field WHERE key = $1");

// Both read every contact, which an operator does seldom.
const postgres::Statement kFindUsedOptions("contacts", "find_used_options", R"sql(
  SELECT DISTINCT option
    FROM contact, jsonb_array_elements_text(CASE jsonb_typeof(custom_fields -> $1::text)
           WHEN 'array' THEN custom_fields -> $1::text ELSE jsonb_build_array(custom_fields -> $1::text) END) AS option
   WHERE custom_fields ? $1::text AND option = ANY($2::text[]) ORDER BY 1)sql");

const postgres::Statement kIsCustomFieldUsed("contacts", "is_custom_field_used", R"sql(
  SELECT EXISTS (SELECT FROM contact WHERE custom_fields ? $1))sql");

const postgres::Statement kListCustomFields("contacts", "list_custom_fields", R"sql(
  SELECT key, display_name, type, options FROM custom_field ORDER BY key)sql");

CustomField ReadCustomField(const postgres::Row& row) {
  return {row.Get<std::string>(0), row.Get<std::string>(1), static_cast<CustomFieldType>(row.Get<int>(2)),
          row.Get<std::vector<std::string>>(3)};
}

}  // namespace

absl::Status CreateCustomField(postgres::Tx& tx, const CustomField& field, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result result, tx.Execute(kCreateCustomField, field.key, field.display_name,
                                                                   static_cast<int>(field.type), field.options, now));
  if (result.affected_rows() == 1) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAlreadyExists, "CUSTOM_FIELD_EXISTS", "there is a custom field with this key",
                   {{"key", field.key}});
}

absl::StatusOr<CustomField> LockCustomField(postgres::Tx& tx, const std::string& key) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kLockCustomField, key));
  if (rows.empty()) return NotFound("custom_field", key);
  return ReadCustomField(rows[0]);
}

absl::Status UpdateCustomField(postgres::Tx& tx, const CustomField& field) {
  return tx.Execute(kUpdateCustomField, field.key, field.display_name, field.options).status();
}

absl::Status DeleteCustomField(postgres::Tx& tx, const std::string& key) {
  return tx.Execute(kDeleteCustomField, key).status();
}

absl::StatusOr<std::vector<std::string>> FindUsedOptions(postgres::Tx& tx, const std::string& key,
                                                         const std::vector<std::string>& options) {
  std::vector<std::string> used;
  if (options.empty()) return used;
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kFindUsedOptions, key, options));
  for (int i = 0; i < rows.size(); ++i) used.push_back(rows[i].Get<std::string>(0));
  return used;
}

absl::StatusOr<bool> IsCustomFieldUsed(postgres::Tx& tx, const std::string& key) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kIsCustomFieldUsed, key));
  return rows[0].Get<bool>(0);
}

absl::StatusOr<std::vector<CustomField>> ListCustomFields(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListCustomFields));
  std::vector<CustomField> fields;
  for (int i = 0; i < rows.size(); ++i) {
    fields.push_back(ReadCustomField(rows[i]));
  }
  return fields;
}

}  // namespace esnaf::contacts

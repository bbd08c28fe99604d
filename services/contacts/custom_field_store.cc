#include "services/contacts/custom_field_store.h"

#include "libs/base/error.h"

namespace esnaf::contacts {
namespace {

const postgres::Statement kCreateCustomField("contacts", "create_custom_field", R"sql(
  INSERT INTO custom_field (key, display_name, type, options, create_time)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT DO NOTHING)sql");

const postgres::Statement kListCustomFields("contacts", "list_custom_fields", R"sql(
  SELECT key, display_name, type, options FROM custom_field ORDER BY key)sql");

}  // namespace

absl::Status CreateCustomField(postgres::Tx& tx, const CustomField& field, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result result, tx.Execute(kCreateCustomField, field.key, field.display_name,
                                                                   static_cast<int>(field.type), field.options, now));
  if (result.affected_rows() == 1) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAlreadyExists, "CUSTOM_FIELD_EXISTS", "there is a custom field with this key",
                   {{"key", field.key}});
}

absl::StatusOr<std::vector<CustomField>> ListCustomFields(postgres::Tx& tx) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kListCustomFields));
  std::vector<CustomField> fields;
  for (int i = 0; i < rows.size(); ++i) {
    fields.push_back({rows[i].Get<std::string>(0), rows[i].Get<std::string>(1),
                      static_cast<CustomFieldType>(rows[i].Get<int>(2)), rows[i].Get<std::vector<std::string>>(3)});
  }
  return fields;
}

}  // namespace esnaf::contacts

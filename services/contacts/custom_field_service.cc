#include "services/contacts/custom_field_service.h"

#include "libs/base/error.h"
#include "services/contacts/contact_wire.h"
#include "services/contacts/custom_field_store.h"

namespace esnaf::contacts {
namespace {

// What the request asks to change: the fields of its mask, or those that are present.
absl::StatusOr<CustomFieldChange> ReadChange(const v1::UpdateCustomFieldRequest& request) {
  const v1::CustomField& field = request.custom_field();
  bool names = request.update_mask().paths().empty() && !field.display_name().empty();
  bool options = request.update_mask().paths().empty() && !field.options().empty();
  for (const std::string& path : request.update_mask().paths()) {
    if (path != "display_name" && path != "options" && path != "*") {
      return InvalidField("update_mask", "names something else than display_name and options");
    }
    names |= path != "options";
    options |= path != "display_name";
  }
  CustomFieldChange change;
  if (names) change.display_name = field.display_name();
  if (options) change.options.emplace(field.options().begin(), field.options().end());
  return change;
}

}  // namespace

runtime::RpcService CustomFieldService::Rpcs() {
  runtime::RpcService rpcs("esnaf.contacts.v1.CustomFieldService");
  rpcs.Unary("CreateCustomField", this, &CustomFieldService::CreateCustomField)
      .Unary("UpdateCustomField", this, &CustomFieldService::UpdateCustomField)
      .Unary("DeleteCustomField", this, &CustomFieldService::DeleteCustomField)
      .Unary("ListCustomFields", this, &CustomFieldService::ListCustomFields);
  return rpcs;
}

absl::StatusOr<v1::CustomField> CustomFieldService::CreateCustomField(runtime::Call& call,
                                                                      const v1::CreateCustomFieldRequest& request) {
  const CustomField field = FromProto(request.custom_field());
  FieldViolations violations;
  CheckDefinition(field, violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return call.Mutate<v1::CustomField>(request, runtime::Call::Writes::kSingleStatement,
                                      [&](postgres::Tx& tx) -> absl::StatusOr<v1::CustomField> {
                                        ESNAF_RETURN_IF_ERROR(contacts::CreateCustomField(tx, field, call.now()));
                                        return ToProto(field);
                                      });
}

absl::StatusOr<v1::CustomField> CustomFieldService::UpdateCustomField(runtime::Call& call,
                                                                      const v1::UpdateCustomFieldRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const CustomFieldChange change, ReadChange(request));
  return call.Mutate<v1::CustomField>(
      request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::CustomField> {
        ESNAF_ASSIGN_OR_RETURN(const CustomField known, LockCustomField(tx, request.custom_field().key()));
        const CustomField changed = Apply(known, change);
        FieldViolations violations;
        CheckDefinition(changed, violations);
        const auto type = static_cast<CustomFieldType>(request.custom_field().type());
        if (type != CustomFieldType::kUnspecified && type != known.type) {
          violations.Add("custom_field.type", "never changes");
        }
        ESNAF_RETURN_IF_ERROR(violations.ToStatus());
        ESNAF_ASSIGN_OR_RETURN(const std::vector<std::string> used,
                               FindUsedOptions(tx, known.key, OptionsGone(known, changed)));
        if (!used.empty()) {
          return MakeError(absl::StatusCode::kFailedPrecondition, "CUSTOM_FIELD_OPTION_IN_USE",
                           "contacts have an option that would go", {{"key", known.key}, {"option", used.front()}});
        }
        if (changed != known) ESNAF_RETURN_IF_ERROR(contacts::UpdateCustomField(tx, changed));
        return ToProto(changed);
      });
}

absl::StatusOr<v1::DeleteCustomFieldResponse> CustomFieldService::DeleteCustomField(
    runtime::Call& call, const v1::DeleteCustomFieldRequest& request) {
  using Response = v1::DeleteCustomFieldResponse;
  return call.Mutate<Response>(request, runtime::Call::Writes::kTransaction,
                               [&](postgres::Tx& tx) -> absl::StatusOr<Response> {
                                 ESNAF_ASSIGN_OR_RETURN(const CustomField known, LockCustomField(tx, request.key()));
                                 ESNAF_ASSIGN_OR_RETURN(const bool used, IsCustomFieldUsed(tx, known.key));
                                 if (used) {
                                   return MakeError(absl::StatusCode::kFailedPrecondition, "CUSTOM_FIELD_IN_USE",
                                                    "contacts have the field", {{"key", known.key}});
                                 }
                                 ESNAF_RETURN_IF_ERROR(contacts::DeleteCustomField(tx, known.key));
                                 return Response();
                               });
}

absl::StatusOr<v1::ListCustomFieldsResponse> CustomFieldService::ListCustomFields(runtime::Call& call,
                                                                                  const v1::ListCustomFieldsRequest&) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CustomField> fields,
                         call.Read([](postgres::Tx& tx) { return contacts::ListCustomFields(tx); }));
  v1::ListCustomFieldsResponse response;
  for (const CustomField& field : fields) *response.add_custom_fields() = ToProto(field);
  return response;
}

}  // namespace esnaf::contacts

#include "services/contacts/custom_field_service.h"

#include "services/contacts/contact_wire.h"
#include "services/contacts/custom_field_store.h"

namespace esnaf::contacts {

runtime::RpcService CustomFieldService::Rpcs() {
  runtime::RpcService rpcs("esnaf.contacts.v1.CustomFieldService");
  rpcs.Unary("CreateCustomField", this, &CustomFieldService::CreateCustomField)
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

absl::StatusOr<v1::ListCustomFieldsResponse> CustomFieldService::ListCustomFields(runtime::Call& call,
                                                                                  const v1::ListCustomFieldsRequest&) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CustomField> fields,
                         call.Read([](postgres::Tx& tx) { return contacts::ListCustomFields(tx); }));
  v1::ListCustomFieldsResponse response;
  for (const CustomField& field : fields) *response.add_custom_fields() = ToProto(field);
  return response;
}

}  // namespace esnaf::contacts

#pragma once

// The RPC handlers of custom field definitions.
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::contacts {

class CustomFieldService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::CustomField> CreateCustomField(runtime::Call& call, const v1::CreateCustomFieldRequest& request);
  absl::StatusOr<v1::CustomField> UpdateCustomField(runtime::Call& call, const v1::UpdateCustomFieldRequest& request);
  absl::StatusOr<v1::DeleteCustomFieldResponse> DeleteCustomField(runtime::Call& call,
                                                                  const v1::DeleteCustomFieldRequest& request);
  absl::StatusOr<v1::ListCustomFieldsResponse> ListCustomFields(runtime::Call& call,
                                                                const v1::ListCustomFieldsRequest& request);
};

}  // namespace esnaf::contacts

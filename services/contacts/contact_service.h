#pragma once

// The RPC handlers of contacts themselves: create, read, update, delete, list, search.
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/contacts/linking_service.h"
#include "services/contacts/merge_service.h"

namespace esnaf::contacts {

class ContactService {
 public:
  // All methods of esnaf.contacts.v1.ContactService, bound to the handlers of this file and its neighbours.
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::Contact> CreateContact(runtime::Call& call, const v1::CreateContactRequest& request);
  absl::StatusOr<v1::Contact> GetContact(runtime::Call& call, const v1::GetContactRequest& request);
  absl::StatusOr<v1::BatchGetContactsResponse> BatchGetContacts(runtime::Call& call,
                                                                const v1::BatchGetContactsRequest& request);
  absl::StatusOr<v1::Contact> UpdateContact(runtime::Call& call, const v1::UpdateContactRequest& request);
  absl::StatusOr<v1::ListContactsResponse> ListContacts(runtime::Call& call, const v1::ListContactsRequest& request);
  absl::StatusOr<v1::Contact> DeleteContact(runtime::Call& call, const v1::DeleteContactRequest& request);
  absl::StatusOr<v1::Contact> UndeleteContact(runtime::Call& call, const v1::UndeleteContactRequest& request);
  absl::StatusOr<v1::SearchContactsResponse> SearchContacts(runtime::Call& call,
                                                            const v1::SearchContactsRequest& request);

 private:
  LinkingService linking_;
  MergeService merge_;
};

}  // namespace esnaf::contacts

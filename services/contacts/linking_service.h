#pragma once

// The RPC handlers that find contacts by their identities: upsert and resolve.
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/contacts/contact.h"

namespace esnaf::contacts {

class LinkingService {
 public:
  void AddRpcs(runtime::RpcService& rpcs);

  absl::StatusOr<v1::UpsertContactResponse> UpsertContact(runtime::Call& call, const v1::UpsertContactRequest& request);
  absl::StatusOr<v1::ResolveContactsResponse> ResolveContacts(runtime::Call& call,
                                                              const v1::ResolveContactsRequest& request);
};

// Finds the contact of a person whom anybody tells of by a form, and adds what it lacks, or creates it, within a
// transaction of another mutation. What the contact has stays, and a deleted one stays deleted. `given` is normalized
// and has identities. Answers the unmerged id.
struct UpsertedContact {
  Uuid id;
  bool created = false;
};
absl::StatusOr<UpsertedContact> UpsertFromForm(const runtime::Call& call, postgres::Tx& tx, const Contact& given);

// Finds the contact of one identity, or creates it, within a transaction of another mutation. Answers the unmerged id.
absl::StatusOr<Uuid> ResolveIdentity(const runtime::Call& call, postgres::Tx& tx, const Identity& identity);

}  // namespace esnaf::contacts

#pragma once

// What every mutation of contacts ends in.
#include "libs/runtime/call.h"
#include "services/contacts/contact_store.h"

namespace esnaf::contacts {

// Adds the step from `before` to `after` to `changes`, with the next version and the call's time; nothing where they do
// not differ. Answers the contact as it then is.
Contact AddChange(const runtime::Call& call, const std::optional<Contact>& before, Contact after, ChangeSet& changes);

// Writes the changes and a ContactChanged for each. Answers the reviews that are new.
absl::StatusOr<std::vector<Uuid>> SaveChanges(const runtime::Call& call, postgres::Tx& tx, const ChangeSet& changes);

// Reads the definitions, where the contact has values, and checks them.
absl::Status CheckCustomValues(postgres::Tx& tx, const CustomFields& values);

// PERMISSION_DENIED where the caller's key is limited to stores and an identity belongs to another one.
absl::Status CheckStores(const runtime::Caller& caller, const std::vector<Identity>& identities);

// ALREADY_EXISTS with the reason `DUPLICATE_CONTACT` and the ids.
absl::Status DuplicateContact(const std::vector<Uuid>& candidates);

// FAILED_PRECONDITION, reason `CONTACT_DELETED`.
absl::Status ContactDeleted(const Uuid& contact);

// Whether the mutation wrote nothing because another call changed meanwhile what it had read.
bool Collided(const absl::Status& status);

// Runs `body(Tx&) -> StatusOr<Response>`, which ends in SaveChanges, as a mutation. Where another call was faster it
// runs again on what that one left: each round at least one call gets through.
template <typename Response, typename Request, typename Body>
absl::StatusOr<Response> MutateContacts(runtime::Call& call, const Request& request, Body&& body) {
  constexpr int kMostRounds = 10;
  for (int round = 1;; ++round) {
    auto answer = call.Mutate<Response>(request, runtime::Call::Writes::kSingleStatement, body);
    if (round == kMostRounds || !Collided(answer.status())) return answer;
  }
}

// Runs `body(Tx&) -> StatusOr<Response>` as a mutation, or, where the caller only wants it checked, as a read: the body
// then writes nothing.
template <typename Response, typename Request, typename Body>
absl::StatusOr<Response> MutateOrValidate(runtime::Call& call, const Request& request, Body&& body) {
  if (request.validate_only()) return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<Response> { return body(tx); });
  return MutateContacts<Response>(call, request, body);
}

}  // namespace esnaf::contacts

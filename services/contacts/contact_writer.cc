#include "services/contacts/contact_writer.h"

#include "esnaf/contacts/v1/events.pb.h"
#include "services/contacts/contact_wire.h"
#include "services/contacts/custom_field_store.h"

namespace esnaf::contacts {

Contact AddChange(const runtime::Call& call, const std::optional<Contact>& before, Contact after, ChangeSet& changes) {
  if (before && SameContent(*before, after)) return *before;
  after.version = (before ? before->version : 0) + 1;
  after.update_time = call.now();
  if (!before) after.create_time = call.now();
  changes.contacts.push_back({before, after});
  return after;
}

absl::StatusOr<std::vector<Uuid>> SaveChanges(const runtime::Call& call, postgres::Tx& tx, const ChangeSet& changes) {
  if (changes.empty()) return std::vector<Uuid>();
  std::vector<events::NewEvent> events;
  events.reserve(changes.contacts.size());
  for (const ContactChange& change : changes.contacts) {
    v1::ContactChanged payload;
    *payload.mutable_contact() = ToProto(change.after);
    events.push_back(
        events::MakeEvent(call, "contact", change.after.id, change.after.version, payload, change.after.update_time));
  }
  return WriteChanges(tx, changes, events);
}

bool Collided(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kAborted) return false;
  const auto sqlstate = ErrorMetadataValue(status, "sqlstate");
  return sqlstate == "40001" || sqlstate == "40P01";  // serialization failure, deadlock
}

absl::Status CheckCustomValues(postgres::Tx& tx, const CustomFields& values) {
  if (values.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::vector<CustomField> definitions, ListCustomFields(tx));
  FieldViolations violations;
  CheckValues(values, definitions, violations);
  return violations.ToStatus();
}

absl::Status CheckStores(const runtime::Caller& caller, const std::vector<Identity>& identities) {
  for (const Identity& identity : identities) {
    if (identity.key.kind == IdentityKind::kStoreCustomer && !caller.MaySee(identity.key.store_id)) {
      return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_ALLOWED", "the key is not for this store",
                       {{"store_id", identity.key.store_id}});
    }
  }
  return absl::OkStatus();
}

absl::Status DuplicateContact(const std::vector<Uuid>& candidates) {
  std::string ids;
  for (const Uuid& candidate : candidates) ids += (ids.empty() ? "" : ",") + candidate.ToString();
  return MakeError(absl::StatusCode::kAlreadyExists, "DUPLICATE_CONTACT",
                   "another contact has one of the identities or looks like the same person", {{"candidate_ids", ids}});
}

absl::Status ContactDeleted(const Uuid& contact) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "CONTACT_DELETED",
                   "the contact is deleted; undelete it first", {{"contact_id", contact.ToString()}});
}

}  // namespace esnaf::contacts

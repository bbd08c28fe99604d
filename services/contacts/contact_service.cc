#include "services/contacts/contact_service.h"

#include "libs/api/convert.h"
#include "libs/base/text.h"
#include "services/contacts/contact_wire.h"
#include "services/contacts/contact_writer.h"

namespace esnaf::contacts {
namespace {

constexpr int kMostInBatch = 1000;
constexpr int kMostSimilarNames = 20;

std::vector<IdentityKey> KeysOf(const std::vector<Identity>& identities) {
  std::vector<IdentityKey> keys;
  for (const Identity& identity : identities) keys.push_back(identity.key);
  return keys;
}

// Reads and checks a contact as a request brings it.
absl::StatusOr<Contact> ReadContactArgument(const runtime::Call& call, const v1::Contact& proto) {
  FieldViolations violations;
  Contact contact = NormalizeContact(FromProto(proto, violations), violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  ESNAF_RETURN_IF_ERROR(CheckStores(call.caller(), contact.identities));
  return contact;
}

// Whether anybody else has one of the contact's identities or, where asked, looks like the same person.
absl::Status CheckDuplicates(postgres::Tx& tx, const Contact& contact, bool look_alikes_too) {
  std::vector<Uuid> candidates;
  const auto add = [&](const Uuid& id) {
    if (std::find(candidates.begin(), candidates.end(), id) == candidates.end()) candidates.push_back(id);
  };
  ESNAF_ASSIGN_OR_RETURN(const KnownIdentities known, FindHolders(tx, KeysOf(contact.identities)));
  for (const auto& [key, holder] : known.holders) add(holder.canonical_id);
  if (candidates.empty() && look_alikes_too) {
    ESNAF_ASSIGN_OR_RETURN(const auto similar, FindSimilarNames(tx, FoldName(ShownName(contact)), kMostSimilarNames));
    for (const SimilarContact& other : similar) {
      const Likeness likeness = ScoreLikeness(contact, other.stored.contact, {.name_similarity = other.similarity});
      if (likeness.score >= kLooksLikeSamePerson) add(other.stored.contact.id);
    }
  }
  return candidates.empty() ? absl::OkStatus() : DuplicateContact(candidates);
}

// The fields to update: those of the mask, or those that the contact has; what only the service sets is passed over.
absl::StatusOr<std::vector<std::string>> ReadMask(const v1::UpdateContactRequest& request, const Contact& given) {
  constexpr std::string_view kOutputOnly[] = {"id",          "etag",        "merged_contact_ids",
                                              "create_time", "update_time", "delete_time"};
  if (request.update_mask().paths().empty()) return PresentFields(given);
  std::vector<std::string> paths;
  FieldViolations violations;
  for (const std::string& path : request.update_mask().paths()) {
    if (std::find(std::begin(kOutputOnly), std::end(kOutputOnly), path) != std::end(kOutputOnly)) continue;
    if (path == "*") {
      paths.insert(paths.end(), {"given_name", "family_name", "display_name", "company_name", "identities", "addresses",
                                 "tags", "locale", "custom_fields", "lifecycle_stage", "owner"});
    } else if (IsUpdatableField(path)) {
      paths.push_back(path);
    } else {
      violations.Add("update_mask", "names `" + std::string(Truncate(path, 100)) + "`, which is no field of a contact");
    }
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return paths;
}

absl::Status CheckEtag(const Person& person, const std::string& etag) {
  if (etag.empty() || etag == person.etag) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the contact changed since it was read",
                   {{"etag", person.etag}});
}

// Gives the person the wanted identities, each member what is its own.
absl::Status ChangeIdentities(postgres::Tx& tx, const Person& person, const std::vector<Identity>& wanted,
                              std::vector<StoredContact>& members) {
  ESNAF_ASSIGN_OR_RETURN(const KnownIdentities known, FindHolders(tx, KeysOf(wanted)));
  std::vector<Uuid> others;
  for (const auto& [key, holder] : known.holders) {
    if (holder.canonical_id != person.contact.id) others.push_back(holder.canonical_id);
  }
  if (!others.empty()) return DuplicateContact(others);
  std::map<Uuid, std::vector<Identity>> distributed = DistributeIdentities(person, wanted);
  for (StoredContact& member : members) member.contact.identities = distributed[member.contact.id];
  return absl::OkStatus();
}

// Writes what differs between the person's members and `members`, unless it is only to be checked.
absl::StatusOr<v1::Contact> SavePerson(runtime::Call& call, postgres::Tx& tx, const Person& person,
                                       std::vector<StoredContact> members, bool validate_only) {
  ChangeSet changes;
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].contact = AddChange(call, person.members[i].contact, members[i].contact, changes);
  }
  if (!validate_only) ESNAF_RETURN_IF_ERROR(SaveChanges(call, tx, changes).status());
  return ToProto(MakePerson(std::move(members)));
}

}  // namespace

runtime::RpcService ContactService::Rpcs() {
  runtime::RpcService rpcs("esnaf.contacts.v1.ContactService");
  rpcs.Unary("CreateContact", this, &ContactService::CreateContact)
      .Unary("GetContact", this, &ContactService::GetContact)
      .Unary("BatchGetContacts", this, &ContactService::BatchGetContacts)
      .Unary("UpdateContact", this, &ContactService::UpdateContact)
      .Unary("ListContacts", this, &ContactService::ListContacts)
      .Unary("DeleteContact", this, &ContactService::DeleteContact)
      .Unary("UndeleteContact", this, &ContactService::UndeleteContact)
      .Unary("SearchContacts", this, &ContactService::SearchContacts);
  linking_.AddRpcs(rpcs);
  merge_.AddRpcs(rpcs);
  return rpcs;
}

absl::StatusOr<v1::Contact> ContactService::CreateContact(runtime::Call& call,
                                                          const v1::CreateContactRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Contact given, ReadContactArgument(call, request.contact()));
  if (ShownName(given).empty() && given.company_name.empty() && given.identities.empty()) {
    return InvalidField("contact", "has neither a name nor an identity");
  }
  return MutateOrValidate<v1::Contact>(call, request, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Contact> {
    ESNAF_RETURN_IF_ERROR(CheckCustomValues(tx, given.custom_fields));
    ESNAF_RETURN_IF_ERROR(CheckDuplicates(tx, given, !request.allow_duplicates()));
    ChangeSet changes;
    Contact contact = given;
    contact.id = Uuid::NewV7(call.now());
    contact = AddChange(call, std::nullopt, std::move(contact), changes);
    if (!request.validate_only()) ESNAF_RETURN_IF_ERROR(SaveChanges(call, tx, changes).status());
    return ToProto(contact);
  });
}

absl::StatusOr<v1::Contact> ContactService::GetContact(runtime::Call& call, const v1::GetContactRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const Person person, call.Read([&](postgres::Tx& tx) { return GetPerson(tx, id); }));
  return ToProto(person);
}

absl::StatusOr<v1::BatchGetContactsResponse> ContactService::BatchGetContacts(
    runtime::Call& call, const v1::BatchGetContactsRequest& request) {
  if (request.ids().empty() || request.ids_size() > kMostInBatch) return InvalidField("ids", "must be 1 to 1000");
  std::vector<Uuid> ids;
  for (int i = 0; i < request.ids_size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ids(i), "ids[" + std::to_string(i) + "]"));
    ids.push_back(id);
  }
  ESNAF_ASSIGN_OR_RETURN(const auto persons, call.Read([&](postgres::Tx& tx) { return GetPersons(tx, ids); }));
  v1::BatchGetContactsResponse response;
  for (std::size_t i = 0; i < persons.size(); ++i) {
    if (persons[i]) {
      *response.add_contacts() = ToProto(*persons[i]);
    } else if (!request.skip_missing()) {
      return NotFound("contact", ids[i].ToString());
    }
  }
  return response;
}

absl::StatusOr<v1::Contact> ContactService::UpdateContact(runtime::Call& call,
                                                          const v1::UpdateContactRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.contact().id(), "contact.id"));
  ESNAF_ASSIGN_OR_RETURN(const Contact given, ReadContactArgument(call, request.contact()));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ReadMask(request, given));
  return MutateOrValidate<v1::Contact>(call, request, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Contact> {
    ESNAF_RETURN_IF_ERROR(CheckCustomValues(tx, given.custom_fields));
    ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, id));
    if (person.contact.delete_time) return ContactDeleted(person.contact.id);
    ESNAF_RETURN_IF_ERROR(CheckEtag(person, request.contact().etag()));
    std::vector<StoredContact> members = person.members;
    CopyFields(given, paths, members.front().contact);
    if (std::find(paths.begin(), paths.end(), "identities") != paths.end()) {
      ESNAF_RETURN_IF_ERROR(ChangeIdentities(tx, person, given.identities, members));
    }
    return SavePerson(call, tx, person, std::move(members), request.validate_only());
  });
}

absl::StatusOr<v1::ListContactsResponse> ContactService::ListContacts(runtime::Call& call,
                                                                      const v1::ListContactsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, ContactFields(), {.default_order = "create_time desc"}));
  v1::ListContactsResponse response;
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) -> absl::Status {
    response.Clear();
    ESNAF_ASSIGN_OR_RETURN(const ContactPage page, contacts::ListContacts(tx, query, request.show_deleted()));
    std::vector<Uuid> merged;
    for (const StoredContact& stored : page.contacts) {
      if (stored.has_merged) merged.push_back(stored.contact.id);
    }
    std::vector<std::optional<Person>> persons;
    if (!merged.empty()) {
      ESNAF_ASSIGN_OR_RETURN(persons, GetPersons(tx, merged));
    }
    std::size_t next = 0;
    for (const StoredContact& stored : page.contacts) {
      const bool whole = stored.has_merged && persons[next];
      *response.add_contacts() = whole ? ToProto(*persons[next]) : ToProto(stored.contact);
      if (stored.has_merged) ++next;
    }
    response.set_next_page_token(page.next_page_token);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::Contact> ContactService::DeleteContact(runtime::Call& call,
                                                          const v1::DeleteContactRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return MutateContacts<v1::Contact>(call, request, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Contact> {
    ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(person, request.etag()));
    std::vector<StoredContact> members = person.members;
    if (!members.front().contact.delete_time) members.front().contact.delete_time = call.now();
    return SavePerson(call, tx, person, std::move(members), false);
  });
}

absl::StatusOr<v1::Contact> ContactService::UndeleteContact(runtime::Call& call,
                                                            const v1::UndeleteContactRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return MutateContacts<v1::Contact>(call, request, [&](postgres::Tx& tx) -> absl::StatusOr<v1::Contact> {
    ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, id));
    if (!person.contact.delete_time) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_DELETED", "the contact is not deleted",
                       {{"contact_id", person.contact.id.ToString()}});
    }
    std::vector<StoredContact> members = person.members;
    members.front().contact.delete_time.reset();
    return SavePerson(call, tx, person, std::move(members), false);
  });
}

absl::StatusOr<v1::SearchContactsResponse> ContactService::SearchContacts(runtime::Call& call,
                                                                          const v1::SearchContactsRequest& request) {
  const std::string text(Trim(request.query()));
  FieldViolations violations;
  CheckText(text, "query", kMaxTextBytes, violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  SearchQuery query{.exact_values = {text}, .folded = FoldName(text)};
  if (query.folded.size() < 2) return InvalidField("query", "needs at least two characters");
  if (auto email = NormalizeEmail(text); email.ok()) query.exact_values.push_back(*email);
  if (auto phone = NormalizePhone(text); phone.ok()) query.exact_values.push_back(*phone);
  ESNAF_ASSIGN_OR_RETURN(const int most, api::PageSize(request.page_size(), 20, 100));
  v1::SearchContactsResponse response;
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) -> absl::Status {
    response.Clear();
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> found, contacts::SearchContacts(tx, query, most));
    ESNAF_ASSIGN_OR_RETURN(const auto persons, GetPersons(tx, found));
    std::vector<Uuid> shown;
    for (const auto& person : persons) {
      if (!person || person->contact.delete_time) continue;
      if (std::find(shown.begin(), shown.end(), person->contact.id) != shown.end()) continue;
      shown.push_back(person->contact.id);
      *response.add_contacts() = ToProto(*person);
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace esnaf::contacts

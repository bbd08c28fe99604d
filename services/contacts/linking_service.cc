#include "services/contacts/linking_service.h"

#include <set>

#include "services/contacts/contact_wire.h"
#include "services/contacts/contact_writer.h"

namespace esnaf::contacts {
namespace {

constexpr int kMostSets = 1000;
constexpr std::size_t kMostIdentitiesInSet = 20;

// A set of identities with what a new contact would be called.
struct Candidate {
  std::vector<Identity> identities;
  Contact names;
};

// Appends to the contact, up to the most that one may have; what is left out can still be given when others are gone.
void GiveIdentities(const std::vector<Identity>& added, Contact& contact) {
  for (const Identity& identity : added) {
    const bool has = std::any_of(contact.identities.begin(), contact.identities.end(),
                                 [&](const Identity& own) { return own.key == identity.key; });
    if (!has && contact.identities.size() < kMaxIdentities) contact.identities.push_back(identity);
  }
}

void MarkVerified(const IdentityKey& key, Contact& contact) {
  for (Identity& identity : contact.identities) {
    if (identity.key == key) identity.verified = true;
  }
}

void AddReviews(const runtime::Call& call, const Link& link, ChangeSet& changes) {
  for (const Conflict& conflict : link.conflicts) {
    changes.reviews.push_back({.id = Uuid::NewV7(call.now()),
                               .identity = conflict.identity,
                               .owner_contact_id = conflict.owner_id,
                               .claimant_contact_id = *link.contact_id,
                               .create_time = call.now()});
  }
}

// The contacts that resolving many sets touches, each read and written once.
class Edits {
 public:
  // Reads the stored contacts that the links add something to.
  absl::Status Load(postgres::Tx& tx, const std::vector<Link>& links) {
    std::set<Uuid> created, touched;
    for (const Link& link : links) {
      if (link.created) created.insert(*link.contact_id);
      if (!link.added.empty() && !link.created) touched.insert(*link.contact_id);
      for (const auto& [owner, key] : link.verified) touched.insert(owner);
    }
    std::vector<Uuid> ids;
    std::set_difference(touched.begin(), touched.end(), created.begin(), created.end(), std::back_inserter(ids));
    if (ids.empty()) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(const auto stored, GetContacts(tx, ids));
    for (const auto& [id, contact] : stored) edits_[id] = {contact.contact, contact.contact};
    return absl::OkStatus();
  }

  void Apply(const Link& link, const Contact& names) {
    if (link.created) {
      Contact contact = names;
      contact.id = *link.contact_id;
      edits_[*link.contact_id] = {std::nullopt, std::move(contact)};
    }
    if (!link.added.empty()) GiveIdentities(link.added, edits_[*link.contact_id].second);
    for (const auto& [owner, key] : link.verified) MarkVerified(key, edits_[owner].second);
  }

  void AddTo(const runtime::Call& call, ChangeSet& changes) const {
    for (const auto& [id, edit] : edits_) AddChange(call, edit.first, edit.second, changes);
  }

 private:
  std::map<Uuid, std::pair<std::optional<Contact>, Contact>> edits_;
};

std::vector<IdentityKey> DistinctKeys(const std::vector<Candidate>& candidates) {
  std::set<IdentityKey> keys;
  for (const Candidate& candidate : candidates) {
    for (const Identity& identity : candidate.identities) keys.insert(identity.key);
  }
  return {keys.begin(), keys.end()};
}

absl::StatusOr<std::vector<Link>> ResolveCandidates(const runtime::Call& call, postgres::Tx& tx,
                                                    const std::vector<Candidate>& candidates, bool create_missing) {
  ESNAF_ASSIGN_OR_RETURN(KnownIdentities known, FindHolders(tx, DistinctKeys(candidates)));
  Linker linker(std::move(known));
  std::function<Uuid()> new_id;
  if (create_missing) new_id = [&call] { return Uuid::NewV7(call.now()); };
  std::vector<Link> links;
  links.reserve(candidates.size());
  for (const Candidate& candidate : candidates) links.push_back(linker.Match(candidate.identities, new_id));
  if (!create_missing) return links;
  Edits edits;
  ESNAF_RETURN_IF_ERROR(edits.Load(tx, links));
  ChangeSet changes;
  for (std::size_t i = 0; i < links.size(); ++i) {
    edits.Apply(links[i], candidates[i].names);
    AddReviews(call, links[i], changes);
  }
  edits.AddTo(call, changes);
  ESNAF_RETURN_IF_ERROR(SaveChanges(call, tx, changes).status());
  return links;
}

absl::StatusOr<std::vector<Candidate>> ReadSets(const runtime::Call& call, const v1::ResolveContactsRequest& request) {
  if (request.sets_size() > kMostSets) return InvalidField("sets", "has more than 1000 sets");
  FieldViolations violations;
  std::vector<Candidate> candidates;
  for (int i = 0; i < request.sets_size(); ++i) {
    const v1::IdentitySet& set = request.sets(i);
    const std::string field = "sets[" + std::to_string(i) + "]";
    std::vector<Identity> identities;
    for (const v1::Identity& identity : set.identities()) identities.push_back(FromProto(identity));
    if (identities.empty()) violations.Add(field + ".identities", "is empty");
    const std::string region = set.country_code().empty() ? "TR" : set.country_code();
    Candidate candidate;
    candidate.identities =
        NormalizeIdentities(identities, field + ".identities", region, kMostIdentitiesInSet, violations);
    v1::Contact names;
    names.set_given_name(set.given_name());
    names.set_family_name(set.family_name());
    names.set_display_name(set.display_name());
    if (!set.country_code().empty()) names.add_addresses()->set_country_code(set.country_code());
    FieldViolations in_names;
    candidate.names = NormalizeContact(FromProto(names, in_names), in_names);
    for (const auto& [name, problem] : ErrorFields(in_names.ToStatus())) {
      // `contact.given_name` of a contact is `sets[i].given_name` here; the country stands in its only address.
      const bool country = name.ends_with("country_code");
      violations.Add(field + (country ? ".country_code" : name.substr(std::string_view("contact").size())), problem);
    }
    ESNAF_RETURN_IF_ERROR(CheckStores(call.caller(), candidate.identities));
    candidates.push_back(std::move(candidate));
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return candidates;
}

// Who tells of a person: somebody with a right to change contacts, or anybody who fills in a form.
enum class Teller { kCaller, kAnybody };

// The step of an upsert to an existing person: what was given goes to the contact that the identity found.
std::vector<StoredContact> AddToPerson(const runtime::Call& call, const Person& person, const Link& link,
                                       const Contact& given, Teller teller, ChangeSet& changes) {
  std::vector<StoredContact> members = person.members;
  for (StoredContact& member : members) {
    Contact contact = member.contact;
    for (const auto& [owner, key] : link.verified) {
      if (owner == contact.id) MarkVerified(key, contact);
    }
    if (contact.id == *link.contact_id) {
      teller == Teller::kCaller ? AddGivenFields(given, contact) : AddMissingFields(given, contact);
      GiveIdentities(link.added, contact);
    }
    // The person comes back with the contact.
    const bool comes_back = contact.id == *link.contact_id || contact.id == person.contact.id;
    if (comes_back && teller == Teller::kCaller) contact.delete_time.reset();
    member.contact = AddChange(call, member.contact, std::move(contact), changes);
  }
  return members;
}

// What an upsert comes to, before anything is written.
struct UpsertPlan {
  Link link;
  std::vector<StoredContact> members;  // of the person, as they will be
  ChangeSet changes;
};

absl::StatusOr<UpsertPlan> PlanUpsert(const runtime::Call& call, postgres::Tx& tx, const Contact& given,
                                      Teller teller) {
  UpsertPlan plan;
  ESNAF_ASSIGN_OR_RETURN(KnownIdentities known, FindHolders(tx, DistinctKeys({{given.identities, {}}})));
  plan.link = Linker(std::move(known)).Match(given.identities, [&] { return Uuid::NewV7(call.now()); });
  const Link& link = plan.link;
  if (link.created) {
    Contact contact = given;
    contact.id = *link.contact_id;
    contact.identities = link.added;
    plan.members.push_back({.contact = AddChange(call, std::nullopt, std::move(contact), plan.changes)});
  } else {
    ESNAF_ASSIGN_OR_RETURN(const Person person, GetPerson(tx, *link.contact_id));
    plan.members = AddToPerson(call, person, link, given, teller, plan.changes);
  }
  AddReviews(call, link, plan.changes);
  return plan;
}

absl::StatusOr<v1::UpsertContactResponse> Upsert(const runtime::Call& call, postgres::Tx& tx, const Contact& given,
                                                 bool validate_only) {
  ESNAF_ASSIGN_OR_RETURN(UpsertPlan plan, PlanUpsert(call, tx, given, Teller::kCaller));
  v1::UpsertContactResponse response;
  *response.mutable_contact() = ToProto(MakePerson(std::move(plan.members)));
  response.set_created(plan.link.created);
  if (validate_only) return response;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> reviews, SaveChanges(call, tx, plan.changes));
  for (const Uuid& review : reviews) response.add_review_ids(review.ToString());
  return response;
}

}  // namespace

void LinkingService::AddRpcs(runtime::RpcService& rpcs) {
  rpcs.Unary("UpsertContact", this, &LinkingService::UpsertContact)
      .Unary("ResolveContacts", this, &LinkingService::ResolveContacts);
}

absl::StatusOr<v1::UpsertContactResponse> LinkingService::UpsertContact(runtime::Call& call,
                                                                        const v1::UpsertContactRequest& request) {
  FieldViolations violations;
  const Contact given = NormalizeContact(FromProto(request.contact(), violations), violations);
  if (given.identities.empty()) violations.Add("contact.identities", "is empty");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  ESNAF_RETURN_IF_ERROR(CheckStores(call.caller(), given.identities));
  return MutateOrValidate<v1::UpsertContactResponse>(
      call, request, [&](postgres::Tx& tx) -> absl::StatusOr<v1::UpsertContactResponse> {
        ESNAF_RETURN_IF_ERROR(CheckCustomValues(tx, given.custom_fields));
        return Upsert(call, tx, given, request.validate_only());
      });
}

absl::StatusOr<v1::ResolveContactsResponse> LinkingService::ResolveContacts(runtime::Call& call,
                                                                            const v1::ResolveContactsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Candidate> candidates, ReadSets(call, request));
  const auto resolve = [&](postgres::Tx& tx) -> absl::StatusOr<v1::ResolveContactsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Link> links,
                           ResolveCandidates(call, tx, candidates, request.create_missing()));
    v1::ResolveContactsResponse response;
    for (const Link& link : links) {
      v1::ResolvedContact& resolved = *response.add_contacts();
      if (!link.contact_id) continue;
      resolved.set_contact_id(link.contact_id->ToString());
      resolved.set_canonical_id(link.canonical_id.ToString());
      resolved.set_created(link.created);
    }
    return response;
  };
  if (!request.create_missing()) return call.Read(resolve);
  return MutateContacts<v1::ResolveContactsResponse>(call, request, resolve);
}

absl::StatusOr<UpsertedContact> UpsertFromForm(const runtime::Call& call, postgres::Tx& tx, const Contact& given) {
  ESNAF_ASSIGN_OR_RETURN(const UpsertPlan plan, PlanUpsert(call, tx, given, Teller::kAnybody));
  ESNAF_RETURN_IF_ERROR(SaveChanges(call, tx, plan.changes).status());
  return UpsertedContact{*plan.link.contact_id, plan.link.created};
}

absl::StatusOr<Uuid> ResolveIdentity(const runtime::Call& call, postgres::Tx& tx, const Identity& identity) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Link> links, ResolveCandidates(call, tx, {{{identity}, {}}}, true));
  return *links.front().contact_id;
}

}  // namespace esnaf::contacts

#include "libs/identity/identity.h"

#include <span>

#include "esnaf/contacts/v1/contacts.pb.h"

namespace esnaf::identity {
namespace {

// Follows the aliases of each contact upwards. Merges join roots, so there is no cycle once all events are applied;
// while they arrive in another order there may be one, of which everybody then takes the least id.
const postgres::Statement kCanonicals("identity", "canonicals", R"sql(
  WITH RECURSIVE chain AS (
    SELECT asked.place, asked.id, 0 AS depth FROM unnest($1::uuid[]) WITH ORDINALITY AS asked(id, place)
    UNION ALL
    SELECT chain.place, alias.canonical, chain.depth + 1
    FROM chain JOIN contact_alias alias ON alias.original = chain.id
  ) CYCLE place, id SET repeated USING path,
  last AS (
    SELECT DISTINCT ON (place) place, id, depth, repeated FROM chain ORDER BY place, depth DESC)
  SELECT DISTINCT ON (chain.place) chain.id
  FROM chain JOIN last USING (place)
  WHERE chain.depth >= CASE WHEN last.repeated
          THEN (SELECT min(first.depth) FROM chain first WHERE first.place = last.place AND first.id = last.id)
          ELSE last.depth END
  ORDER BY chain.place, chain.id
)sql");

const postgres::Statement kMembers("identity", "members", R"sql(
  WITH RECURSIVE member AS (
    SELECT $1::uuid AS id
    UNION
    SELECT alias.original FROM member JOIN contact_alias alias ON alias.canonical = member.id)
  SELECT id FROM member ORDER BY id <> $1::uuid, id
)sql");

// Who owns which of the identities asked for.
const postgres::Statement kFind("identity", "find", R"sql(
  SELECT asked.place, known.contact_id, known.verified
  FROM unnest($1::int[], $2::smallint[], $3::text[], $4::text[]) AS asked(place, kind, store_id, value)
  JOIN contact_identity known USING (kind, store_id, value)
)sql");

// The same for one identity, which is most of what is asked: values cost the server less than arrays of one.
const postgres::Statement kFindOne("identity", "find_one", R"sql(
  SELECT 0, contact_id, verified FROM contact_identity WHERE kind = $1 AND store_id = $2 AND value = $3
)sql");

// An event that says otherwise has been applied already or will be, and it wins. In one order, so that two who learn
// the same at once wait for each other but never in a circle.
const postgres::Statement kRemember("identity", "remember", R"sql(
  INSERT INTO contact_identity (contact_id, kind, store_id, value, verified)
  SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::boolean[])
    AS learned(contact_id, kind, store_id, value, verified)
  ORDER BY kind, store_id, value
  ON CONFLICT DO NOTHING
)sql");

constexpr std::string_view kResolveContacts = "/esnaf.contacts.v1.ContactService/ResolveContacts";
constexpr std::size_t kResolveChunk = 1000;

bool IsAddress(Kind kind) { return kind == Kind::kEmail || kind == Kind::kPhone; }

// The identities of a set that may find a contact, in their order: no e-mail or phone that nobody vouches for, and
// visitor ids only where the fact says nothing better. A device may be shared; an account is not.
std::vector<const Identity*> Matching(const IdentitySet& set) {
  const bool only_visitor = std::all_of(set.identities.begin(), set.identities.end(),
                                        [](const Identity& identity) { return identity.kind == Kind::kVisitor; });
  std::vector<const Identity*> matching;
  for (const Identity& identity : set.identities) {
    if (IsAddress(identity.kind) && !identity.verified) continue;
    if (identity.kind == Kind::kVisitor && !only_visitor) continue;
    matching.push_back(&identity);
  }
  return matching;
}

// What the own copy knows of an identity.
struct Known {
  Uuid owner;
  bool verified = false;
  Uuid person;  // whom the owner is merged into; told apart only where it matters
};

// The contact of the set's strongest identity, where contacts could say no more of the set than the own copy knows.
std::optional<Uuid> OwnerOf(const IdentitySet& set, std::span<const std::optional<Known>> known) {
  std::optional<Uuid> owner;
  const std::vector<const Identity*> matching = Matching(set);
  for (std::size_t i = 0; i < known.size(); ++i) {
    const Identity& identity = set.identities[i];
    if (!known[i] || known[i]->person != known[0]->person || (identity.verified && !known[i]->verified)) {
      return std::nullopt;
    }
    const bool matches = std::find(matching.begin(), matching.end(), &identity) != matching.end();
    if (matches && !owner) owner = known[i]->owner;
  }
  return owner;
}

// Fills in whom the owners are merged into, which is asked only where a set has several.
absl::Status FindPersons(postgres::Tx& tx, const std::vector<IdentitySet>& sets,
                         std::vector<std::optional<Known>>& known) {
  std::vector<Known*> several;
  std::size_t first = 0;
  for (const IdentitySet& set : sets) {
    const auto begin = known.begin() + static_cast<std::ptrdiff_t>(first);
    first += set.identities.size();
    const auto end = known.begin() + static_cast<std::ptrdiff_t>(first);
    bool one_owner = true;
    for (auto it = begin; it != end; ++it) {
      if (!*it) continue;
      (*it)->person = (*it)->owner;
      one_owner = one_owner && *begin && (*it)->owner == (*begin)->owner;
    }
    for (auto it = begin; it != end && !one_owner; ++it) {
      if (*it) several.push_back(&**it);
    }
  }
  std::vector<Uuid> owners;
  for (const Known* one : several) owners.push_back(one->owner);
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> persons, CanonicalsOf(tx, owners));
  for (std::size_t i = 0; i < several.size(); ++i) several[i]->person = persons[i];
  return absl::OkStatus();
}

contacts::v1::IdentitySet ToProto(const IdentitySet& set) {
  contacts::v1::IdentitySet proto;
  for (const Identity& identity : set.identities) {
    contacts::v1::Identity& added = *proto.add_identities();
    added.set_kind(static_cast<contacts::v1::IdentityKind>(identity.kind));
    added.set_store_id(identity.store_id);
    added.set_value(identity.value);
    added.set_verified(identity.verified);
  }
  proto.set_given_name(set.given_name);
  proto.set_family_name(set.family_name);
  proto.set_display_name(set.display_name);
  proto.set_country_code(set.country_code);
  return proto;
}

}  // namespace

absl::StatusOr<Uuid> CanonicalOf(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> canonicals, CanonicalsOf(tx, {contact}));
  return canonicals[0];
}

absl::StatusOr<std::vector<Uuid>> ClusterOf(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, CanonicalOf(tx, contact));
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kMembers, canonical));
  std::vector<Uuid> members;
  for (int row = 0; row < rows.size(); ++row) members.push_back(rows[row].Get<Uuid>(0));
  return members;
}

absl::StatusOr<std::vector<Uuid>> CanonicalsOf(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  std::vector<Uuid> canonicals;
  if (contacts.empty()) return canonicals;
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, tx.Execute(kCanonicals, contacts));
  for (int row = 0; row < rows.size(); ++row) canonicals.push_back(rows[row].Get<Uuid>(0));
  return canonicals;
}

absl::StatusOr<std::vector<std::optional<Uuid>>> FindContacts(postgres::Tx& tx, const std::vector<IdentitySet>& sets) {
  std::vector<int> places, kinds;
  std::vector<std::string> store_ids, values;
  for (const IdentitySet& set : sets) {
    for (const Identity& identity : set.identities) {
      places.push_back(static_cast<int>(places.size()));
      kinds.push_back(static_cast<int>(identity.kind));
      store_ids.push_back(identity.store_id);
      values.push_back(identity.value);
    }
  }
  std::vector<std::optional<Uuid>> found(sets.size());
  if (places.empty()) return found;
  ESNAF_ASSIGN_OR_RETURN(postgres::Result rows, places.size() == 1
                                                    ? tx.Execute(kFindOne, kinds[0], store_ids[0], values[0])
                                                    : tx.Execute(kFind, places, kinds, store_ids, values));
  std::vector<std::optional<Known>> known(places.size());
  for (int row = 0; row < rows.size(); ++row) {
    known[rows[row].Get<int>(0)] = Known{rows[row].Get<Uuid>(1), rows[row].Get<bool>(2)};
  }
  ESNAF_RETURN_IF_ERROR(FindPersons(tx, sets, known));
  std::size_t first = 0;
  for (std::size_t index = 0; index < sets.size(); ++index) {
    const std::size_t count = sets[index].identities.size();
    found[index] = OwnerOf(sets[index], std::span(known).subspan(first, count));
    first += count;
  }
  return found;
}

std::optional<Uuid> ContactOf(const Identity& identity, const Owner& owner) {
  const std::optional<Known> known(Known{owner.contact_id, owner.verified, owner.contact_id});
  return OwnerOf({.identities = {identity}}, std::span(&known, 1));
}

absl::StatusOr<std::vector<Uuid>> Resolver::Resolve(const std::vector<IdentitySet>& sets, Time deadline) {
  std::vector<Uuid> resolved;
  resolved.reserve(sets.size());
  while (resolved.size() < sets.size()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SystemClock().Now());
    if (left <= std::chrono::milliseconds::zero()) {
      return absl::DeadlineExceededError("no time is left to ask contacts who the people are");
    }
    const std::size_t end = std::min(sets.size(), resolved.size() + kResolveChunk);
    contacts::v1::ResolveContactsRequest request;
    request.set_create_missing(true);
    for (std::size_t index = resolved.size(); index < end; ++index) *request.add_sets() = ToProto(sets[index]);
    ESNAF_ASSIGN_OR_RETURN(const auto answer, contacts_->Call<contacts::v1::ResolveContactsResponse>(
                                                  kResolveContacts, request, {.timeout = left}));
    if (answer.contacts_size() != request.sets_size()) {
      return absl::InternalError("contacts answered another number of people than was asked for");
    }
    for (const contacts::v1::ResolvedContact& contact : answer.contacts()) {
      const std::optional<Uuid> id = Uuid::Parse(contact.contact_id());
      if (!id) return absl::InternalError("contacts answered a person without an id");
      resolved.push_back(*id);
    }
  }
  return resolved;
}

absl::Status Resolver::Remember(postgres::Tx& tx, const std::vector<IdentitySet>& sets,
                                const std::vector<Uuid>& contacts) {
  std::vector<Uuid> owners;
  std::vector<int> kinds;
  std::vector<std::string> store_ids, values;
  std::vector<bool> verified;
  for (std::size_t index = 0; index < sets.size(); ++index) {
    // Only the strongest is certain to be the answered contact's: the others may belong to somebody else.
    const std::vector<const Identity*> matching = Matching(sets[index]);
    if (matching.empty()) continue;
    owners.push_back(contacts[index]);
    kinds.push_back(static_cast<int>(matching[0]->kind));
    store_ids.push_back(matching[0]->store_id);
    values.push_back(matching[0]->value);
    verified.push_back(matching[0]->verified);
  }
  if (owners.empty()) return absl::OkStatus();
  return tx.Execute(kRemember, owners, kinds, store_ids, values, verified).status();
}

}  // namespace esnaf::identity

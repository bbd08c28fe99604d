#pragma once

// By what people are known, and how a service finds and follows the contact of a fact (design: linking). Facts never
// move: a merge is a row in `contact_alias`, and reads go through ClusterOf.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/api/v1/event.pb.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/channel.h"

namespace esnaf::identity {

// The numbers are those of esnaf.contacts.v1.IdentityKind.
enum class Kind { kStoreCustomer = 1, kEmail = 2, kPhone = 3, kVisitor = 4 };

// Normalized: e-mail folded, phone E.164; store_id only for kStoreCustomer.
struct Identity {
  Kind kind = Kind::kStoreCustomer;
  std::string store_id;
  std::string value;
  bool verified = false;
  auto operator<=>(const Identity&) const = default;
};

// What a fact says of its person, for finding or creating the contact.
struct IdentitySet {
  std::vector<Identity> identities;  // in the order of trust: store customer, verified phone and e-mail, then the rest
  std::string given_name;
  std::string family_name;
  std::string display_name;
  std::string country_code;
};

// Keeps the own copy of aliases and identities up to date; part of a consumer of `contacts`. Answers the contacts whose
// cluster changed (originals and canonicals), for services that derive something per person.
absl::StatusOr<std::vector<Uuid>> ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events);

// The contact that a contact is now, following merges of merges; itself where it is not merged.
absl::StatusOr<Uuid> CanonicalOf(postgres::Tx& tx, const Uuid& contact);
// Every contact that is one person with this one, it included; the canonical one first.
absl::StatusOr<std::vector<Uuid>> ClusterOf(postgres::Tx& tx, const Uuid& contact);
// The canonical contact of each, in order.
absl::StatusOr<std::vector<Uuid>> CanonicalsOf(postgres::Tx& tx, const std::vector<Uuid>& contacts);

// Finds contacts in the own copy alone: one statement for all sets. A set is found only where contacts could learn
// nothing from it: each of its identities is known, of the same person, and verified where the set vouches for it. An
// unverified e-mail or phone never matches by itself, a visitor id only where the set has nothing better.
absl::StatusOr<std::vector<std::optional<Uuid>>> FindContacts(postgres::Tx& tx, const std::vector<IdentitySet>& sets);

// What FindContacts says of a set of one identity, for statements that read the owner in contact_identity beside
// something else: a call that can be spared.
struct Owner {
  Uuid contact_id;
  bool verified = false;
};
std::optional<Uuid> ContactOf(const Identity& identity, const Owner& owner);

// Asks contacts for the sets that the own copy does not know, creating contacts where needed, in one batched call, and
// remembers the answers in the own copy by Remember. UNAVAILABLE where contacts is away: park the fact then.
class Resolver {
 public:
  explicit Resolver(std::shared_ptr<runtime::Channel> contacts) : contacts_(std::move(contacts)) {}
  // One contact for each set (unmerged ids, under which facts are kept).
  absl::StatusOr<std::vector<Uuid>> Resolve(const std::vector<IdentitySet>& sets, Time deadline);
  // Stores what was resolved, so that the next fact of the same person needs no call.
  static absl::Status Remember(postgres::Tx& tx, const std::vector<IdentitySet>& sets,
                               const std::vector<Uuid>& contacts);

 private:
  std::shared_ptr<runtime::Channel> contacts_;
};

}  // namespace esnaf::identity

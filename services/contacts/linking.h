#pragma once

// Which contact a set of identities belongs to. Only a store's customer number, and an e-mail or phone that is verified
// on both sides, link by themselves; whatever points at somebody else is left to a human.
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "services/contacts/contact.h"

namespace esnaf::contacts {

// Who holds an identity now.
struct Holder {
  Uuid contact_id;    // unmerged
  Uuid canonical_id;  // whom it is merged into; itself where it is not
  bool verified = false;
};

// What the store knows of the identities in question.
struct KnownIdentities {
  std::map<IdentityKey, Holder> holders;
  // Contacts without any proof of who they are that claim an identity which somebody else holds, from the reviews: the
  // guest who used an address before is the guest who uses it again.
  std::map<IdentityKey, Holder> claimants;
};

// An identity that somebody else holds.
struct Conflict {
  Identity identity;
  Uuid owner_id;
  bool operator==(const Conflict&) const = default;
};

struct Link {
  // The contact that the set belongs to, unmerged; absent where none is found and none was to be created.
  std::optional<Uuid> contact_id;
  Uuid canonical_id;
  bool created = false;
  // Identities that the contact gets.
  std::vector<Identity> added;
  // Identities of the same person that are verified from now on, with the contact that owns each.
  std::vector<std::pair<Uuid, IdentityKey>> verified;
  std::vector<Conflict> conflicts;
};

// Links sets one after the other; a set sees what those before it added.
class Linker {
 public:
  explicit Linker(KnownIdentities known) : known_(std::move(known)) {}
  // `identities` are normalized. Where no contact matches and `new_id` is given, one is planned under the id that it
  // makes.
  //
  // Match order: store customer numbers; phones, then e-mails, verified here and there. A set that holds none of these
  // kinds of proof is matched by a phone, then an e-mail, that its holder has not verified either; then by the contact
  // that claimed the identity before; a visitor id matches only where the set has nothing else.
  Link Match(const std::vector<Identity>& identities, const std::function<Uuid()>& new_id);

 private:
  const Holder* FindMatch(const std::vector<Identity>& identities) const;
  void Assign(const std::vector<Identity>& identities, Link& link);
  KnownIdentities known_;
};

}  // namespace esnaf::contacts

#include "services/contacts/linking.h"

#include <array>

namespace esnaf::contacts {
namespace {

// Whether an identity proves by itself who a person is.
bool IsProof(const Identity& identity) {
  switch (identity.key.kind) {
    case IdentityKind::kStoreCustomer:
      return true;
    case IdentityKind::kEmail:
    case IdentityKind::kPhone:
      return identity.verified;
    default:
      return false;
  }
}

const Holder* Find(const std::map<IdentityKey, Holder>& holders, const IdentityKey& key) {
  const auto holder = holders.find(key);
  return holder == holders.end() ? nullptr : &holder->second;
}

}  // namespace

const Holder* Linker::FindMatch(const std::vector<Identity>& identities) const {
  constexpr std::array kOrder = {IdentityKind::kStoreCustomer, IdentityKind::kPhone, IdentityKind::kEmail};
  const bool has_proof = std::any_of(identities.begin(), identities.end(), IsProof);
  for (IdentityKind kind : kOrder) {
    for (const Identity& identity : identities) {
      if (identity.key.kind != kind || IsProof(identity) != has_proof) continue;
      const Holder* holder = Find(known_.holders, identity.key);
      // Proof meets proof, and what nobody has verified meets what nobody has verified.
      const bool holder_proves = kind == IdentityKind::kStoreCustomer || (holder != nullptr && holder->verified);
      if (holder != nullptr && holder_proves == has_proof) return holder;
    }
  }
  if (has_proof) return nullptr;
  for (const Identity& identity : identities) {
    if (const Holder* claimant = Find(known_.claimants, identity.key)) return claimant;
  }
  const bool only_visitors = std::all_of(identities.begin(), identities.end(), [](const Identity& identity) {
    return identity.key.kind == IdentityKind::kVisitor;
  });
  if (!only_visitors) return nullptr;
  for (const Identity& identity : identities) {
    if (const Holder* holder = Find(known_.holders, identity.key)) return holder;
  }
  return nullptr;
}

void Linker::Assign(const std::vector<Identity>& identities, Link& link) {
  const bool has_proof = std::any_of(identities.begin(), identities.end(), IsProof);
  for (const Identity& identity : identities) {
    const auto holder = known_.holders.find(identity.key);
    if (holder == known_.holders.end()) {
      link.added.push_back(identity);
      known_.holders[identity.key] = {*link.contact_id, link.canonical_id, identity.verified};
    } else if (holder->second.canonical_id != link.canonical_id) {
      const Holder* claimant = Find(known_.claimants, identity.key);
      if (claimant != nullptr && claimant->canonical_id == link.canonical_id) continue;
      link.conflicts.push_back({identity, holder->second.contact_id});
      if (link.created && !has_proof) {
        known_.claimants.emplace(identity.key, Holder{*link.contact_id, link.canonical_id, false});
      }
    } else if (identity.verified && !holder->second.verified) {
      link.verified.emplace_back(holder->second.contact_id, identity.key);
      holder->second.verified = true;
    }
  }
}

Link Linker::Match(const std::vector<Identity>& identities, const std::function<Uuid()>& new_id) {
  Link link;
  if (const Holder* match = FindMatch(identities)) {
    link.contact_id = match->contact_id;
    link.canonical_id = match->canonical_id;
  } else if (new_id) {
    link.contact_id = new_id();
    link.canonical_id = *link.contact_id;
    link.created = true;
  }
  if (link.contact_id && new_id) Assign(identities, link);
  return link;
}

}  // namespace esnaf::contacts

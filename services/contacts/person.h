#pragma once

// A person: the contacts of one cluster, seen as one. Field values are chosen on read by the survivorship rule below
// and never written back, so that an unmerge has nothing to restore.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/contacts/contact.h"

namespace esnaf::contacts {

// A contact with its place in the cluster, as it is read from the store.
struct StoredContact {
  Contact contact;
  std::optional<Uuid> merged_into;  // where it is merged
  bool has_merged = false;          // whether others are merged into it
};

struct Person {
  Contact contact;                       // what is shown, under the canonical id
  std::vector<Uuid> merged_contact_ids;  // sorted
  std::vector<StoredContact> members;    // the canonical one first
  std::string etag;
};

// The person that these contacts are; at least one, all of one cluster.
//
// Survivorship, rule 1: a name, locale, stage, owner or company is the canonical contact's own where it has one, else
// that of the merged contact that was updated last (ties: the lower id). Identities, addresses, tags and custom fields
// are the union, the canonical contact's first; of a custom field that several have, the same order decides. Given and
// family name come from one contact together, with its display name: two halves of two names are nobody's name.
Person MakePerson(std::vector<StoredContact> members);

// Changes with every change of any member and with every merge; after an unmerge it is what it was before the merge.
std::string MakeEtag(const std::vector<StoredContact>& members);

// Who of the members has which identities once the person's are to be `wanted`, in that order: an identity stays with
// the member that owns it, new ones go to the canonical contact, the others are given up.
std::map<Uuid, std::vector<Identity>> DistributeIdentities(const Person& person, const std::vector<Identity>& wanted);

}  // namespace esnaf::contacts

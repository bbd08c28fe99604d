#include "services/contacts/person.h"

#include <array>

#include "libs/base/crypto.h"

namespace esnaf::contacts {
namespace {

// The canonical contact first, then the merged ones in the order in which their values count.
void SortBySurvivorship(std::vector<StoredContact>& members) {
  std::sort(members.begin(), members.end(), [](const StoredContact& a, const StoredContact& b) {
    if (a.merged_into.has_value() != b.merged_into.has_value()) return !a.merged_into.has_value();
    if (a.contact.update_time != b.contact.update_time) return a.contact.update_time > b.contact.update_time;
    return a.contact.id < b.contact.id;
  });
}

bool HasName(const Contact& contact) { return !ShownName(contact).empty(); }

void FillFrom(const Contact& other, Contact& shown) {
  if (!HasName(shown)) {
    shown.given_name = other.given_name;
    shown.family_name = other.family_name;
    shown.display_name = other.display_name;
  }
  constexpr std::array kSingle = {&Contact::company_name, &Contact::locale, &Contact::lifecycle_stage, &Contact::owner};
  for (auto member : kSingle) {
    if ((shown.*member).empty()) shown.*member = other.*member;
  }
  shown.identities.insert(shown.identities.end(), other.identities.begin(), other.identities.end());
  for (const Address& address : other.addresses) {
    if (std::find(shown.addresses.begin(), shown.addresses.end(), address) == shown.addresses.end()) {
      shown.addresses.push_back(address);
    }
  }
  shown.tags.insert(shown.tags.end(), other.tags.begin(), other.tags.end());
  shown.custom_fields.insert(other.custom_fields.begin(), other.custom_fields.end());
  shown.update_time = std::max(shown.update_time, other.update_time);
}

}  // namespace

Person MakePerson(std::vector<StoredContact> members) {
  SortBySurvivorship(members);
  Person person;
  person.contact = members.front().contact;
  for (std::size_t i = 1; i < members.size(); ++i) {
    FillFrom(members[i].contact, person.contact);
    person.merged_contact_ids.push_back(members[i].contact.id);
  }
  std::sort(person.merged_contact_ids.begin(), person.merged_contact_ids.end());
  std::vector<std::string>& tags = person.contact.tags;
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  person.etag = MakeEtag(members);
  person.members = std::move(members);
  return person;
}

std::string MakeEtag(const std::vector<StoredContact>& members) {
  if (members.size() == 1) return std::to_string(members.front().contact.version);
  std::string text;
  for (const StoredContact& member : members) {
    text += member.contact.id.ToString() + ":" + std::to_string(member.contact.version) + ";";
  }
  return std::to_string(members.front().contact.version) + "-" + Sha256Hex(text).substr(0, 16);
}

std::map<Uuid, std::vector<Identity>> DistributeIdentities(const Person& person, const std::vector<Identity>& wanted) {
  std::map<IdentityKey, Uuid> owners;
  std::map<Uuid, std::vector<Identity>> distributed;
  for (const StoredContact& member : person.members) {
    distributed[member.contact.id];
    for (const Identity& identity : member.contact.identities) owners[identity.key] = member.contact.id;
  }
  for (const Identity& identity : wanted) {
    const auto owner = owners.find(identity.key);
    distributed[owner == owners.end() ? person.contact.id : owner->second].push_back(identity);
  }
  return distributed;
}

}  // namespace esnaf::contacts

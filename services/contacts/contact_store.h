#pragma once

// The SQL of contacts: reading persons, finding holders of identities, writing changes, searching.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/list_query.h"
#include "libs/events/outbox.h"
#include "libs/postgres/connection.h"
#include "services/contacts/duplicates.h"
#include "services/contacts/identity_review.h"
#include "services/contacts/linking.h"
#include "services/contacts/person.h"

namespace esnaf::contacts {

// What a mutation does to contacts. `after.version` is one above `before.version`, 1 for a new contact.
struct ContactChange {
  std::optional<Contact> before;
  Contact after;
};
struct ChangeSet {
  std::vector<ContactChange> contacts;
  std::vector<IdentityReview> reviews;
  bool empty() const { return contacts.empty() && reviews.empty(); }
};

// The person that the contact belongs to: one statement where nothing is merged. NOT_FOUND where there is none.
absl::StatusOr<Person> GetPerson(postgres::Tx& tx, const Uuid& contact);
// The persons of several contacts, in order; absent where there is no such contact.
absl::StatusOr<std::vector<std::optional<Person>>> GetPersons(postgres::Tx& tx, const std::vector<Uuid>& contacts);
// Contacts as they are stored.
absl::StatusOr<std::map<Uuid, StoredContact>> GetContacts(postgres::Tx& tx, const std::vector<Uuid>& contacts);

// Who holds and who claims these identities.
absl::StatusOr<KnownIdentities> FindHolders(postgres::Tx& tx, const std::vector<IdentityKey>& keys);

// Writes changes and their events in one statement. ABORTED (retried by the transaction) where a contact changed since
// it was read, or an identity was taken meanwhile. Answers the reviews that are new.
absl::StatusOr<std::vector<Uuid>> WriteChanges(postgres::Tx& tx, const ChangeSet& changes,
                                               const std::vector<events::NewEvent>& events);

// Contacts whose name is like this folded one, most alike first, with the similarity.
struct SimilarContact {
  StoredContact stored;
  double similarity = 0;
};
absl::StatusOr<std::vector<SimilarContact>> FindSimilarNames(postgres::Tx& tx, const std::string& folded_name,
                                                             int most);

// What to look for: the identities that the text may be, and its folded form.
struct SearchQuery {
  std::vector<std::string> exact_values;
  std::string folded;
};
// Contacts that the text finds, best match first.
absl::StatusOr<std::vector<Uuid>> SearchContacts(postgres::Tx& tx, const SearchQuery& query, int most);

// What ListContacts filters and sorts by.
const api::FieldTable& ContactFields();
struct ContactPage {
  std::vector<StoredContact> contacts;
  std::string next_page_token;
};
// A page of contacts that are not merged into another.
absl::StatusOr<ContactPage> ListContacts(postgres::Tx& tx, const api::ListQuery& query, bool show_deleted);

}  // namespace esnaf::contacts

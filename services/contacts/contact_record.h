#pragma once

// Contacts as rows: the columns that a contact is read from, and the JSON records that it is written by.
#include <string>
#include <vector>

#include "libs/postgres/connection.h"
#include "services/contacts/identity_review.h"
#include "services/contacts/person.h"

// The SELECT list that ReadContact reads, for a contact `c`; a literal, so that statements are made of it.
#define ESNAF_CONTACT_COLUMNS                                                                                 \
  " c.id, c.given_name, c.family_name, c.display_name, c.company_name, c.locale, c.lifecycle_stage, c.owner," \
  " c.tags, c.addresses, c.custom_fields, c.version, c.create_time, c.update_time, c.delete_time,"            \
  " c.identities, (SELECT a.canonical FROM contact_alias a WHERE a.original = c.id),"                         \
  " EXISTS (SELECT FROM contact_alias a WHERE a.canonical = c.id) "

namespace esnaf::contacts {

inline constexpr int kContactColumnCount = 18;

// Reads the columns above from the first on.
StoredContact ReadContact(const postgres::Row& row);

// JSON arrays of records, as `jsonb_to_recordset` of the write statement takes them.
class ContactRecords {
 public:
  // What turns `before` (absent for a new contact) into `after`, whose version is the next one.
  void AddChange(const std::optional<Contact>& before, const Contact& after);
  void AddReview(const IdentityReview& review);

  std::string Contacts() const { return Close(contacts_); }
  std::string GivenIdentities() const { return Close(given_); }
  std::string ReleasedIdentities() const { return Close(released_); }
  std::string Reviews() const { return Close(reviews_); }

 private:
  void AddIdentityChanges(const std::optional<Contact>& before, const Contact& after);
  static std::string Close(const std::string& records) { return "[" + records + "]"; }
  std::string contacts_;
  std::string given_;
  std::string released_;
  std::string reviews_;
};

}  // namespace esnaf::contacts

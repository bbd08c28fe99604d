#pragma once

// The SQL of the consent ledger, which is only added to.
#include <map>
#include <string>
#include <vector>

#include "libs/api/list_query.h"
#include "libs/events/outbox.h"
#include "libs/postgres/connection.h"
#include "services/contacts/consent.h"

namespace esnaf::contacts {

// Writes the line, its entry in the timeline and its event in one statement. NOT_FOUND where there is no such contact.
absl::Status AddConsent(postgres::Tx& tx, const Consent& consent, const events::NewEvent& event);

const api::FieldTable& ConsentFields();
struct ConsentPage {
  std::vector<Consent> consents;
  std::string next_page_token;
};
absl::StatusOr<ConsentPage> ListConsents(postgres::Tx& tx, const api::ListQuery& query,
                                         const std::vector<Uuid>& contacts);

// The newest line up to `as_of` of each purpose, channel, recipient and brand.
absl::StatusOr<std::vector<Consent>> GetConsentState(postgres::Tx& tx, const std::vector<Uuid>& contacts, Time as_of);

// The same for each contact alone, those of its cluster not taken together; contacts without a line are left out.
absl::StatusOr<std::map<Uuid, std::vector<Consent>>> GetConsentStates(postgres::Tx& tx,
                                                                      const std::vector<Uuid>& contacts, Time as_of);

}  // namespace esnaf::contacts

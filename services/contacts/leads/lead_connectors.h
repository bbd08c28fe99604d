#pragma once

// The connectors of lead forms: what is told becomes a contact, an interaction and an event, in one transaction.
#include <memory>

#include "libs/hooks/connector.h"
#include "services/contacts/leads/graph_client.h"
#include "services/contacts/leads/lead.h"

namespace esnaf::contacts {

std::unique_ptr<hooks::Connector> MakeGoogleLeadForm();
// The client outlives it.
std::unique_ptr<hooks::Connector> MakeMetaLeadAds(GraphClient& graph);

// Whether an interaction's external id is one that leads are recorded under: `google_lead_form:web:…`.
bool IsLeadExternalId(std::string_view external_id);

// Makes a lead what it is kept as. A test of the platform is acknowledged and creates nobody; a lead that was recorded
// before changes nothing. INVALID_ARGUMENT where neither an e-mail address nor a phone can be used.
absl::StatusOr<hooks::Outcome> RecordLead(const runtime::Call& call, postgres::Tx& tx, const ToldLead& told,
                                          const hooks::Delivery& delivery);

}  // namespace esnaf::contacts

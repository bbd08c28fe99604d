#pragma once

// A lead is a click on an advertisement whose form was filled in: the touch that it makes.
#include <vector>

#include "absl/status/status.h"
#include "esnaf/api/v1/event.pb.h"
#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/postgres/connection.h"
#include "services/attribution/touches/channel_keeper.h"
#include "services/attribution/touches/touchpoint.h"

namespace esnaf::attribution {

// The touch of an interaction that is a lead: a click of its contact, under its platform's source and medium and the
// ids of its campaign. INVALID_ARGUMENT where its contact or time are none. It keeps its click id and contact, since
// the person wrote to the shop and no browser kept anything; it tells of no consent, so it gives none for exports.
absl::StatusOr<Touchpoint> TouchOfLead(const contacts::v1::Interaction& interaction, const ChannelGrouper& channels,
                                       Time now);

// Records the touches of the leads among events of contacts, each once.
absl::Status ApplyLeads(postgres::Tx& tx, const std::vector<api::v1::Event>& events, const ReadyRules& rules, Time now);

}  // namespace esnaf::attribution

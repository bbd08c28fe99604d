#pragma once

// The SQL of interactions.
#include <optional>

#include "libs/events/outbox.h"
#include "libs/postgres/connection.h"
#include "services/contacts/interaction.h"

// The SELECT list that ReadInteraction reads, for an interaction `n`.
#define ESNAF_INTERACTION_COLUMNS                                                                        \
  " n.id, n.contact_id, n.channel, n.direction, n.external_id, n.thread_id, n.actor, n.subject, n.body," \
  " n.attachments, n.occur_time, n.call_outcome, n.call_duration_us, n.create_time, n.lead "

namespace esnaf::contacts {

inline constexpr int kInteractionColumnCount = 15;
Interaction ReadInteraction(const postgres::Row& row, int first_column);

// The interaction with this id of its source, if it was recorded.
absl::StatusOr<std::optional<Interaction>> FindInteraction(postgres::Tx& tx, Channel channel,
                                                           const std::string& external_id);

// Writes the interaction, its line in the timeline and its event in one statement. False where one of the same channel
// and external id is there already: then nothing is written. NOT_FOUND where there is no such contact.
absl::StatusOr<bool> AddInteraction(postgres::Tx& tx, const Interaction& interaction, const events::NewEvent& event);

}  // namespace esnaf::contacts

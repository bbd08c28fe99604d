#pragma once

// What another system brings: a message of a conversation, and by what its customer is known.
#include <optional>
#include <string>
#include <vector>

#include "esnaf/support/v1/inbound.pb.h"
#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/identity/identity.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

// What the source calls a conversation.
struct ConversationKey {
  std::string store_id;
  std::string source;
  std::string conversation_id;
};

struct InboundSender {
  std::string external_id;
  std::string name;
  std::string email;  // normalized
  std::string phone;  // E.164
  std::string customer_number;
};

struct InboundMessage {
  ConversationKey conversation;
  std::string message_id;
  bool from_firm = false;
  InboundSender sender;
  std::string text;  // with the links of attachments
  std::string order_number;
  std::string product_id;
  Time occur_time;
  std::string subject;
  std::string team;
  int channel = 0;  // of esnaf.contacts.v1.Channel
};

// Adds what is wrong, by the names of the contract below `field`.
InboundMessage InboundFromProto(const v1::InboundMessage& message, const std::string& field, Time now,
                                FieldViolations& violations);

// The ticket that the message opens, without its requester.
Ticket TicketOf(const InboundMessage& message, Time now);
// What it says in a ticket.
TicketMessage MessageOf(const InboundMessage& message, const Ticket& ticket, Time now);
// Who says so in the trail: `source:<source>`. What such an actor writes was delivered by the source itself.
std::string SourceActor(const std::string& source);
bool IsSourceActor(const std::string& actor);

// Whom to ask contacts for; none where the source says nothing that contacts would know.
std::optional<identity::IdentitySet> RequesterOf(const InboundMessage& message);

// After how many attempts an answer has failed, and how long after one of them it is offered again.
inline constexpr int kMostAttempts = 8;
std::chrono::seconds RetryDelay(int attempts);

}  // namespace esnaf::support

#pragma once

// Conversations of other systems, what came of their messages, and answers that wait for delivery, as they are stored.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/inbound/inbound_message.h"

namespace esnaf::support {

// The numbers are those of the contract, and stored.
enum class InboundOutcome { kTicket = 1, kMessage = 2, kFollowUp = 3, kIgnored = 4, kNote = 5, kEcho = 6 };

struct InboundRecord {
  ConversationKey conversation;
  std::string message_id;
  InboundOutcome outcome = InboundOutcome::kMessage;
  Uuid ticket_id;
  std::optional<Uuid> ticket_message_id;
  Time create_time;
};

// Makes it where there is none, and holds it until the transaction ends; answers its ticket.
absl::StatusOr<std::optional<Uuid>> LockConversation(postgres::Tx& tx, const ConversationKey& key,
                                                     const std::string& sender_id);
// The ticket in which it goes on.
absl::Status SetConversationTicket(postgres::Tx& tx, const ConversationKey& key, const Uuid& ticket_id);
// Remembers the customer's newest message, whatever order they come in.
absl::Status NoteCustomerMessage(postgres::Tx& tx, const ConversationKey& key, const std::string& message_id,
                                 Time occur_time);
// Whether there is such a conversation with a ticket.
absl::StatusOr<bool> HasTicket(postgres::Tx& tx, const ConversationKey& key);
// Who the customer was in the newest ticket of his other conversations; none where nobody knows.
absl::StatusOr<std::optional<Uuid>> ContactOfSender(postgres::Tx& tx, const ConversationKey& key,
                                                    const std::string& sender_id);
struct ConversationOfTicket {
  ConversationKey key;
  std::string sender_id;
  std::string last_message_id;
};
// The conversation that was last heard of in the ticket, or in those that it goes back to.
absl::StatusOr<std::optional<ConversationOfTicket>> FindConversationOf(postgres::Tx& tx, const Uuid& ticket_id);

// False where there is one of this id.
absl::StatusOr<bool> InsertInbound(postgres::Tx& tx, const InboundRecord& record);
absl::StatusOr<std::optional<InboundRecord>> FindInbound(postgres::Tx& tx, const ConversationKey& key,
                                                         const std::string& message_id);

enum class OutboundState { kWaiting = 1, kDelivered = 2, kFailed = 3 };
struct OutboundMessage {
  Uuid id;  // that of the ticket's message
  ConversationKey conversation;
  std::string sender_id;
  std::string answered_message_id;
  std::string text;
  Uuid ticket_id;
  OutboundState state = OutboundState::kWaiting;
  int attempt_count = 0;
  std::string failure;
  Time next_attempt_time;
  Time create_time;
  std::vector<Uuid> attachment_ids{};  // those of the ticket's message
};
absl::Status InsertOutbound(postgres::Tx& tx, const OutboundMessage& message);
absl::Status UpdateOutbound(postgres::Tx& tx, const OutboundMessage& message);
// Locked until the transaction ends.
absl::StatusOr<std::optional<OutboundMessage>> LockOutbound(postgres::Tx& tx, const Uuid& id);
// The oldest in the conversation that waits and says just this, locked; none where there is none.
absl::StatusOr<std::optional<OutboundMessage>> LockWaitingCopy(postgres::Tx& tx, const ConversationKey& key,
                                                               const std::string& text);
// What lists select of `outbound_message o`.
extern const char kOutboundColumns[];
inline constexpr int kOutboundColumnCount = 14;
OutboundMessage ReadOutbound(const postgres::Row& row);

}  // namespace esnaf::support

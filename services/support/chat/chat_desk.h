#pragma once

// Leads chats on together with their tickets: what is said goes through the ticket's writer, and what happens with the
// ticket is followed here, all in one transaction. Whoever changes a chat holds its ticket's lock first.
#include <string>

#include "absl/status/statusor.h"
#include "services/support/chat/bot_talk.h"
#include "services/support/chat/chat.h"
#include "services/support/chat/chat_store.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// How long an agent whose inbox was open counts as being there.
inline constexpr std::chrono::seconds kAgentThere{30};
// What visitors' machines call their messages is kept as external ids of this form.
inline constexpr char kChatExternalPrefix[] = "chat:";

class ChatDesk {
 public:
  // The writer outlives it. From then on the desk follows what the writer records.
  explicit ChatDesk(TicketWriter& writer);

  // Opens a chat with its ticket and first message. `chat` has its id, store, visitor and page; `ticket` the contact.
  absl::StatusOr<Chat> Open(postgres::Tx& tx, const Cause& cause, const ChatSettings& settings, Chat chat,
                            Ticket ticket, TicketMessage message);
  // Says something in a chat that is not closed; what was said under the same external id is answered again.
  absl::StatusOr<ChatEvent> Say(postgres::Tx& tx, const Cause& cause, Ticket& ticket, const Chat& chat,
                                TicketMessage message);
  // An agent has the chat, and its ticket.
  absl::StatusOr<Chat> Take(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat, const std::string& agent);
  absl::StatusOr<Chat> HandBack(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat);
  // The bot has done what it can: people are asked, and where nobody is there the chat is missed at once.
  absl::StatusOr<Chat> HandOver(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat);
  // Ends the chat; `solve` says whether its ticket is solved too, where it is still worked on.
  absl::StatusOr<Chat> Close(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat, bool solve);
  // What a bot answered to a question, once; without a question, that there is none. Nothing where the chat is the
  // bot's no more.
  absl::Status PutBotAnswer(postgres::Tx& tx, const Uuid& id, const std::optional<ChatEvent>& question,
                            const BotAnswer& answer, Time now);
  // The visitor is this contact.
  absl::Status Link(postgres::Tx& tx, const Cause& cause, Ticket& ticket, const Uuid& contact);
  // Whether the end of the chat, where no agent brings it about, solves its ticket: the bot has answered all that the
  // visitor asked, and no part of the ticket is still to be worked on.
  static absl::StatusOr<bool> EndSolves(postgres::Tx& tx, const Chat& chat);

  // Does what the timer that has run out first stands for, in a transaction of its own; a worker's step. One that
  // cannot be done now is put off, so that it holds up no other. True where more may be left.
  absl::StatusOr<bool> TimeOutNext(postgres::Connection& connection, Time now);

 private:
  // The bot's reply, and that it is the visitor's turn.
  absl::Status SayAsBot(postgres::Tx& tx, const Cause& cause, Ticket& ticket, const Chat& chat,
                        const ChatEvent& question, const BotAnswer& answer);
  absl::Status TimeOut(postgres::Tx& tx, const Uuid& id, Time now);
  absl::Status FollowMessage(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message);
  static absl::Status FollowEvent(postgres::Tx& tx, const Ticket& ticket, const TicketEvent& event);

  TicketWriter& writer_;
};

// Who said a ticket's message in a chat.
ChatAuthor ChatAuthorOf(AuthorKind kind, const std::string& actor);
Cause VisitorCause(const std::string& trace_parent, Time now);
Cause BotCause(Time now);

}  // namespace esnaf::support

#include "services/support/chat/chat_desk.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "esnaf/support/v1/events.pb.h"
#include "libs/base/absl_compat.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "services/support/chat/chat_wire.h"
#include "services/support/mail/mail_store.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

// How long a timer is put off that cannot be followed now.
constexpr std::chrono::minutes kPutOff{5};
constexpr char kVisitorActor[] = "chat:visitor";
constexpr char kBotActor[] = "chat:bot";

template <typename Payload>
absl::Status TellOf(postgres::Tx& tx, const Cause& cause, const Chat& chat) {
  Payload payload;
  *payload.mutable_chat() = ChatToProto(chat);
  events::NewEvent told =
      events::MakeEvent(cause.actor.name, cause.now, "chat", chat.id, chat.version, payload, chat.update_time);
  told.trace_parent = cause.trace_parent;
  return events::Append(tx, {told});
}

// Tells the house where the chat stands now.
absl::Status TellState(postgres::Tx& tx, const Cause& cause, const Chat& chat) {
  switch (chat.state) {
    case ChatState::kActive:
      return TellOf<v1::ChatTaken>(tx, cause, chat);
    case ChatState::kMissed:
      return TellOf<v1::ChatMissed>(tx, cause, chat);
    case ChatState::kClosed:
      return TellOf<v1::ChatClosed>(tx, cause, chat);
    case ChatState::kBot:
    case ChatState::kWaiting:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

// Leads a locked chat on.
absl::Status Move(postgres::Tx& tx, const Cause& cause, const ChatSettings& settings, ChatVerb verb, Chat& chat,
                  const std::string& agent = "") {
  const ChatAuthor author = ChatAuthorOf(cause.actor.kind, cause.actor.name);
  ESNAF_ASSIGN_OR_RETURN(ChatEvent event, ApplyChatVerb(chat, verb, settings, author, cause.now, agent));
  if (chat.state == ChatState::kActive) {
    ESNAF_ASSIGN_OR_RETURN(event.author_name, AgentName(tx, chat.agent));
  }
  ESNAF_RETURN_IF_ERROR(UpdateChat(tx, chat));
  ESNAF_RETURN_IF_ERROR(AddChatEvent(tx, chat.id, event));
  return TellState(tx, cause, chat);
}

absl::StatusOr<ChatSettings> SettingsOf(postgres::Tx& tx, const Chat& chat) {
  ESNAF_ASSIGN_OR_RETURN(ChatSettingsRecord record, GetChatSettings(tx, chat.store_id));
  return std::move(record.body);
}

// Where nobody is there, who waits is told so at once.
absl::Status MissWhereNobodyIsThere(postgres::Tx& tx, const Cause& cause, const ChatSettings& settings, Chat& chat) {
  ESNAF_ASSIGN_OR_RETURN(const bool there, AnyAgentThere(tx, chat.store_id, cause.now - kAgentThere));
  if (there) return absl::OkStatus();
  return Move(tx, OwnCause(cause.now), settings, ChatVerb::kMiss, chat);
}

// Who has gone, or may have since nobody took his chat, reads an agent's answer by e-mail, where he left an address.
absl::Status MailAnswer(postgres::Tx& tx, const Cause& cause, const Chat& chat, const TicketMessage& message) {
  const bool answers = message.kind == MessageKind::kReply && message.author == AuthorKind::kAgent &&
                       message.channel == contacts::v1::CHANNEL_WEB_CHAT;
  if (!answers || chat.visitor_email.empty()) return absl::OkStatus();
  if (chat.state != ChatState::kClosed) {
    ESNAF_ASSIGN_OR_RETURN(const bool missed, MissedSinceHeard(tx, chat.id));
    if (!missed) return absl::OkStatus();
  }
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Mailbox> mailbox, SendingMailboxOf(tx, chat.store_id));
  if (!mailbox) return absl::OkStatus();
  const std::string domain = mailbox->address.substr(mailbox->address.rfind('@') + 1);
  return QueueMail(tx, {.id = Uuid::NewV7(cause.now),
                        .mailbox_id = mailbox->id,
                        .message_id = absl::StrCat(message.id.ToString(), "@", domain),
                        .ticket_id = chat.id,
                        .ticket_message_id = message.id,
                        .to_address = chat.visitor_email,
                        .to_name = chat.visitor_name,
                        .text = message.text,
                        .create_time = cause.now});
}

absl::StatusOr<ChatEvent> EventOf(postgres::Tx& tx, const TicketMessage& message) {
  const std::string_view external = message.external_id;
  ChatEvent event{
      .author = ChatAuthorOf(message.author, message.actor), .text = message.text, .message_id = message.id};
  if (external.starts_with(kChatExternalPrefix)) {
    event.client_message_id = external.substr(sizeof(kChatExternalPrefix) - 1);
  }
  if (event.author == ChatAuthor::kAgent) {
    ESNAF_ASSIGN_OR_RETURN(event.author_name, AgentName(tx, message.actor));
  }
  return event;
}

}  // namespace

ChatAuthor ChatAuthorOf(AuthorKind kind, const std::string& actor) {
  if (kind == AuthorKind::kCustomer) return ChatAuthor::kVisitor;
  if (kind == AuthorKind::kAgent) return ChatAuthor::kAgent;
  return actor == kBotActor ? ChatAuthor::kBot : ChatAuthor::kSystem;
}

Cause VisitorCause(const std::string& trace_parent, Time now) {
  return {{AuthorKind::kCustomer, kVisitorActor}, trace_parent, now};
}
Cause BotCause(Time now) { return {{AuthorKind::kSystem, kBotActor}, "", now}; }

ChatDesk::ChatDesk(TicketWriter& writer) : writer_(writer) {
  writer_.OnMessage([this](postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message) {
    return FollowMessage(tx, cause, ticket, message);
  });
  writer_.OnEvent(FollowEvent);
}

absl::StatusOr<Chat> ChatDesk::Open(postgres::Tx& tx, const Cause& cause, const ChatSettings& settings, Chat chat,
                                    Ticket ticket, TicketMessage message) {
  const bool bot = !settings.bot_url.empty();
  // People see the ticket among their team's once they are asked.
  if (!bot) ticket.team = settings.team;
  ESNAF_ASSIGN_OR_RETURN(TicketEvent created, ApplyMessage(ticket, message));
  created.kind = "created";
  created.details.erase("from");
  ESNAF_ASSIGN_OR_RETURN(const bool made, writer_.Create(tx, cause, ticket, created, {message}));
  if (!made) return absl::AbortedError("the chat is just being opened");
  chat.state = bot ? ChatState::kBot : ChatState::kWaiting;
  chat.create_time = chat.update_time = cause.now;
  if (!bot) chat.wait_time = cause.now;
  ESNAF_ASSIGN_OR_RETURN(ChatEvent event, EventOf(tx, message));
  ESNAF_RETURN_IF_ERROR(ApplyChatMessage(chat, settings, event, cause.now));
  chat.version = 1;
  ESNAF_RETURN_IF_ERROR(InsertChat(tx, chat));
  ESNAF_RETURN_IF_ERROR(AddChatEvent(tx, chat.id, event));
  ESNAF_RETURN_IF_ERROR(TellOf<v1::ChatStarted>(tx, cause, chat));
  if (!bot) ESNAF_RETURN_IF_ERROR(MissWhereNobodyIsThere(tx, cause, settings, chat));
  return chat;
}

absl::Status ChatDesk::FollowMessage(postgres::Tx& tx, const Cause& cause, const Ticket& ticket,
                                     const TicketMessage& message) {
  if (ticket.channel != contacts::v1::CHANNEL_WEB_CHAT || message.kind == MessageKind::kInternalNote) {
    return absl::OkStatus();
  }
  ESNAF_ASSIGN_OR_RETURN(std::optional<Chat> chat, LockChat(tx, ticket.id));
  if (!chat) return absl::OkStatus();
  if (chat->state == ChatState::kClosed) return MailAnswer(tx, cause, *chat, message);
  ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, *chat));
  const bool waits = chat->state == ChatState::kBot || chat->state == ChatState::kWaiting;
  // Who answers by the ticket's own methods has the chat by it.
  if (waits && message.author == AuthorKind::kAgent) {
    ESNAF_RETURN_IF_ERROR(Move(tx, cause, settings, ChatVerb::kTake, *chat, message.actor));
  }
  ESNAF_ASSIGN_OR_RETURN(ChatEvent event, EventOf(tx, message));
  ESNAF_RETURN_IF_ERROR(ApplyChatMessage(*chat, settings, event, message.create_time));
  ESNAF_RETURN_IF_ERROR(UpdateChat(tx, *chat));
  ESNAF_RETURN_IF_ERROR(AddChatEvent(tx, chat->id, event));
  return MailAnswer(tx, cause, *chat, message);
}

absl::Status ChatDesk::FollowEvent(postgres::Tx& tx, const Ticket& ticket, const TicketEvent& event) {
  if (ticket.channel != contacts::v1::CHANNEL_WEB_CHAT || IsActive(ticket.state)) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(std::optional<Chat> chat, LockChat(tx, ticket.id));
  if (!chat || chat->state == ChatState::kClosed) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, *chat));
  return Move(tx, {{event.author, event.actor}, "", event.time}, settings, ChatVerb::kClose, *chat);
}

absl::StatusOr<ChatEvent> ChatDesk::Say(postgres::Tx& tx, const Cause& cause, Ticket& ticket, const Chat& chat,
                                        TicketMessage message) {
  ESNAF_ASSIGN_OR_RETURN(const std::optional<TicketMessage> known, FindMessage(tx, ticket.id, message.external_id));
  if (!known) {
    if (chat.state == ChatState::kClosed) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "CHAT_STATE", "the chat is closed",
                       {{"state", std::string(ChatStateName(chat.state))}, {"verb", "say"}});
    }
    message.create_time = MomentOf(ticket, cause.now);
    ESNAF_ASSIGN_OR_RETURN(const TicketEvent event, ApplyMessage(ticket, message));
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event, &message));
  }
  ESNAF_ASSIGN_OR_RETURN(std::optional<ChatEvent> said, EventOfMessage(tx, chat.id, known ? known->id : message.id));
  if (!said) return absl::InternalError("what was said is not in its chat");
  return *std::move(said);
}

absl::StatusOr<Chat> ChatDesk::Take(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat,
                                    const std::string& agent) {
  if (chat.state == ChatState::kActive && chat.agent == agent) return chat;
  ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, chat));
  ESNAF_RETURN_IF_ERROR(Move(tx, cause, settings, ChatVerb::kTake, chat, agent));
  Ticket taken = ticket;
  taken.assignee = agent;
  if (taken.team.empty()) taken.team = settings.team;
  if (taken.assignee == ticket.assignee && taken.team == ticket.team) return chat;
  const TicketEvent event = AssignedEvent(ticket, taken, cause.actor);
  ticket = std::move(taken);
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
  return chat;
}

absl::StatusOr<Chat> ChatDesk::HandBack(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat) {
  ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, chat));
  ESNAF_RETURN_IF_ERROR(Move(tx, cause, settings, ChatVerb::kHandBack, chat));
  if (ticket.assignee.empty()) return chat;
  Ticket free = ticket;
  free.assignee.clear();
  const TicketEvent event = AssignedEvent(ticket, free, cause.actor);
  ticket = std::move(free);
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
  return chat;
}

absl::StatusOr<Chat> ChatDesk::HandOver(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat) {
  ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, chat));
  ESNAF_RETURN_IF_ERROR(Move(tx, cause, settings, ChatVerb::kHandOver, chat));
  if (ticket.team.empty() && !settings.team.empty()) {
    Ticket asked = ticket;
    asked.team = settings.team;
    const TicketEvent event = AssignedEvent(ticket, asked, cause.actor);
    ticket = std::move(asked);
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
  }
  if (ticket.state == TicketState::kPendingCustomer) {
    ESNAF_ASSIGN_OR_RETURN(const TicketEvent event,
                           ApplyVerb(ticket, TicketVerb::kOpen, cause.actor, MomentOf(ticket, cause.now)));
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
  }
  ESNAF_RETURN_IF_ERROR(MissWhereNobodyIsThere(tx, cause, settings, chat));
  return chat;
}

absl::StatusOr<Chat> ChatDesk::Close(postgres::Tx& tx, const Cause& cause, Ticket& ticket, Chat chat, bool solve) {
  if (chat.state == ChatState::kClosed) return chat;
  ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, chat));
  ESNAF_RETURN_IF_ERROR(Move(tx, cause, settings, ChatVerb::kClose, chat));
  if (!solve || !IsActive(ticket.state)) return chat;
  ESNAF_RETURN_IF_ERROR(CheckParts(tx, ticket.id));
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent event,
                         ApplyVerb(ticket, TicketVerb::kSolve, cause.actor, MomentOf(ticket, cause.now)));
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
  return chat;
}

absl::Status ChatDesk::SayAsBot(postgres::Tx& tx, const Cause& cause, Ticket& ticket, const Chat& chat,
                                const ChatEvent& question, const BotAnswer& answer) {
  TicketMessage message;
  message.id = Uuid::NewV7(cause.now);
  message.ticket_id = chat.id;
  // A machine's word: the customer reads it, and no promise is kept by it.
  message.kind = MessageKind::kPublicNote;
  message.author = cause.actor.kind;
  message.actor = cause.actor.name;
  message.text = answer.reply;
  message.channel = contacts::v1::CHANNEL_WEB_CHAT;
  message.external_id = absl::StrCat("bot:", question.message_id->ToString());
  ESNAF_ASSIGN_OR_RETURN(const ChatEvent said, Say(tx, cause, ticket, chat, std::move(message)));
  if (!answer.suggestions.empty()) {
    ESNAF_RETURN_IF_ERROR(SetSuggestions(tx, chat.id, said.sequence, answer.suggestions));
  }
  if (answer.hand_over || (ticket.state != TicketState::kNew && ticket.state != TicketState::kOpen)) {
    return absl::OkStatus();
  }
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent event,
                         ApplyVerb(ticket, TicketVerb::kAwaitCustomer, cause.actor, MomentOf(ticket, cause.now)));
  return writer_.Record(tx, cause, ticket, event);
}

absl::Status ChatDesk::PutBotAnswer(postgres::Tx& tx, const Uuid& id, const std::optional<ChatEvent>& question,
                                    const BotAnswer& answer, Time now) {
  ESNAF_ASSIGN_OR_RETURN(auto tickets, LockTickets(tx, {id}));
  ESNAF_ASSIGN_OR_RETURN(std::optional<Chat> chat, LockChat(tx, id));
  if (!chat || tickets.empty() || chat->state != ChatState::kBot) return absl::OkStatus();
  if (question && question->sequence <= chat->bot_sequence) return absl::OkStatus();
  if (question) chat->bot_sequence = question->sequence;
  ESNAF_ASSIGN_OR_RETURN(const std::optional<ChatEvent> next, NextQuestion(tx, id, chat->bot_sequence));
  chat->bot_due_time = next ? std::optional(now) : std::nullopt;
  ESNAF_RETURN_IF_ERROR(UpdateChat(tx, *chat));
  Ticket& ticket = tickets.begin()->second;
  const Cause cause = BotCause(now);
  if (question && !answer.reply.empty()) {
    ESNAF_RETURN_IF_ERROR(SayAsBot(tx, cause, ticket, *chat, *question, answer));
    ESNAF_ASSIGN_OR_RETURN(chat, LockChat(tx, id));
  }
  return answer.hand_over ? HandOver(tx, cause, ticket, *chat).status() : absl::OkStatus();
}

absl::Status ChatDesk::Link(postgres::Tx& tx, const Cause& cause, Ticket& ticket, const Uuid& contact) {
  ticket.contact_id = contact;
  const TicketEvent event = PlainEvent(ticket, cause.actor, "requester_linked", {{"contact_id", contact.ToString()}});
  return writer_.Record(tx, cause, ticket, event);
}

absl::StatusOr<bool> ChatDesk::EndSolves(postgres::Tx& tx, const Chat& chat) {
  if (chat.state != ChatState::kBot) return false;
  ESNAF_ASSIGN_OR_RETURN(const std::optional<ChatEvent> question, NextQuestion(tx, chat.id, chat.bot_sequence));
  if (question) return false;
  ESNAF_ASSIGN_OR_RETURN(const auto open_parts, CountOpenParts(tx, {chat.id}));
  return open_parts.empty();
}

absl::Status ChatDesk::TimeOut(postgres::Tx& tx, const Uuid& id, Time now) {
  ESNAF_ASSIGN_OR_RETURN(auto tickets, LockTickets(tx, {id}));
  ESNAF_ASSIGN_OR_RETURN(std::optional<Chat> chat, LockChat(tx, id));
  // Something may have happened since it was looked for.
  if (!chat || tickets.empty() || !chat->timer_time || *chat->timer_time > now) return absl::OkStatus();
  const Cause cause = OwnCause(now);
  if (TimerVerb(chat->state) == ChatVerb::kMiss) {
    ESNAF_ASSIGN_OR_RETURN(const ChatSettings settings, SettingsOf(tx, *chat));
    return Move(tx, cause, settings, ChatVerb::kMiss, *chat);
  }
  ESNAF_ASSIGN_OR_RETURN(const bool solves, EndSolves(tx, *chat));
  return Close(tx, cause, tickets.begin()->second, *chat, solves).status();
}

absl::StatusOr<bool> ChatDesk::TimeOutNext(postgres::Connection& connection, Time now) {
  ESNAF_ASSIGN_OR_RETURN(
      const std::optional<Uuid> due,
      connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) { return NextDueChat(tx, now); }));
  if (!due) return false;
  absl::Status done = connection.Run({}, [&](postgres::Tx& tx) { return TimeOut(tx, *due, now); });
  if (done.ok()) return true;
  ESNAF_RETURN_IF_ERROR(
      connection.Run({}, [&](postgres::Tx& tx) { return PutOffTimer(tx, *due, now, now + kPutOff); }));
  LogWarning("a chat's timer could not be followed", {{"chat", due->ToString()}, {"why", ToStd(done.message())}});
  return true;
}

}  // namespace esnaf::support

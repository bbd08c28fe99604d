#include "services/support/chat/chat_service.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/chat/chat_access.h"
#include "services/support/chat/chat_token.h"
#include "services/support/chat/chat_wire.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::size_t kMaxPageBytes = 1000;
constexpr std::size_t kMaxSubjectBytes = 100;
constexpr std::int64_t kMostLiveOfStore = 1000;
constexpr std::int64_t kMostOfMinute = 30;
// So long after a chat's end its visitor may still say who he is.
constexpr std::chrono::hours kIdentifiable{24};

const api::FieldTable& ChatFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{
      .fields = {{.name = "state",
                  .sql = "c.state",
                  .type = Type::kEnum,
                  .enum_values = {{"BOT", "1"}, {"WAITING", "2"}, {"ACTIVE", "3"}, {"MISSED", "4"}, {"CLOSED", "5"}}},
                 {.name = "store_id", .sql = "c.store_id"},
                 {.name = "agent", .sql = "c.agent"},
                 {.name = "locale", .sql = "c.locale"},
                 {.name = "create_time", .sql = "c.create_time", .type = Type::kTime},
                 {.name = "end_time", .sql = "c.end_time", .type = Type::kTime, .nullable = true}},
      .id_sql = "c.id"};
  return kFields;
}

absl::Status NoChat(const std::string& id) { return NotFound("chat", id); }

// A key that is limited to stores sets up the chats of these alone.
absl::Status CheckStore(const Call& call, const std::string& store_id) {
  if (!IsStoreId(store_id)) return InvalidField("store_id", "is no id of a store");
  if (call.caller().MaySee(store_id)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                   {{"store_id", store_id}});
}

v1::ChatSettings ToProto(const ChatSettingsRecord& record) {
  v1::ChatSettings message = ChatSettingsToProto(record.body);
  message.set_etag(absl::StrCat(record.version));
  if (record.version > 0) *message.mutable_update_time() = api::ToProto(record.update_time);
  return message;
}

// The ticket of a chat that is just opened, and its first message.
Ticket TicketOf(const Chat& chat, const std::string& text) {
  const std::string_view said = Trim(text);
  Ticket ticket;
  ticket.id = chat.id;
  ticket.store_id = chat.store_id;
  ticket.subject = std::string(Truncate(Trim(said.substr(0, said.find('\n'))), kMaxSubjectBytes));
  ticket.channel = contacts::v1::CHANNEL_WEB_CHAT;
  return ticket;
}
TicketMessage MessageOf(const Uuid& ticket, const Cause& cause, const std::string& text, const std::string& client_id) {
  TicketMessage message;
  message.id = Uuid::NewV7(cause.now);
  message.ticket_id = ticket;
  message.author = cause.actor.kind;
  message.actor = cause.actor.name;
  message.text = text;
  message.channel = contacts::v1::CHANNEL_WEB_CHAT;
  if (!client_id.empty()) message.external_id = kChatExternalPrefix + client_id;
  message.create_time = cause.now;
  return message;
}

absl::Status CheckRate(postgres::Tx& tx, const Chat& chat, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t count, CountVisitorMessages(tx, chat.id, now - std::chrono::minutes(1)));
  if (count < kMostOfMinute) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "CHAT_TOO_FAST", "the visitor writes too many messages",
                   {{"most_a_minute", absl::StrCat(kMostOfMinute)}});
}

// Whether contacts is to be asked who the visitor of a chat is. FAILED_PRECONDITION where the chat is long over.
absl::StatusOr<bool> AsksWho(postgres::Tx& tx, const Chat& chat, Time now) {
  if (chat.end_time && now - *chat.end_time > kIdentifiable) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "CHAT_STATE", "the chat is long over",
                     {{"state", std::string(ChatStateName(chat.state))}, {"verb", "identify"}});
  }
  if (!chat.visitor_email.empty() || !chat.visitor_phone.empty()) return false;
  ESNAF_RETURN_IF_ERROR(CheckRate(tx, chat, now));
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Ticket> ticket, FindTicket(tx, chat.id));
  return ticket && !ticket->contact_id;
}

// The visitor's proof is made anew each time that it is told, so that it is kept nowhere.
absl::StatusOr<v1::Chat> WithToken(Call& call, v1::Chat chat) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(chat.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const std::string secret, call.Read([](postgres::Tx& tx) { return ChatSecret(tx); }));
  chat.set_token(ChatTokenOf(id, secret));
  return chat;
}

// What the visitor is told of his own chat.
v1::Chat OwnChat(const Chat& chat) {
  v1::Chat told = ChatToProto(chat);
  told.clear_agent();
  return told;
}

}  // namespace

runtime::RpcService ChatService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.ChatService");
  rpcs.Unary("GetChatWelcome", this, &ChatService::GetChatWelcome)
      .Unary("CreateChat", this, &ChatService::CreateChat)
      .Unary("GetChat", this, &ChatService::GetChat)
      .Unary("ListChats", this, &ChatService::ListChats)
      .Unary("SendChatMessage", this, &ChatService::SendChatMessage)
      .Unary("SignalChat", this, &ChatService::SignalChat)
      .Unary("IdentifyChatVisitor", this, &ChatService::IdentifyChatVisitor)
      .Unary("TakeChat", this, &ChatService::TakeChat)
      .Unary("HandBackChat", this, &ChatService::HandBackChat)
      .Unary("CloseChat", this, &ChatService::CloseChat)
      .ServerStream("WatchChat", this, &ChatService::WatchChat)
      .ServerStream("WatchChats", this, &ChatService::WatchChats)
      .Unary("GetChatSettings", this, &ChatService::GetChatSettings)
      .Unary("UpdateChatSettings", this, &ChatService::UpdateChatSettings);
  return rpcs;
}

absl::StatusOr<v1::ChatWelcome> ChatService::GetChatWelcome(Call& call, const v1::GetChatWelcomeRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ChatWelcome> {
    ESNAF_ASSIGN_OR_RETURN(const ChatSettingsRecord record, support::GetChatSettings(tx, request.store_id()));
    v1::ChatWelcome welcome;
    welcome.set_enabled(record.body.enabled);
    if (!record.body.enabled) return welcome;
    ESNAF_ASSIGN_OR_RETURN(const bool there, AnyAgentThere(tx, request.store_id(), call.now() - kAgentThere));
    welcome.set_online(there || !record.body.bot_url.empty());
    welcome.set_text(WelcomeText(record.body, ChatLocale(request.locale())));
    return welcome;
  });
}

absl::StatusOr<v1::Chat> ChatService::CreateChat(Call& call, const v1::CreateChatRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_RETURN_IF_ERROR(CheckChatText(request.text(), request.client_message_id()));
  ESNAF_ASSIGN_OR_RETURN(const ChatVisitor visitor,
                         ReadVisitor(request.visitor_name(), request.visitor_email(), request.visitor_phone()));
  if (!IsCleanUtf8(request.page())) return InvalidField("page", "is no clean UTF-8");
  ESNAF_ASSIGN_OR_RETURN(std::optional<v1::Chat> answered, call.FindAnswer<v1::Chat>(request));
  if (answered) return WithToken(call, *std::move(answered));
  const std::optional<identity::IdentitySet> requester = RequesterOf(visitor);
  identity::Links links;
  if (requester) {
    ESNAF_ASSIGN_OR_RETURN(links, requesters_.Find(call, *requester));
  }
  const Chat opened{.id = Uuid::NewV7(call.now()),
                    .store_id = request.store_id(),
                    .visitor_name = visitor.name,
                    .visitor_email = visitor.email,
                    .visitor_phone = visitor.phone,
                    .page = std::string(Truncate(request.page(), kMaxPageBytes)),
                    .locale = ChatLocale(request.locale())};
  const Cause cause = VisitorCause(call.info().trace_parent, call.now());
  using Answer = absl::StatusOr<v1::Chat>;
  Answer made = call.Mutate<v1::Chat>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const ChatSettingsRecord settings, support::GetChatSettings(tx, request.store_id()));
    if (!settings.body.enabled) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "CHAT_DISABLED", "the store has no chat",
                       {{"store_id", request.store_id()}});
    }
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t live, CountLiveChats(tx, request.store_id()));
    if (live >= kMostLiveOfStore) {
      return MakeError(absl::StatusCode::kResourceExhausted, "CHATS_FULL", "the store has as many chats as it takes");
    }
    Ticket ticket = TicketOf(opened, request.text());
    if (requester) ticket.contact_id = links.contacts[0];
    ESNAF_ASSIGN_OR_RETURN(const Chat chat,
                           desk_.Open(tx, cause, settings.body, opened, ticket,
                                      MessageOf(opened.id, cause, request.text(), request.client_message_id())));
    if (requester) ESNAF_RETURN_IF_ERROR(requesters_.Keep(tx, chat.id, *requester, links, call.now()));
    return OwnChat(chat);
  });
  if (!made.ok()) return made;
  hub_.Wake();
  return WithToken(call, *std::move(made));
}

absl::StatusOr<v1::Chat> ChatService::GetChat(Call& call, const v1::GetChatRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Chat> {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Chat> chat, FindChat(tx, id));
    if (!chat || !call.caller().MaySee(chat->store_id)) return NoChat(request.id());
    return ChatToProto(*chat);
  });
}

absl::StatusOr<v1::ListChatsResponse> ChatService::ListChats(Call& call, const v1::ListChatsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, ChatFields(), {.default_order = "create_time desc"}));
  const std::vector<std::string>& stores = call.caller().store_ids;
  const api::SqlQuery sql = stores.empty()
                                ? query.Select(kChatColumns, "chat c")
                                : query.Select(kChatColumns, "chat c", "c.store_id = ANY ($1::text[])", {stores});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListChatsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListChatsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_chats() = ChatToProto(ReadChat(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kChatColumnCount));
    return response;
  });
}

absl::StatusOr<ChatService::Locked> ChatService::Lock(Call& call, postgres::Tx& tx, const std::string& id,
                                                      const std::string& token) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid asked, api::ParseId(id, "id"));
  ESNAF_ASSIGN_OR_RETURN(auto tickets, LockTickets(tx, {asked}));
  ESNAF_ASSIGN_OR_RETURN(std::optional<Chat> chat, LockChat(tx, asked));
  if (!chat || tickets.empty()) return NoChat(id);
  ESNAF_ASSIGN_OR_RETURN(const std::string secret, ChatSecret(tx));
  ESNAF_RETURN_IF_ERROR(CheckChatAccess(call, *chat, token, secret));
  const bool visitor = SpeaksAsVisitor(call, token);
  Cause cause = visitor ? VisitorCause(call.info().trace_parent, call.now()) : CauseOf(call);
  return Locked{std::move(tickets.begin()->second), *std::move(chat), visitor, std::move(cause)};
}

absl::StatusOr<v1::ChatEvent> ChatService::SendChatMessage(Call& call, const v1::SendChatMessageRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckChatText(request.text(), request.client_message_id()));
  using Answer = absl::StatusOr<v1::ChatEvent>;
  Answer said = call.Mutate<v1::ChatEvent>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Locked locked, Lock(call, tx, request.id(), request.token()));
    const TicketMessage message = MessageOf(locked.chat.id, locked.cause, request.text(), request.client_message_id());
    ESNAF_ASSIGN_OR_RETURN(const std::optional<TicketMessage> known,
                           FindMessage(tx, locked.chat.id, message.external_id));
    if (!known && locked.visitor) ESNAF_RETURN_IF_ERROR(CheckRate(tx, locked.chat, call.now()));
    const bool takes =
        !known && !locked.visitor && locked.chat.state != ChatState::kActive && locked.chat.state != ChatState::kClosed;
    if (takes) {
      ESNAF_ASSIGN_OR_RETURN(locked.chat,
                             desk_.Take(tx, locked.cause, locked.ticket, locked.chat, locked.cause.actor.name));
    }
    ESNAF_ASSIGN_OR_RETURN(const ChatEvent event, desk_.Say(tx, locked.cause, locked.ticket, locked.chat, message));
    return ChatEventToProto(event);
  });
  if (said.ok()) hub_.Wake();
  return said;
}

absl::StatusOr<v1::SignalChatResponse> ChatService::SignalChat(Call& call, const v1::SignalChatRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  if (request.read_sequence() < 0) return InvalidField("read_sequence", "is negative");
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Chat> chat, FindChat(tx, id));
    if (!chat) return NoChat(request.id());
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, ChatSecret(tx));
    return CheckChatAccess(call, *chat, request.token(), secret);
  }));
  v1::ChatSignal signal;
  signal.set_author(SpeaksAsVisitor(call, request.token()) ? v1::CHAT_AUTHOR_VISITOR : v1::CHAT_AUTHOR_AGENT);
  signal.set_typing(request.typing());
  signal.set_read_sequence(request.read_sequence());
  hub_.Signal(id, signal);
  return v1::SignalChatResponse();
}

absl::StatusOr<v1::IdentifyChatVisitorResponse> ChatService::IdentifyChatVisitor(
    Call& call, const v1::IdentifyChatVisitorRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const ChatVisitor visitor,
                         ReadVisitor(request.visitor_name(), request.visitor_email(), request.visitor_phone()));
  // Contacts are only asked for whoever proves the chat to be his own, and once.
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const bool asks, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Chat> chat, FindChat(tx, id));
    if (!chat) return NoChat(request.id());
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, ChatSecret(tx));
    ESNAF_RETURN_IF_ERROR(CheckChatAccess(call, *chat, request.token(), secret));
    return AsksWho(tx, *chat, call.now());
  }));
  const std::optional<identity::IdentitySet> requester = RequesterOf(visitor);
  identity::Links links;
  if (requester && asks) {
    ESNAF_ASSIGN_OR_RETURN(links, requesters_.Find(call, *requester));
  }
  using Response = v1::IdentifyChatVisitorResponse;
  return call.Mutate<Response>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<Response> {
    ESNAF_ASSIGN_OR_RETURN(Locked locked, Lock(call, tx, request.id(), request.token()));
    Chat& chat = locked.chat;
    const bool unknown = chat.visitor_email.empty() && chat.visitor_phone.empty();
    if (!visitor.name.empty()) chat.visitor_name = visitor.name;
    if (!visitor.email.empty()) chat.visitor_email = visitor.email;
    if (!visitor.phone.empty()) chat.visitor_phone = visitor.phone;
    ++chat.version;
    ESNAF_RETURN_IF_ERROR(UpdateChat(tx, chat));
    if (!requester || !asks || !unknown || locked.ticket.contact_id) return Response();
    ESNAF_RETURN_IF_ERROR(requesters_.Keep(tx, chat.id, *requester, links, call.now()));
    if (links.contacts[0]) ESNAF_RETURN_IF_ERROR(desk_.Link(tx, locked.cause, locked.ticket, *links.contacts[0]));
    return Response();
  });
}

template <typename Request>
absl::StatusOr<v1::Chat> ChatService::ChangeChat(Call& call, const Request& request, const std::string& token,
                                                 const Change& change) {
  using Answer = absl::StatusOr<v1::Chat>;
  Answer changed = call.Mutate<v1::Chat>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Locked locked, Lock(call, tx, request.id(), token));
    ESNAF_ASSIGN_OR_RETURN(const Chat chat, change(tx, locked));
    return locked.visitor ? OwnChat(chat) : ChatToProto(chat);
  });
  if (changed.ok()) hub_.Wake();
  return changed;
}

absl::StatusOr<v1::Chat> ChatService::TakeChat(Call& call, const v1::TakeChatRequest& request) {
  const std::string agent = request.agent().empty() ? call.caller().actor : request.agent();
  if (agent.size() > kMaxClientIdBytes || !IsCleanUtf8(agent)) return InvalidField("agent", "is no agent's id");
  return ChangeChat(call, request, "", [&](postgres::Tx& tx, Locked& locked) {
    return desk_.Take(tx, locked.cause, locked.ticket, locked.chat, agent);
  });
}

absl::StatusOr<v1::Chat> ChatService::HandBackChat(Call& call, const v1::HandBackChatRequest& request) {
  return ChangeChat(call, request, "", [&](postgres::Tx& tx, Locked& locked) {
    return desk_.HandBack(tx, locked.cause, locked.ticket, locked.chat);
  });
}

absl::StatusOr<v1::Chat> ChatService::CloseChat(Call& call, const v1::CloseChatRequest& request) {
  return ChangeChat(call, request, request.token(), [&](postgres::Tx& tx, Locked& locked) -> absl::StatusOr<Chat> {
    bool solve = !locked.visitor && !request.keep_ticket_open();
    if (locked.visitor) {
      ESNAF_ASSIGN_OR_RETURN(solve, ChatDesk::EndSolves(tx, locked.chat));
    }
    return desk_.Close(tx, locked.cause, locked.ticket, locked.chat, solve);
  });
}

absl::StatusOr<v1::ChatSettings> ChatService::GetChatSettings(Call& call, const v1::GetChatSettingsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ChatSettings> {
    ESNAF_ASSIGN_OR_RETURN(const ChatSettingsRecord record, support::GetChatSettings(tx, request.store_id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ChatSettings> ChatService::UpdateChatSettings(Call& call,
                                                                 const v1::UpdateChatSettingsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.settings().store_id()));
  using Answer = absl::StatusOr<v1::ChatSettings>;
  return call.Mutate<v1::ChatSettings>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(ChatSettingsRecord record, LockChatSettings(tx, request.settings().store_id()));
    ESNAF_RETURN_IF_ERROR(
        CheckEtag(request.settings().etag(), record.version, "the settings", request.settings().store_id()));
    v1::ChatSettings merged = ChatSettingsToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.settings());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.settings(), "settings", merged));
    merged.set_store_id(record.body.store_id);
    ESNAF_ASSIGN_OR_RETURN(ChatSettings settings, ChatSettingsFromProto(merged));
    if (record.version == 0) record.create_time = call.now();
    if (!support::Change(record, std::move(settings), call.now())) return ToProto(record);
    ESNAF_RETURN_IF_ERROR(SaveChatSettings(tx, record));
    return ToProto(record);
  });
}

}  // namespace esnaf::support

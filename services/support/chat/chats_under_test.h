#pragma once

// Chats as Build makes them, with their timers run by hand, for tests through a real channel.
#include <functional>
#include <string>
#include <thread>

#include "services/support/chat/chat_service.h"
#include "services/support/chat/chat_store.h"
#include "services/support/support_under_test.h"

namespace esnaf::support::testing {

inline const runtime::ClientCallOptions kPublishable{
    .metadata = {{"esnaf-caller-kind", "publishable"}, {"esnaf-actor", "key:2"}}};

struct ChatsUnderTest : SupportUnderTest {
  ChatsUnderTest() {
    v1::UpdateChatSettingsRequest request;
    request.mutable_settings()->set_store_id("tr");
    request.mutable_settings()->set_enabled(true);
    request.mutable_settings()->set_team("destek");
    REQUIRE_OK(Ask<v1::ChatSettings>("UpdateChatSettings", request, kStaff));
    feeder = std::thread([this] {
      postgres::Connection own(schema.options());
      while (!hub.closed()) CHECK_OK(hub.Feed(own, clock));
    });
  }
  ~ChatsUnderTest() {
    hub.Close();
    feeder.join();
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = kPublishable) {
    clock.Advance(std::chrono::milliseconds(1));
    return chats_server.channel()->Call<Response>("/esnaf.support.v1.ChatService/" + method, request, options);
  }
  // An agent whose inbox is open.
  void ComeIn(const std::string& agent = "user:ayse") {
    REQUIRE_OK(schema.connection().Run({}, [&](postgres::Tx& tx) {
      return NoteAgents(tx, {{agent, ""}}, clock.Now());
    }));
  }
  absl::StatusOr<v1::Chat> TryOpen(const std::function<void(v1::CreateChatRequest&)>& edit = {}) {
    v1::CreateChatRequest request;
    request.set_store_id("tr");
    request.set_text("Kargom nerede?");
    request.set_client_message_id("m1");
    if (edit) edit(request);
    return Ask<v1::Chat>("CreateChat", request);
  }
  v1::Chat OpenChat(const std::function<void(v1::CreateChatRequest&)>& edit = {}) {
    auto made = TryOpen(edit);
    REQUIRE_OK(made);
    return *std::move(made);
  }
  // With a token as the visitor.
  absl::StatusOr<v1::ChatEvent> Send(const std::string& id, const std::string& token, const std::string& text,
                                     const std::string& client_id = "") {
    v1::SendChatMessageRequest request;
    request.set_id(id);
    request.set_token(token);
    request.set_text(text);
    request.set_client_message_id(client_id);
    return Ask<v1::ChatEvent>("SendChatMessage", request, token.empty() ? kStaff : kPublishable);
  }
  template <typename Request>
  absl::StatusOr<v1::Chat> ChatVerb(const std::string& method, const std::string& id, const std::string& token = "") {
    Request request;
    request.set_id(id);
    if constexpr (requires { request.set_token(token); }) request.set_token(token);
    return Ask<v1::Chat>(method, request, token.empty() ? kStaff : kPublishable);
  }
  v1::Chat GetChat(const std::string& id) {
    v1::GetChatRequest request;
    request.set_id(id);
    auto chat = Ask<v1::Chat>("GetChat", request, kStaff);
    REQUIRE_OK(chat);
    return *std::move(chat);
  }
  std::string Listed(const std::string& filter) {
    v1::ListChatsRequest request;
    request.set_filter(filter);
    auto page = Ask<v1::ListChatsResponse>("ListChats", request, kStaff);
    REQUIRE_OK(page);
    return std::to_string(page->chats_size());
  }
  // What a stream brings of stored events until there are so many: `1 VISITOR text;`.
  std::string Watch(const std::string& id, const std::string& token, std::int64_t after, std::size_t count,
                    const runtime::ClientCallOptions& options = kPublishable) {
    v1::WatchChatRequest request;
    request.set_id(id);
    request.set_token(token);
    request.set_after_sequence(after);
    std::string seen;
    std::size_t left = count;
    const absl::Status status = chats_server.channel()->ReadStream(
        "/esnaf.support.v1.ChatService/WatchChat", request, v1::ChatUpdate(),
        [&](const google::protobuf::Message& message) {
          const auto& update = static_cast<const v1::ChatUpdate&>(message);
          if (!update.has_event()) return true;
          CHECK(update.sequence() == update.event().sequence());
          const std::string author = v1::ChatAuthor_Name(update.event().author()).substr(12);
          const bool said = update.event().kind() == v1::CHAT_EVENT_KIND_MESSAGE;
          absl::StrAppend(&seen, update.sequence(), " ", author, " ",
                          said ? update.event().text() : v1::ChatState_Name(update.event().state()).substr(11), ";");
          return --left > 0;
        },
        [] { return false; }, options);
    if (!status.ok()) seen += status.ToString();
    return seen;
  }
  void TimeOut() {
    for (bool more = true; more;) {
      auto next = desk.TimeOutNext(schema.connection(), clock.Now());
      REQUIRE_OK(next);
      more = *next;
    }
  }

  void Configure(const std::string& store, const std::function<void(v1::ChatSettings&)>& edit) {
    v1::UpdateChatSettingsRequest request;
    request.mutable_settings()->set_store_id(store);
    request.mutable_settings()->set_enabled(true);
    edit(*request.mutable_settings());
    REQUIRE_OK(Ask<v1::ChatSettings>("UpdateChatSettings", request, kStaff));
  }
  // A chat whose bot has answered all, and of whose ticket an agent made a part.
  v1::Chat OpenWithPart() {
    const v1::Chat chat = OpenChat();
    REQUIRE(chat.state() == v1::CHAT_STATE_BOT);
    REQUIRE_OK(schema.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
      ESNAF_ASSIGN_OR_RETURN(const auto question, NextQuestion(tx, *Uuid::Parse(chat.id()), 0));
      return desk.PutBotAnswer(tx, *Uuid::Parse(chat.id()), question, {.reply = "Yolda"}, clock.Now());
    }));
    v1::CreateTicketRequest part = Request("Depoya sor");
    part.mutable_ticket()->set_parent_id(chat.id());
    REQUIRE_OK(Call<v1::Ticket>("CreateTicket", part));
    return chat;
  }
  void AddMailbox() {
    schema.Sql(
        "INSERT INTO mailbox (id, address, display_name, store_id, team, imap_url, imap_folder, imap_user, "
        "imap_password_file, smtp_url, smtp_user, smtp_password_file, acknowledgement, disabled, key, next_fetch_time, "
        "create_time) VALUES "
        "('destek', 'destek@example.com', 'Destek', 'tr', '', '', 'INBOX', '', '', 'smtp://127.0.0.1:25', '', '', '', "
        "false, 'k', now(), now())");
  }
  // What was mailed, in order, each followed by a semicolon.
  std::string Mailed() {
    std::string texts;
    const auto rows = schema.Sql("SELECT text FROM mail_out ORDER BY create_time, id");
    for (int i = 0; i < rows.size(); ++i) texts += rows[i].Get<std::string>(0) + ";";
    return texts;
  }

  ChatDesk desk{writer};
  ChatHub hub{40};
  ChatService chats{desk, hub, requesters};
  TestServer chats_server{schema, {chats.Rpcs()}, {.name = "support", .clock = &clock}};
  std::thread feeder;
};

}  // namespace esnaf::support::testing

// Goal: a visitor proves his chat by its token alone, what is said is the ticket's, streams bring each event once and
// in order, and who finds nobody there has a ticket.
#include "services/support/chat/chat_service.h"

#include <atomic>
#include <thread>

#include "services/support/chat/chats_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::ChatsUnderTest;
using testing::kPublishable;
using testing::kStaff;
using testing::kStorefront;

TEST_CASE("a visitor and an agent talk, and all of it is the ticket's") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  CHECK(chat.state() == v1::CHAT_STATE_WAITING);
  CHECK(chat.token().size() == 43);
  const v1::Ticket ticket = test.Get(chat.id());
  CHECK(ticket.subject() == "Kargom nerede?");
  CHECK(ticket.team() == "destek");
  CHECK(ticket.channel() == contacts::v1::CHANNEL_WEB_CHAT);
  REQUIRE_OK(test.Send(chat.id(), "", "Merhaba, bakıyorum"));
  REQUIRE_OK(test.Send(chat.id(), chat.token(), "Teşekkürler", "m2"));
  CHECK(test.GetChat(chat.id()).agent() == "user:ayse");
  CHECK(test.GetChat(chat.id()).token().empty());
  CHECK(test.Get(chat.id()).assignee() == "user:ayse");
  // By the ticket's own method too.
  REQUIRE_OK(test.Reply(chat.id(), "Yarın elinizde"));
  CHECK(test.Watch(chat.id(), chat.token(), 0, 5) ==
        "1 VISITOR Kargom nerede?;2 AGENT ACTIVE;3 AGENT Merhaba, bakıyorum;4 VISITOR Teşekkürler;"
        "5 AGENT Yarın elinizde;");
  CHECK(test.Watch(chat.id(), chat.token(), 3, 2) == "4 VISITOR Teşekkürler;5 AGENT Yarın elinizde;");
  // Notes are for the firm.
  v1::AddTicketNoteRequest note;
  note.set_id(chat.id());
  note.mutable_message()->set_text("Zor müşteri");
  REQUIRE_OK(test.Call<v1::TicketMessage>("AddTicketNote", note));
  CHECK(test.GetChat(chat.id()).last_sequence() == 5);
  REQUIRE_OK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", chat.id()));
  CHECK(test.Get(chat.id()).state() == v1::TICKET_STATE_SOLVED);
  CHECK(test.Watch(chat.id(), chat.token(), 5, 1) == "6 AGENT CLOSED;");
  CHECK(ErrorReason(test.Send(chat.id(), chat.token(), "Bir şey daha").status()) == "CHAT_STATE");
  CHECK(test.Count("ChatStarted") == 1);
  CHECK(test.Count("ChatTaken") == 1);
  CHECK(test.Count("ChatClosed") == 1);
  CHECK(test.Listed("state = CLOSED AND agent = \"user:ayse\"") == "1");
  CHECK(test.Listed("state = WAITING") == "0");
}

TEST_CASE("the promises count a chat as they count all else: an agent's answer keeps them") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  test.clock.Advance(10min);
  REQUIRE_OK(test.Send(chat.id(), "", "Bakıyorum"));
  v1::ExplainTicketDeadlinesRequest request;
  request.set_ticket_id(chat.id());
  ESNAF_REQUIRE_VALUE(const auto explained,
                      test.Call<v1::ExplainTicketDeadlinesResponse>("ExplainTicketDeadlines", request));
  CHECK(explained.deadlines(0).deadline().metric() == v1::SLA_METRIC_FIRST_RESPONSE);
  CHECK(explained.deadlines(0).deadline().has_met_time());
}

TEST_CASE("a message under the same name is said once, and a chat opened under the same key is one") {
  ChatsUnderTest test;
  test.ComeIn();
  const auto same = [](v1::CreateChatRequest& request) { request.set_request_id("r-1"); };
  const v1::Chat chat = test.OpenChat(same);
  CHECK(test.OpenChat(same).id() == chat.id());
  CHECK(test.OpenChat(same).token() == chat.token());
  // The proof itself is kept nowhere.
  CHECK(test.schema
            .Sql("SELECT count(*) FROM idempotency WHERE position('" + chat.token() + "'::bytea IN response) > 0")[0]
            .Get<std::int64_t>(0) == 0);
  CHECK(test.schema.Sql("SELECT count(*) FROM idempotency")[0].Get<std::int64_t>(0) > 0);
  ESNAF_REQUIRE_VALUE(const auto first, test.Send(chat.id(), chat.token(), "Bir", "m2"));
  ESNAF_REQUIRE_VALUE(const auto again, test.Send(chat.id(), chat.token(), "Bir", "m2"));
  CHECK(first.sequence() == 2);
  CHECK(again.sequence() == 2);
  CHECK(again.message_id() == first.message_id());
  CHECK(test.Send(chat.id(), chat.token(), "Kargom nerede?", "m1")->sequence() == 1);
  CHECK(test.GetChat(chat.id()).last_sequence() == 2);
}

TEST_CASE("nobody touches a chat without its token, and nobody learns of one") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat(), other = test.OpenChat();
  const auto denied = [&](const absl::Status& status) {
    CHECK(status.code() == StatusCode::kPermissionDenied);
    CHECK(ErrorReason(status) == "CHAT_TOKEN_INVALID");
  };
  v1::SendChatMessageRequest send;
  send.set_id(chat.id());
  send.set_text("Ben kimim");
  for (const std::string& token : {std::string(), other.token(), chat.token() + "A"}) {
    CAPTURE(token);
    send.set_token(token);
    denied(test.Ask<v1::ChatEvent>("SendChatMessage", send, kPublishable).status());
    denied(test.Ask<v1::ChatEvent>("SendChatMessage", send, kStorefront).status());
    v1::CloseChatRequest close;
    close.set_id(chat.id());
    close.set_token(token);
    denied(test.Ask<v1::Chat>("CloseChat", close).status());
    v1::SignalChatRequest signal;
    signal.set_id(chat.id());
    signal.set_token(token);
    denied(test.Ask<v1::SignalChatResponse>("SignalChat", signal).status());
    v1::IdentifyChatVisitorRequest identify;
    identify.set_id(chat.id());
    identify.set_token(token);
    denied(test.Ask<v1::IdentifyChatVisitorResponse>("IdentifyChatVisitor", identify).status());
    CHECK(test.Watch(chat.id(), token, 0, 1).find("PERMISSION_DENIED") == 0);
  }
  CHECK(test.Watch(Uuid::FromName("chat", "none").ToString(), chat.token(), 0, 1).find("NOT_FOUND") == 0);
  // A wrong token of staff is no better than one of a visitor.
  send.set_token(other.token());
  denied(test.Ask<v1::ChatEvent>("SendChatMessage", send, kStaff).status());
  auto limited = kStaff;
  limited.metadata.emplace_back("esnaf-stores", "de");
  v1::GetChatRequest get;
  get.set_id(chat.id());
  CHECK(test.Ask<v1::Chat>("GetChat", get, limited).status().code() == StatusCode::kNotFound);
}

TEST_CASE("a chat's ticket is named by the first line that says something") {
  ChatsUnderTest test;
  const v1::Chat chat = test.OpenChat([](auto& request) { request.set_text("\n  merhaba \nnasılsınız"); });
  CHECK(test.Get(chat.id()).subject() == "merhaba");
}

TEST_CASE("a chat is handed back and taken by another, and ends with its ticket") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  CHECK(ErrorReason(test.ChatVerb<v1::HandBackChatRequest>("HandBackChat", chat.id()).status()) == "CHAT_STATE");
  v1::TakeChatRequest take;
  take.set_id(chat.id());
  take.set_agent("user:ali");
  CHECK(test.Ask<v1::Chat>("TakeChat", take, kStaff)->agent() == "user:ali");
  ESNAF_REQUIRE_VALUE(const auto back, test.ChatVerb<v1::HandBackChatRequest>("HandBackChat", chat.id()));
  CHECK(back.state() == v1::CHAT_STATE_WAITING);
  CHECK(test.Get(chat.id()).assignee().empty());
  CHECK(test.ChatVerb<v1::TakeChatRequest>("TakeChat", chat.id())->agent() == "user:ayse");
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", chat.id()));
  CHECK(test.GetChat(chat.id()).state() == v1::CHAT_STATE_CLOSED);
  // Closing what is closed says the same again.
  CHECK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", chat.id(), chat.token())->state() == v1::CHAT_STATE_CLOSED);
  CHECK(test.Count("ChatClosed") == 1);
}

TEST_CASE("a visitor who floods is slowed, and a store without chat has none") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  for (int i = 0; i < 29; ++i) REQUIRE_OK(test.Send(chat.id(), chat.token(), "hey"));
  CHECK(ErrorReason(test.Send(chat.id(), chat.token(), "hey").status()) == "CHAT_TOO_FAST");
  test.clock.Advance(61s);
  CHECK_OK(test.Send(chat.id(), chat.token(), "hey"));
  CHECK(ErrorReason(test.TryOpen([](auto& request) { request.set_store_id("de"); }).status()) == "CHAT_DISABLED");
  CHECK(test.TryOpen([](auto& request) { request.set_text("  "); }).status().code() == StatusCode::kInvalidArgument);
}

TEST_CASE("writers at once leave no gap, and a stream that was cut anywhere brings the rest once") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  REQUIRE_OK(test.ChatVerb<v1::TakeChatRequest>("TakeChat", chat.id()));
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 8; ++i) {
        const bool visitor = writer != 0;
        CHECK_OK(test.Send(chat.id(), visitor ? chat.token() : "", absl::StrCat(writer, "-", i),
                           absl::StrCat("w", writer, "-", i)));
      }
    });
  }
  std::string seen;
  // 26 events, read in five streams.
  for (const int after : {0, 5, 6, 13, 20}) {
    const int until = after == 0 ? 5 : after == 5 ? 6 : after == 6 ? 13 : after == 13 ? 20 : 26;
    seen += test.Watch(chat.id(), chat.token(), after, static_cast<std::size_t>(until - after));
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(seen == test.Watch(chat.id(), chat.token(), 0, 26));
  std::int64_t next = 0;
  for (std::size_t at = 0; at < seen.size(); at = seen.find(';', at) + 1) {
    CHECK(seen.substr(at, seen.find(' ', at) - at) == std::to_string(++next));
  }
  CHECK(next == 26);
}

TEST_CASE("an inbox tells of every chat that is live, then of each as it changes, and its agent is there") {
  ChatsUnderTest test;
  test.ComeIn("user:ali");
  const v1::Chat known = test.OpenChat();
  test.clock.Advance(1h);
  std::atomic<int> seen = 0;
  std::string told;
  std::thread watcher([&] {
    const absl::Status status = test.chats_server.channel()->ReadStream(
        "/esnaf.support.v1.ChatService/WatchChats", v1::WatchChatsRequest(), v1::ChatInboxUpdate(),
        [&](const google::protobuf::Message& message) {
          const auto& chat = static_cast<const v1::ChatInboxUpdate&>(message).chat();
          if (chat.id().empty()) return true;
          absl::StrAppend(&told, chat.id() == known.id() ? "known " : "new ",
                          v1::ChatState_Name(chat.state()).substr(11), ";");
          return ++seen < 4;
        },
        [] { return false; }, kStaff);
    CHECK_OK(status);
  });
  while (seen < 1) std::this_thread::sleep_for(1ms);
  const v1::Chat fresh = test.OpenChat();
  CHECK(fresh.state() == v1::CHAT_STATE_WAITING);
  while (seen < 2) std::this_thread::sleep_for(1ms);
  REQUIRE_OK(test.ChatVerb<v1::TakeChatRequest>("TakeChat", known.id()));
  while (seen < 3) std::this_thread::sleep_for(1ms);
  REQUIRE_OK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", known.id()));
  watcher.join();
  CHECK(told == "known WAITING;new WAITING;known ACTIVE;known CLOSED;");
}

TEST_CASE("typing and reading reach the other side alone and are kept nowhere") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  std::atomic<bool> open = false;
  std::string told;
  std::thread watcher([&] {
    v1::WatchChatRequest request;
    request.set_id(chat.id());
    const absl::Status status = test.chats_server.channel()->ReadStream(
        "/esnaf.support.v1.ChatService/WatchChat", request, v1::ChatUpdate(),
        [&](const google::protobuf::Message& message) {
          const auto& update = static_cast<const v1::ChatUpdate&>(message);
          if (update.has_event()) open = true;
          if (!update.has_signal()) return true;
          CHECK(update.sequence() == 0);
          absl::StrAppend(&told, v1::ChatAuthor_Name(update.signal().author()).substr(12),
                          update.signal().typing() ? " types" : "", " ", update.signal().read_sequence());
          return false;
        },
        [] { return false; }, kStaff);
    CHECK_OK(status);
  });
  while (!open) std::this_thread::sleep_for(1ms);
  v1::SignalChatRequest signal;
  signal.set_id(chat.id());
  signal.set_typing(true);
  REQUIRE_OK(test.Ask<v1::SignalChatResponse>("SignalChat", signal, kStaff));
  signal.set_token(chat.token());
  signal.set_read_sequence(1);
  REQUIRE_OK(test.Ask<v1::SignalChatResponse>("SignalChat", signal));
  watcher.join();
  CHECK(told == "VISITOR types 1");
  CHECK(test.GetChat(chat.id()).last_sequence() == 1);
}

TEST_CASE("where there is no room for another visitor's stream, the idlest ends and is taken up again") {
  ChatHub hub(2);
  const Uuid chat = Uuid::FromName("chat", "1");
  const auto join = [&](const Uuid& id, bool visitor) {
    const auto watch = hub.Join(id, 0, visitor);
    hub.Admit(watch);
    return watch;
  };
  const auto first = join(chat, true), second = join(chat, true), agent = join(chat, false);
  std::vector<v1::ChatUpdate> updates;
  // Who has proved nothing yet ends nobody's.
  const auto stranger = hub.Join(chat, 0, true);
  CHECK(hub.Next(first, 0ms, updates));
  const auto third = join(chat, true);
  CHECK_FALSE(hub.Next(first, 0ms, updates));
  CHECK(hub.Next(second, 0ms, updates));
  CHECK(hub.Next(agent, 0ms, updates));
  CHECK(hub.Next(third, 0ms, updates));
}

TEST_CASE("one chat has few streams of its visitor, of which the oldest ends") {
  ChatHub hub(40);
  const auto join = [&](const char* name) {
    const auto watch = hub.Join(Uuid::FromName("chat", name), 0, true);
    hub.Admit(watch);
    return watch;
  };
  const auto other = join("other");
  std::vector<std::shared_ptr<ChatHub::Watch>> own;
  for (std::size_t i = 0; i <= ChatHub::kMostOfChat; ++i) own.push_back(join("own"));
  std::vector<v1::ChatUpdate> updates;
  CHECK_FALSE(hub.Next(own[0], 0ms, updates));
  for (std::size_t i = 1; i < own.size(); ++i) CHECK(hub.Next(own[i], 0ms, updates));
  CHECK(hub.Next(other, 0ms, updates));
}

TEST_CASE("settings keep their versions, and an old one does not overwrite a newer one") {
  ChatsUnderTest test;
  v1::GetChatSettingsRequest get;
  get.set_store_id("tr");
  ESNAF_REQUIRE_VALUE(auto settings, test.Ask<v1::ChatSettings>("GetChatSettings", get, kStaff));
  CHECK(settings.etag() == "1");
  CHECK(settings.take_seconds() == 120);
  v1::UpdateChatSettingsRequest update;
  *update.mutable_settings() = settings;
  update.mutable_settings()->set_take_seconds(30);
  update.mutable_update_mask()->add_paths("take_seconds");
  CHECK(test.Ask<v1::ChatSettings>("UpdateChatSettings", update, kStaff)->etag() == "2");
  CHECK(ErrorReason(test.Ask<v1::ChatSettings>("UpdateChatSettings", update, kStaff).status()) == "ETAG_MISMATCH");
  get.set_store_id("de");
  CHECK(test.Ask<v1::ChatSettings>("GetChatSettings", get, kStaff)->etag() == "0");
}

}  // namespace
}  // namespace esnaf::support

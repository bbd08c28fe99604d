// Goal: what a bot answers is put in once whatever happens, and where it does not answer people are asked.
#include "services/support/chat/chat_bot.h"

#include "services/support/chat/chats_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::ChatsUnderTest;
using testing::kStaff;

// A store whose bot is at an address at which nobody may be asked.
struct BotsUnderTest : ChatsUnderTest {
  BotsUnderTest() {
    v1::UpdateChatSettingsRequest request;
    request.mutable_settings()->set_store_id("tr");
    request.mutable_settings()->set_bot_url("http://127.0.0.1:1/");
    request.mutable_settings()->set_bot_secret_file("bot");
    REQUIRE_OK(Ask<v1::ChatSettings>("UpdateChatSettings", request, kStaff));
  }
  std::optional<ChatEvent> Question(const Uuid& chat, std::int64_t after) {
    auto question = schema.connection().Run({}, [&](postgres::Tx& tx) { return NextQuestion(tx, chat, after); });
    REQUIRE_OK(question);
    return *question;
  }
  void Put(const Uuid& chat, const std::optional<ChatEvent>& question, const BotAnswer& answer) {
    REQUIRE_OK(schema.connection().Run(
        {}, [&](postgres::Tx& tx) { return desk.PutBotAnswer(tx, chat, question, answer, clock.Now()); }));
  }
  ChatBot bot{desk, hub, folder.path, false};
};

TEST_CASE("what a bot answers is put in once, and waits for the customer; nobody is assigned meanwhile") {
  BotsUnderTest test;
  const v1::Chat chat = test.OpenChat();
  CHECK(chat.state() == v1::CHAT_STATE_BOT);
  CHECK(test.Get(chat.id()).team().empty());
  const Uuid id = *Uuid::Parse(chat.id());
  const auto first = test.Question(id, 0);
  REQUIRE(first);
  REQUIRE_OK(test.Send(chat.id(), chat.token(), "Alo?"));
  test.Put(id, first, {.reply = "Yolda", .suggestions = {"Evet"}});
  // As after a crash: the same question was asked and answered again.
  test.Put(id, first, {.reply = "Yolda, yine"});
  CHECK(test.Get(chat.id()).state() == v1::TICKET_STATE_PENDING_CUSTOMER);
  const auto second = test.Question(id, first->sequence);
  REQUIRE(second);
  CHECK(second->text == "Alo?");
  test.Put(id, second, {.reply = "Bir insan gelsin", .hand_over = true});
  CHECK(test.Watch(chat.id(), chat.token(), 0, 6) ==
        "1 VISITOR Kargom nerede?;2 VISITOR Alo?;3 BOT Yolda;4 BOT Bir insan gelsin;5 BOT WAITING;6 SYSTEM MISSED;");
  CHECK(test.Get(chat.id()).team() == "destek");
  CHECK(test.Get(chat.id()).state() == v1::TICKET_STATE_OPEN);
}

TEST_CASE("a bot that cannot be asked hands over, and a question that was taken up waits for its lease") {
  BotsUnderTest test;
  test.ComeIn();
  const v1::Chat chat = test.OpenChat();
  const Uuid id = *Uuid::Parse(chat.id());
  const auto claimed = test.schema.connection().Run(
      {}, [&](postgres::Tx& tx) { return ClaimForBot(tx, test.clock.Now(), test.clock.Now() + 60s); });
  REQUIRE_OK(claimed);
  REQUIRE(*claimed);
  CHECK((*claimed)->id == id);
  // Whoever took it up died.
  CHECK_FALSE(*test.bot.AnswerNext(test.schema.connection(), test.clock));
  test.clock.Advance(20s);
  test.ComeIn();
  test.clock.Advance(20s);
  test.ComeIn();
  test.clock.Advance(21s);
  CHECK(*test.bot.AnswerNext(test.schema.connection(), test.clock));
  CHECK(test.GetChat(chat.id()).state() == v1::CHAT_STATE_WAITING);
  CHECK_FALSE(*test.bot.AnswerNext(test.schema.connection(), test.clock));
}

TEST_CASE("a visitor who goes when the bot has answered leaves a solved ticket, and an open one before") {
  BotsUnderTest test;
  const v1::Chat answered = test.OpenChat(), open = test.OpenChat();
  const Uuid id = *Uuid::Parse(answered.id());
  test.Put(id, test.Question(id, 0), {.reply = "Yolda"});
  REQUIRE_OK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", answered.id(), answered.token()));
  REQUIRE_OK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", open.id(), open.token()));
  CHECK(test.Get(answered.id()).state() == v1::TICKET_STATE_SOLVED);
  CHECK(test.Get(open.id()).state() == v1::TICKET_STATE_NEW);
}

}  // namespace
}  // namespace esnaf::support

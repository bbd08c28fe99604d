// Goal: whoever finds nobody there, or goes, is answered where he left an address, and a silence ends what it should.
#include "services/support/chat/chats_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::ChatsUnderTest;

TEST_CASE("where nobody is there the chat is a ticket at once, and asks for an address") {
  ChatsUnderTest test;
  v1::GetChatWelcomeRequest ask;
  ask.set_store_id("tr");
  ask.set_locale("en");
  ESNAF_REQUIRE_VALUE(const auto welcome, test.Ask<v1::ChatWelcome>("GetChatWelcome", ask));
  CHECK(welcome.enabled());
  CHECK_FALSE(welcome.online());
  CHECK(welcome.text() == "Hello, how can we help you?");
  const v1::Chat chat = test.OpenChat();
  CHECK(chat.state() == v1::CHAT_STATE_MISSED);
  CHECK(test.Get(chat.id()).state() == v1::TICKET_STATE_NEW);
  CHECK(test.Count("ChatMissed") == 1);
  // He may go on writing, and say who he is.
  REQUIRE_OK(test.Send(chat.id(), chat.token(), "Sipariş 42"));
  v1::IdentifyChatVisitorRequest identify;
  identify.set_id(chat.id());
  identify.set_token(chat.token());
  identify.set_visitor_email("yanlış");
  const auto wrong = test.Ask<v1::IdentifyChatVisitorResponse>("IdentifyChatVisitor", identify).status();
  REQUIRE(ErrorFields(wrong).size() == 1);
  CHECK(ErrorFields(wrong)[0].first == "visitor_email");
  identify.set_visitor_email("Ayse@Example.com");
  REQUIRE_OK(test.Ask<v1::IdentifyChatVisitorResponse>("IdentifyChatVisitor", identify));
  CHECK(test.GetChat(chat.id()).visitor_email() == "ayse@example.com");
  CHECK(test.Get(chat.id()).contact_id() == testing::FakeContacts::ContactOf("ayse@example.com").ToString());
  // An agent who comes later may still find him there.
  CHECK(test.ChatVerb<v1::TakeChatRequest>("TakeChat", chat.id())->state() == v1::CHAT_STATE_ACTIVE);
}

TEST_CASE("who is missed and left his address is answered by e-mail") {
  ChatsUnderTest test;
  test.AddMailbox();
  const v1::Chat chat =
      test.OpenChat([](v1::CreateChatRequest& request) { request.set_visitor_email("ayse@example.com"); });
  CHECK(test.Get(chat.id()).contact_id() == testing::FakeContacts::ContactOf("ayse@example.com").ToString());
  REQUIRE_OK(test.Reply(chat.id(), "Yarın elinizde"));
  const auto mails = test.schema.Sql("SELECT to_address, text FROM mail_out");
  REQUIRE(mails.size() == 1);
  CHECK(mails[0].Get<std::string>(0) == "ayse@example.com");
  CHECK(mails[0].Get<std::string>(1) == "Yarın elinizde");
}

TEST_CASE("an agent who answers a missed chat in the chat itself is read by e-mail, until the visitor is back") {
  ChatsUnderTest test;
  test.AddMailbox();
  const v1::Chat chat =
      test.OpenChat([](v1::CreateChatRequest& request) { request.set_visitor_email("ayse@example.com"); });
  REQUIRE(chat.state() == v1::CHAT_STATE_MISSED);
  // What he leaves for later does not make him be there.
  REQUIRE_OK(test.Send(chat.id(), chat.token(), "Sipariş 42"));
  REQUIRE_OK(test.Send(chat.id(), "", "Bir"));
  CHECK(test.GetChat(chat.id()).state() == v1::CHAT_STATE_ACTIVE);
  REQUIRE_OK(test.Send(chat.id(), "", "İki"));
  CHECK(test.Mailed() == "Bir;İki;");
  REQUIRE_OK(test.Send(chat.id(), chat.token(), "Buradayım"));
  REQUIRE_OK(test.Send(chat.id(), "", "Üç"));
  CHECK(test.Mailed() == "Bir;İki;");
}

TEST_CASE("nobody who was taken in time is written to") {
  ChatsUnderTest test;
  test.ComeIn();
  test.AddMailbox();
  const v1::Chat chat =
      test.OpenChat([](v1::CreateChatRequest& request) { request.set_visitor_email("ayse@example.com"); });
  REQUIRE_OK(test.Send(chat.id(), "", "Bakıyorum"));
  CHECK(test.Mailed().empty());
}

TEST_CASE("an agent who is away is not there, and nor is one whose inbox closed a while ago") {
  ChatsUnderTest test;
  test.ComeIn();
  CHECK(test.OpenChat().state() == v1::CHAT_STATE_WAITING);
  test.schema.Sql(
      "INSERT INTO agent (id, body, version, create_time, update_time) VALUES "
      "('user:ayse', '{\"id\": \"user:ayse\", \"away\": true}', 1, now(), now())");
  CHECK(test.OpenChat().state() == v1::CHAT_STATE_MISSED);
  test.schema.Sql("UPDATE agent SET body = '{\"id\": \"user:ayse\"}'");
  CHECK(test.OpenChat().state() == v1::CHAT_STATE_WAITING);
  test.clock.Advance(31s);
  CHECK(test.OpenChat().state() == v1::CHAT_STATE_MISSED);
}

TEST_CASE("whom nobody takes is missed, and silence ends a talk without solving what was asked") {
  ChatsUnderTest test;
  test.ComeIn();
  const v1::Chat waits = test.OpenChat(), talks = test.OpenChat();
  REQUIRE_OK(test.ChatVerb<v1::TakeChatRequest>("TakeChat", talks.id()));
  test.TimeOut();
  CHECK(test.GetChat(waits.id()).state() == v1::CHAT_STATE_WAITING);
  test.clock.Advance(121s);
  test.TimeOut();
  CHECK(test.GetChat(waits.id()).state() == v1::CHAT_STATE_MISSED);
  CHECK(test.GetChat(talks.id()).state() == v1::CHAT_STATE_ACTIVE);
  test.clock.Advance(31min);
  test.TimeOut();
  CHECK(test.GetChat(talks.id()).state() == v1::CHAT_STATE_CLOSED);
  CHECK(test.Get(talks.id()).state() == v1::TICKET_STATE_NEW);
  CHECK(test.GetChat(waits.id()).state() == v1::CHAT_STATE_MISSED);
}

TEST_CASE("a chat whose ticket has open parts ends without solving it, whoever ends it") {
  ChatsUnderTest test;
  test.Configure("tr", [](v1::ChatSettings& settings) {
    settings.set_bot_url("https://bot.example/");
    settings.set_bot_secret_file("bot");
  });
  const v1::Chat silent = test.OpenWithPart();
  const v1::Chat left = test.OpenWithPart();
  CHECK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", left.id(), left.token())->state() == v1::CHAT_STATE_CLOSED);
  test.clock.Advance(31min);
  test.TimeOut();
  CHECK(test.GetChat(silent.id()).state() == v1::CHAT_STATE_CLOSED);
  for (const v1::Chat& chat : {silent, left}) {
    CHECK(test.Get(chat.id()).state() == v1::TICKET_STATE_PENDING_CUSTOMER);
  }
}

TEST_CASE("a chat whose timer cannot be followed holds up no other") {
  ChatsUnderTest test;
  test.Configure("de", [](v1::ChatSettings&) {});
  test.ComeIn();
  const v1::Chat broken = test.OpenChat([](auto& request) { request.set_store_id("de"); });
  const v1::Chat whole = test.OpenChat();
  test.schema.Sql("UPDATE chat_settings SET body = '{\"takeSeconds\": \"x\"}' WHERE store_id = 'de'");
  test.clock.Advance(121s);
  test.TimeOut();
  CHECK(test.GetChat(whole.id()).state() == v1::CHAT_STATE_MISSED);
  CHECK(test.GetChat(broken.id()).state() == v1::CHAT_STATE_WAITING);
  test.schema.Sql("UPDATE chat_settings SET body = '{}' WHERE store_id = 'de'");
  test.clock.Advance(5min);
  test.TimeOut();
  CHECK(test.GetChat(broken.id()).state() == v1::CHAT_STATE_MISSED);
}

TEST_CASE("contacts is asked once who a visitor is, and nobody is told so late") {
  ChatsUnderTest test;
  const v1::Chat chat = test.OpenChat();
  v1::IdentifyChatVisitorRequest identify;
  identify.set_id(chat.id());
  identify.set_token(chat.token());
  using Response = v1::IdentifyChatVisitorResponse;
  identify.set_visitor_email("ayse@example.com");
  REQUIRE_OK(test.Ask<Response>("IdentifyChatVisitor", identify));
  // Contacts would make the call fail, were it asked.
  test.contacts->Refuse("ali@example.com");
  identify.set_visitor_email("ali@example.com");
  REQUIRE_OK(test.Ask<Response>("IdentifyChatVisitor", identify));
  CHECK(test.GetChat(chat.id()).visitor_email() == "ali@example.com");
  REQUIRE_OK(test.ChatVerb<v1::CloseChatRequest>("CloseChat", chat.id(), chat.token()));
  REQUIRE_OK(test.Ask<Response>("IdentifyChatVisitor", identify));
  test.clock.Advance(25h);
  CHECK(ErrorReason(test.Ask<Response>("IdentifyChatVisitor", identify).status()) == "CHAT_STATE");
}

}  // namespace
}  // namespace esnaf::support

// Goal: a chat is always somebody's turn, its events have no gaps, and silence leads on.
#include "services/support/chat/chat.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/support/chat/chat_token.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;

const Time kNow = *ParseRfc3339("2026-11-23T09:00:00Z");

ChatSettings Settings() { return {.store_id = "tr", .enabled = true}; }
Chat ChatIn(ChatState state) {
  Chat chat{
      .id = Uuid::FromName("chat", "1"), .store_id = "tr", .state = state, .create_time = kNow, .update_time = kNow};
  if (state == ChatState::kWaiting) chat.wait_time = kNow;
  return chat;
}

TEST_CASE("what leads from which state to which") {
  std::string table;
  for (const ChatVerb verb : kAllChatVerbs) {
    absl::StrAppend(&table, std::string(ChatVerbName(verb)), ":");
    for (const ChatState from : kAllChatStates) {
      if (const auto to = NextChatState(from, verb)) {
        absl::StrAppend(&table, " ", std::string(ChatStateName(from)), ">", std::string(ChatStateName(*to)));
      }
    }
    table += "\n";
  }
  CHECK(table ==
        "hand over: BOT>WAITING\n"
        "take: BOT>ACTIVE WAITING>ACTIVE ACTIVE>ACTIVE MISSED>ACTIVE\n"
        "hand back: ACTIVE>WAITING\n"
        "miss: WAITING>MISSED\n"
        "close: BOT>CLOSED WAITING>CLOSED ACTIVE>CLOSED MISSED>CLOSED\n");
}

TEST_CASE("a verb that does not fit says so and changes nothing") {
  Chat chat = ChatIn(ChatState::kClosed);
  const Chat before = chat;
  const auto taken = ApplyChatVerb(chat, ChatVerb::kTake, Settings(), ChatAuthor::kAgent, kNow, "user:ayse");
  CHECK(ErrorReason(taken.status()) == "CHAT_STATE");
  CHECK(ErrorMetadataValue(taken.status(), "state") == "CLOSED");
  ChatEvent said;
  CHECK_STATUS_IS(ApplyChatMessage(chat, Settings(), said, kNow), StatusCode::kFailedPrecondition, "");
  CHECK(chat == before);
}

TEST_CASE("who waits is missed after the store's time, and whoever was taken up ends by silence") {
  Chat chat = ChatIn(ChatState::kBot);
  REQUIRE_OK(ApplyChatVerb(chat, ChatVerb::kHandOver, Settings(), ChatAuthor::kBot, kNow));
  CHECK(chat.timer_time == kNow + 120s);
  CHECK(TimerVerb(chat.state) == ChatVerb::kMiss);
  // What the visitor adds meanwhile does not make him wait longer.
  ChatEvent said{.author = ChatAuthor::kVisitor};
  REQUIRE_OK(ApplyChatMessage(chat, Settings(), said, kNow + 100s));
  CHECK(chat.timer_time == kNow + 120s);
  REQUIRE_OK(ApplyChatVerb(chat, ChatVerb::kTake, Settings(), ChatAuthor::kAgent, kNow + 110s, "user:ayse"));
  CHECK(chat.agent == "user:ayse");
  CHECK(chat.take_time == kNow + 110s);
  CHECK_FALSE(chat.wait_time);
  CHECK(chat.timer_time == kNow + 110s + 30min);
  CHECK(TimerVerb(chat.state) == ChatVerb::kClose);
  ChatEvent answered{.author = ChatAuthor::kAgent};
  REQUIRE_OK(ApplyChatMessage(chat, Settings(), answered, kNow + 200s));
  CHECK(chat.timer_time == kNow + 200s + 30min);
  REQUIRE_OK(ApplyChatVerb(chat, ChatVerb::kHandBack, Settings(), ChatAuthor::kAgent, kNow + 300s));
  CHECK(chat.agent.empty());
  CHECK(chat.timer_time == kNow + 420s);
  CHECK(chat.take_time == kNow + 110s);
}

TEST_CASE("who is missed is told so in his language, and asked for an address where none is known") {
  Chat chat = ChatIn(ChatState::kWaiting);
  chat.locale = "en";
  auto missed = ApplyChatVerb(chat, ChatVerb::kMiss, Settings(), ChatAuthor::kSystem, kNow);
  REQUIRE_OK(missed);
  CHECK(missed->asks_email);
  CHECK(missed->text == OfflineText(Settings(), "en"));
  CHECK_FALSE(chat.timer_time);
  Chat known = ChatIn(ChatState::kWaiting);
  known.visitor_email = "ayse@example.com";
  ChatSettings own = Settings();
  own.turkish.offline = "Yarın yazarız.";
  missed = ApplyChatVerb(known, ChatVerb::kMiss, own, ChatAuthor::kSystem, kNow);
  REQUIRE_OK(missed);
  CHECK_FALSE(missed->asks_email);
  CHECK(missed->text == "Yarın yazarız.");
}

TEST_CASE("the bot is asked what the visitor says while the chat is its") {
  Chat chat = ChatIn(ChatState::kBot);
  ChatEvent asked{.author = ChatAuthor::kVisitor};
  REQUIRE_OK(ApplyChatMessage(chat, Settings(), asked, kNow + 1s));
  CHECK(chat.bot_due_time == kNow + 1s);
  ChatEvent more{.author = ChatAuthor::kVisitor};
  REQUIRE_OK(ApplyChatMessage(chat, Settings(), more, kNow + 2s));
  CHECK(chat.bot_due_time == kNow + 1s);
  REQUIRE_OK(ApplyChatVerb(chat, ChatVerb::kTake, Settings(), ChatAuthor::kAgent, kNow + 3s, "user:ayse"));
  CHECK_FALSE(chat.bot_due_time);
  ChatEvent later{.author = ChatAuthor::kVisitor};
  REQUIRE_OK(ApplyChatMessage(chat, Settings(), later, kNow + 4s));
  CHECK_FALSE(chat.bot_due_time);
}

TEST_CASE("whatever is done in whatever order, events are numbered without gaps and time never goes back") {
  CHECK(rc::check([](const std::vector<std::pair<std::uint8_t, std::int16_t>>& steps) {
    Chat chat = ChatIn(ChatState::kBot);
    std::int64_t sequence = 0;
    Time latest = kNow;
    for (const auto& [choice, seconds] : steps) {
      const Time now = kNow + std::chrono::seconds(seconds);
      ChatEvent event;
      const std::int64_t version = chat.version;
      if (choice % 8 < 5) {
        auto applied = ApplyChatVerb(chat, kAllChatVerbs[choice % 8], Settings(), ChatAuthor::kAgent, now, "user:ayse");
        RC_ASSERT(applied.ok() == (chat.version == version + 1));
        if (!applied.ok()) continue;
        event = *applied;
      } else {
        if (!ApplyChatMessage(chat, Settings(), event, now).ok()) continue;
      }
      RC_ASSERT(event.sequence == ++sequence);
      RC_ASSERT(event.sequence == chat.last_sequence);
      RC_ASSERT(event.create_time >= latest);
      latest = event.create_time;
      RC_ASSERT(event.state == chat.state);
      // Whoever can be waited for has a timer.
      const bool live = chat.state != ChatState::kMissed && chat.state != ChatState::kClosed;
      RC_ASSERT(live == chat.timer_time.has_value());
      RC_ASSERT(chat.agent.empty() || chat.state != ChatState::kWaiting);
    }
  }));
}

TEST_CASE("settings that cannot work are named") {
  const auto fields = [](const ChatSettings& settings) {
    FieldViolations violations;
    CheckChatSettings(settings, "settings", violations);
    std::string names;
    for (const auto& [field, description] : ErrorFields(violations.ToStatus())) names += field + ";";
    return names;
  };
  CHECK(fields(Settings()).empty());
  CHECK(fields({.store_id = "TR!"}) == "settings.store_id;");
  ChatSettings settings = Settings();
  settings.take = 9s;
  settings.idle = 1441min;
  settings.bot_timeout = 99ms;
  CHECK(fields(settings) == "settings.take_seconds;settings.idle_minutes;settings.bot_timeout_ms;");
  settings = Settings();
  settings.bot_url = "http://bot.example/";
  CHECK(fields(settings) == "settings.bot_url;settings.bot_secret_file;");
  settings.bot_url = "https://bot.example/";
  settings.bot_secret_file = "../passwd";
  CHECK(fields(settings) == "settings.bot_secret_file;");
  settings.bot_secret_file = "bot.secret";
  CHECK(fields(settings).empty());
  settings.english.offline = std::string(501, 'x');
  CHECK(fields(settings) == "settings.english.offline;");
}

TEST_CASE("a token is its chat's alone, and only the installation makes it") {
  const Uuid chat = Uuid::FromName("chat", "1"), other = Uuid::FromName("chat", "2");
  const std::string token = ChatTokenOf(chat, "secret");
  CHECK(token.size() == 43);
  CHECK(IsChatToken(token, chat, "secret"));
  CHECK_FALSE(IsChatToken(token, other, "secret"));
  CHECK_FALSE(IsChatToken(token, chat, "another"));
  CHECK_FALSE(IsChatToken("", chat, "secret"));
  CHECK_FALSE(IsChatToken(token.substr(1), chat, "secret"));
}

}  // namespace
}  // namespace esnaf::support

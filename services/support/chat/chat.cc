#include "services/support/chat/chat.h"

#include "libs/base/check.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "libs/https/https.h"

namespace esnaf::support {
namespace {

using State = ChatState;

constexpr std::size_t kMaxSaidBytes = 500;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxUrlBytes = 1000;

struct Rule {
  ChatVerb verb;
  std::vector<State> from;
  State to;
};

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> kRules = {
      {ChatVerb::kHandOver, {State::kBot}, State::kWaiting},
      // Whoever has it, another may take it; and who comes late may find the visitor still there.
      {ChatVerb::kTake, {State::kBot, State::kWaiting, State::kActive, State::kMissed}, State::kActive},
      {ChatVerb::kHandBack, {State::kActive}, State::kWaiting},
      {ChatVerb::kMiss, {State::kWaiting}, State::kMissed},
      {ChatVerb::kClose, {State::kBot, State::kWaiting, State::kActive, State::kMissed}, State::kClosed},
  };
  return kRules;
}

absl::Status DoesNotFit(State state, std::string_view verb) {
  const std::string name(ChatStateName(state));
  return MakeError(absl::StatusCode::kFailedPrecondition, "CHAT_STATE",
                   absl::StrCat("a chat that is ", name, " does not allow `", std::string(verb), "`"),
                   {{"state", name}, {"verb", std::string(verb)}});
}

void SetTimer(const ChatSettings& settings, Chat& chat) {
  switch (chat.state) {
    case State::kWaiting:
      chat.timer_time = *chat.wait_time + settings.take;
      return;
    case State::kBot:
    case State::kActive:
      chat.timer_time = chat.update_time + settings.idle;
      return;
    case State::kMissed:
    case State::kClosed:
      chat.timer_time.reset();
      return;
  }
}

// What each event does to the chat.
void Number(const ChatSettings& settings, Time now, Chat& chat, ChatEvent& event) {
  chat.update_time = std::max(now, chat.update_time);
  ++chat.version;
  event.sequence = ++chat.last_sequence;
  event.state = chat.state;
  event.create_time = chat.update_time;
  SetTimer(settings, chat);
}

// A name of a file in the folder of secrets, and no way out of it.
bool IsFileName(std::string_view name) {
  return name.size() <= kMaxNameBytes && !name.starts_with('.') && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.';
         });
}

const ChatText& TextOf(const ChatSettings& settings, std::string_view locale) {
  return locale == "en" ? settings.english : settings.turkish;
}

}  // namespace

std::string_view ChatStateName(State state) {
  switch (state) {
    case State::kBot:
      return "BOT";
    case State::kWaiting:
      return "WAITING";
    case State::kActive:
      return "ACTIVE";
    case State::kMissed:
      return "MISSED";
    case State::kClosed:
      return "CLOSED";
  }
  ESNAF_CHECK(false);
}

std::string_view ChatVerbName(ChatVerb verb) {
  switch (verb) {
    case ChatVerb::kHandOver:
      return "hand over";
    case ChatVerb::kTake:
      return "take";
    case ChatVerb::kHandBack:
      return "hand back";
    case ChatVerb::kMiss:
      return "miss";
    case ChatVerb::kClose:
      return "close";
  }
  ESNAF_CHECK(false);
}

std::optional<State> NextChatState(State from, ChatVerb verb) {
  for (const Rule& rule : Rules()) {
    if (rule.verb == verb && std::find(rule.from.begin(), rule.from.end(), from) != rule.from.end()) return rule.to;
  }
  return std::nullopt;
}

void CheckChatSettings(const ChatSettings& settings, const std::string& field, FieldViolations& violations) {
  using namespace std::chrono_literals;
  if (!IsStoreId(settings.store_id)) violations.Add(field + ".store_id", "is no id of a store");
  if (settings.team.size() > kMaxNameBytes || !IsCleanUtf8(settings.team)) {
    violations.Add(field + ".team", "is no clean UTF-8 of at most 200 bytes");
  }
  if (settings.take < 10s || settings.take > 3600s) violations.Add(field + ".take_seconds", "is not 10 to 3600");
  if (settings.idle < 1min || settings.idle > 1440min) violations.Add(field + ".idle_minutes", "is not 1 to 1440");
  if (settings.bot_timeout < 100ms || settings.bot_timeout > 20'000ms) {
    violations.Add(field + ".bot_timeout_ms", "is not 100 to 20000");
  }
  if (!settings.bot_url.empty() && (settings.bot_url.size() > kMaxUrlBytes || !IsCleanUtf8(settings.bot_url) ||
                                    !https::MayCarrySecrets(settings.bot_url))) {
    violations.Add(field + ".bot_url", "is not `https://…`, nor `http://` of this machine");
  }
  if (!IsFileName(settings.bot_secret_file)) violations.Add(field + ".bot_secret_file", "is no name of a file");
  if (!settings.bot_url.empty() && settings.bot_secret_file.empty()) {
    violations.Add(field + ".bot_secret_file", "is needed to sign what the bot is asked");
  }
  for (const auto& [name, text] : {std::pair<const char*, const ChatText&>{".turkish", settings.turkish},
                                   std::pair<const char*, const ChatText&>{".english", settings.english}}) {
    if (text.welcome.size() > kMaxSaidBytes || !IsCleanUtf8(text.welcome)) {
      violations.Add(field + name + ".welcome", "is no clean UTF-8 of at most 500 bytes");
    }
    if (text.offline.size() > kMaxSaidBytes || !IsCleanUtf8(text.offline)) {
      violations.Add(field + name + ".offline", "is no clean UTF-8 of at most 500 bytes");
    }
  }
}

std::string ChatLocale(std::string_view asked) { return asked.substr(0, 2) == "en" ? "en" : "tr"; }

std::string WelcomeText(const ChatSettings& settings, std::string_view locale) {
  const std::string& own = TextOf(settings, locale).welcome;
  if (!own.empty()) return own;
  return locale == "en" ? "Hello, how can we help you?" : "Merhaba, size nasıl yardımcı olabiliriz?";
}

std::string OfflineText(const ChatSettings& settings, std::string_view locale) {
  const std::string& own = TextOf(settings, locale).offline;
  if (!own.empty()) return own;
  return locale == "en" ? "Nobody is here at the moment. We have your message and will answer it."
                        : "Şu anda kimse yok. Mesajınızı aldık, yanıtlayacağız.";
}

absl::StatusOr<ChatEvent> ApplyChatVerb(Chat& chat, ChatVerb verb, const ChatSettings& settings, ChatAuthor author,
                                        Time now, const std::string& agent) {
  const std::optional<State> to = NextChatState(chat.state, verb);
  if (!to) return DoesNotFit(chat.state, ChatVerbName(verb));
  const Time moment = std::max(now, chat.update_time);
  chat.state = *to;
  chat.bot_due_time.reset();
  chat.wait_time.reset();
  ChatEvent event{.kind = ChatEventKind::kState, .author = author};
  switch (chat.state) {
    case State::kWaiting:
      chat.agent.clear();
      chat.wait_time = moment;
      break;
    case State::kActive:
      chat.agent = agent;
      if (!chat.take_time) chat.take_time = moment;
      break;
    case State::kMissed:
      event.text = OfflineText(settings, chat.locale);
      event.asks_email = chat.visitor_email.empty();
      break;
    case State::kClosed:
      chat.end_time = moment;
      break;
    case State::kBot:
      break;
  }
  Number(settings, now, chat, event);
  return event;
}

absl::Status ApplyChatMessage(Chat& chat, const ChatSettings& settings, ChatEvent& event, Time now) {
  if (chat.state == State::kClosed) return DoesNotFit(chat.state, "say");
  Number(settings, now, chat, event);
  const bool asks_bot = chat.state == State::kBot && event.author == ChatAuthor::kVisitor;
  if (asks_bot && !chat.bot_due_time) chat.bot_due_time = event.create_time;
  return absl::OkStatus();
}

ChatVerb TimerVerb(State state) { return state == State::kWaiting ? ChatVerb::kMiss : ChatVerb::kClose; }

}  // namespace esnaf::support

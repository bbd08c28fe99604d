#pragma once

// A talk with a visitor: whose turn it is, what happened in it, and what follows when nothing does.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::support {

// The numbers are those of esnaf.support.v1, and stored.
enum class ChatState { kBot = 1, kWaiting = 2, kActive = 3, kMissed = 4, kClosed = 5 };
enum class ChatAuthor { kVisitor = 1, kAgent = 2, kBot = 3, kSystem = 4 };
enum class ChatEventKind { kMessage = 1, kState = 2 };

inline constexpr ChatState kAllChatStates[] = {ChatState::kBot, ChatState::kWaiting, ChatState::kActive,
                                               ChatState::kMissed, ChatState::kClosed};
enum class ChatVerb { kHandOver, kTake, kHandBack, kMiss, kClose };
inline constexpr ChatVerb kAllChatVerbs[] = {ChatVerb::kHandOver, ChatVerb::kTake, ChatVerb::kHandBack, ChatVerb::kMiss,
                                             ChatVerb::kClose};

// As people and errors read them: `WAITING`, `hand over`.
std::string_view ChatStateName(ChatState state);
std::string_view ChatVerbName(ChatVerb verb);

// The state that the verb leads to; none where it does not fit.
std::optional<ChatState> NextChatState(ChatState from, ChatVerb verb);

// What is said in one language; what is empty is said in the house's words.
struct ChatText {
  std::string welcome;
  std::string offline;
  bool operator==(const ChatText&) const = default;
};

struct ChatSettings {
  std::string store_id;
  bool enabled = false;
  std::string team;
  std::chrono::seconds take{120};
  std::chrono::minutes idle{30};
  std::string bot_url;  // empty: no bot
  std::string bot_secret_file;
  std::chrono::milliseconds bot_timeout{5000};
  ChatText turkish;
  ChatText english;
  bool operator==(const ChatSettings&) const = default;
};
// Adds what is wrong, by the names of the contract below `field`.
void CheckChatSettings(const ChatSettings& settings, const std::string& field, FieldViolations& violations);

// `en`, or `tr` for everything else.
std::string ChatLocale(std::string_view asked);
std::string WelcomeText(const ChatSettings& settings, std::string_view locale);
std::string OfflineText(const ChatSettings& settings, std::string_view locale);

struct Chat {
  Uuid id;  // the ticket's
  std::string store_id;
  ChatState state = ChatState::kWaiting;
  std::string agent;
  std::string visitor_name;
  std::string visitor_email;
  std::string visitor_phone;
  std::string page;
  std::string locale = "tr";
  std::int64_t last_sequence = 0;
  std::int64_t bot_sequence = 0;  // the bot has answered up to here
  std::optional<Time> bot_due_time;
  std::optional<Time> wait_time;
  std::optional<Time> take_time;
  std::optional<Time> end_time;
  std::optional<Time> timer_time;
  std::int64_t version = 1;
  Time create_time;
  Time update_time;
  bool operator==(const Chat&) const = default;
};

struct ChatEvent {
  std::int64_t sequence = 0;
  ChatEventKind kind = ChatEventKind::kMessage;
  ChatAuthor author = ChatAuthor::kVisitor;
  std::string author_name;
  std::string text;
  std::optional<Uuid> message_id;
  std::string client_message_id;
  std::vector<std::string> suggestions;
  ChatState state = ChatState::kWaiting;
  bool asks_email = false;
  Time create_time;
};

inline constexpr std::size_t kMaxChatTextBytes = 4000;
inline constexpr std::size_t kMaxClientIdBytes = 100;

// Leads the chat on and answers the event, numbered. FAILED_PRECONDITION with the reason `CHAT_STATE` and the metadata
// `state` and `verb` where the verb does not fit. `agent` is who takes it.
absl::StatusOr<ChatEvent> ApplyChatVerb(Chat& chat, ChatVerb verb, const ChatSettings& settings, ChatAuthor author,
                                        Time now, const std::string& agent = "");
// Numbers something that was said, and sets what follows from it. FAILED_PRECONDITION as ApplyChatVerb in a chat that
// is closed.
absl::Status ApplyChatMessage(Chat& chat, const ChatSettings& settings, ChatEvent& event, Time now);

// Which verb the chat's timer stands for.
ChatVerb TimerVerb(ChatState state);

}  // namespace esnaf::support

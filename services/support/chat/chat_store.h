#pragma once

// Chats, their events and settings, and who is there, as they are stored.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "services/support/chat/chat.h"
#include "services/support/records.h"

namespace esnaf::support {

absl::Status InsertChat(postgres::Tx& tx, const Chat& chat);
// Writes a locked chat.
absl::Status UpdateChat(postgres::Tx& tx, const Chat& chat);
absl::StatusOr<std::optional<Chat>> FindChat(postgres::Tx& tx, const Uuid& id);
// Whoever changes a chat holds its ticket's lock first.
absl::StatusOr<std::optional<Chat>> LockChat(postgres::Tx& tx, const Uuid& id);
absl::StatusOr<std::vector<Chat>> FindChats(postgres::Tx& tx, const std::vector<Uuid>& ids);
// Those that are neither missed nor closed, oldest first.
absl::StatusOr<std::vector<Chat>> LiveChats(postgres::Tx& tx, int limit);
absl::StatusOr<std::int64_t> CountLiveChats(postgres::Tx& tx, const std::string& store_id);
// The chat whose timer ran out first, unlocked.
absl::StatusOr<std::optional<Uuid>> NextDueChat(postgres::Tx& tx, Time now);
// Lets a timer that has run out do so again at `until`.
absl::Status PutOffTimer(postgres::Tx& tx, const Uuid& id, Time now, Time until);
// The chat whose bot is to be asked first, for nobody else until `lease`; none of a store of which two are being asked.
absl::StatusOr<std::optional<Chat>> ClaimForBot(postgres::Tx& tx, Time now, Time lease);

absl::Status AddChatEvent(postgres::Tx& tx, const Uuid& chat, const ChatEvent& event);
absl::Status SetSuggestions(postgres::Tx& tx, const Uuid& chat, std::int64_t sequence,
                            const std::vector<std::string>& suggestions);
// What happened behind these numbers, by chat and number, at most `limit`; `after` has one for each of the chats.
absl::StatusOr<std::vector<std::pair<Uuid, ChatEvent>>> EventsBehind(postgres::Tx& tx, const std::vector<Uuid>& chats,
                                                                     const std::vector<std::int64_t>& after, int limit);
absl::StatusOr<std::optional<ChatEvent>> EventOfMessage(postgres::Tx& tx, const Uuid& chat, const Uuid& message);
// What the visitor said first behind the number.
absl::StatusOr<std::optional<ChatEvent>> NextQuestion(postgres::Tx& tx, const Uuid& chat, std::int64_t after);
absl::StatusOr<std::int64_t> CountVisitorMessages(postgres::Tx& tx, const Uuid& chat, Time since);
// Whether the chat was missed, and the visitor has said nothing since but what he left for later.
absl::StatusOr<bool> MissedSinceHeard(postgres::Tx& tx, const Uuid& chat);

absl::StatusOr<std::string> ChatSecret(postgres::Tx& tx);
// What an agent is called; empty where nobody said.
absl::StatusOr<std::string> AgentName(postgres::Tx& tx, const std::string& agent);

// An agent with an inbox of a store, or of all where it is empty, is there.
absl::Status NoteAgents(postgres::Tx& tx, const std::vector<std::pair<std::string, std::string>>& agents_and_stores,
                        Time now);
absl::Status ForgetAgents(postgres::Tx& tx, Time before);
// Whether one who is not away was there since.
absl::StatusOr<bool> AnyAgentThere(postgres::Tx& tx, const std::string& store_id, Time since);

using ChatSettingsRecord = Record<ChatSettings>;
// The settings of a store, those that say that there is no chat where it has none, and then of version 0.
absl::StatusOr<ChatSettingsRecord> GetChatSettings(postgres::Tx& tx, const std::string& store_id);
// The same, where no other changes them until the transaction ends.
absl::StatusOr<ChatSettingsRecord> LockChatSettings(postgres::Tx& tx, const std::string& store_id);
absl::Status SaveChatSettings(postgres::Tx& tx, const ChatSettingsRecord& record);

// What lists select of `chat c`, and how a row is read.
extern const char kChatColumns[];
inline constexpr int kChatColumnCount = 19;
Chat ReadChat(const postgres::Row& row);

}  // namespace esnaf::support

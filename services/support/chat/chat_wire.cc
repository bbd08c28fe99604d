#include "services/support/chat/chat_wire.h"

#include "libs/api/convert.h"
#include "libs/api/stored_json.h"
#include "libs/base/macros.h"

namespace esnaf::support {
namespace {

void SetTime(const std::optional<Time>& time, google::protobuf::Timestamp* (v1::Chat::*field)(), v1::Chat& message) {
  if (time) *(message.*field)() = api::ToProto(*time);
}

ChatSettings ReadSettings(const v1::ChatSettings& message) {
  ChatSettings settings{.store_id = message.store_id(),
                        .enabled = message.enabled(),
                        .team = message.team(),
                        .bot_url = message.bot_url(),
                        .bot_secret_file = message.bot_secret_file(),
                        .turkish = {message.turkish().welcome(), message.turkish().offline()},
                        .english = {message.english().welcome(), message.english().offline()}};
  if (message.has_take_seconds()) settings.take = std::chrono::seconds(message.take_seconds());
  if (message.has_idle_minutes()) settings.idle = std::chrono::minutes(message.idle_minutes());
  if (message.has_bot_timeout_ms()) settings.bot_timeout = std::chrono::milliseconds(message.bot_timeout_ms());
  return settings;
}

}  // namespace

v1::Chat ChatToProto(const Chat& chat) {
  v1::Chat message;
  message.set_id(chat.id.ToString());
  message.set_store_id(chat.store_id);
  message.set_state(static_cast<v1::ChatState>(chat.state));
  message.set_agent(chat.agent);
  message.set_visitor_name(chat.visitor_name);
  message.set_visitor_email(chat.visitor_email);
  message.set_visitor_phone(chat.visitor_phone);
  message.set_page(chat.page);
  message.set_locale(chat.locale);
  message.set_last_sequence(chat.last_sequence);
  *message.mutable_create_time() = api::ToProto(chat.create_time);
  *message.mutable_update_time() = api::ToProto(chat.update_time);
  SetTime(chat.wait_time, &v1::Chat::mutable_wait_time, message);
  SetTime(chat.take_time, &v1::Chat::mutable_take_time, message);
  SetTime(chat.end_time, &v1::Chat::mutable_end_time, message);
  return message;
}

v1::ChatEvent ChatEventToProto(const ChatEvent& event) {
  v1::ChatEvent message;
  message.set_sequence(event.sequence);
  message.set_kind(static_cast<v1::ChatEventKind>(event.kind));
  message.set_author(static_cast<v1::ChatAuthor>(event.author));
  message.set_author_name(event.author_name);
  message.set_text(event.text);
  if (event.message_id) message.set_message_id(event.message_id->ToString());
  message.set_client_message_id(event.client_message_id);
  message.mutable_suggestions()->Assign(event.suggestions.begin(), event.suggestions.end());
  message.set_state(static_cast<v1::ChatState>(event.state));
  message.set_asks_email(event.asks_email);
  *message.mutable_create_time() = api::ToProto(event.create_time);
  return message;
}

absl::StatusOr<ChatSettings> ChatSettingsFromProto(const v1::ChatSettings& message) {
  ChatSettings settings = ReadSettings(message);
  FieldViolations violations;
  CheckChatSettings(settings, "settings", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return settings;
}

v1::ChatSettings ChatSettingsToProto(const ChatSettings& settings) {
  v1::ChatSettings message;
  message.set_store_id(settings.store_id);
  message.set_enabled(settings.enabled);
  message.set_team(settings.team);
  message.set_take_seconds(static_cast<std::int32_t>(settings.take.count()));
  message.set_idle_minutes(static_cast<std::int32_t>(settings.idle.count()));
  message.set_bot_url(settings.bot_url);
  message.set_bot_secret_file(settings.bot_secret_file);
  message.set_bot_timeout_ms(static_cast<std::int32_t>(settings.bot_timeout.count()));
  message.mutable_turkish()->set_welcome(settings.turkish.welcome);
  message.mutable_turkish()->set_offline(settings.turkish.offline);
  message.mutable_english()->set_welcome(settings.english.welcome);
  message.mutable_english()->set_offline(settings.english.offline);
  return message;
}

std::string ChatSettingsToJson(const ChatSettings& settings) {
  return api::ToStoredJson(ChatSettingsToProto(settings));
}

absl::StatusOr<ChatSettings> ChatSettingsFromJson(std::string_view json) {
  ESNAF_ASSIGN_OR_RETURN(const auto message, api::FromStoredJson<v1::ChatSettings>(json));
  return ReadSettings(message);
}

}  // namespace esnaf::support

#pragma once

// Chats between messages, the store's JSON and domain.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "esnaf/support/v1/chats.pb.h"
#include "services/support/chat/chat.h"

namespace esnaf::support {

// Without the token.
v1::Chat ChatToProto(const Chat& chat);
v1::ChatEvent ChatEventToProto(const ChatEvent& event);

// INVALID_ARGUMENT naming each field below `settings` that is wrong, the rules of settings included.
absl::StatusOr<ChatSettings> ChatSettingsFromProto(const v1::ChatSettings& message);
v1::ChatSettings ChatSettingsToProto(const ChatSettings& settings);
std::string ChatSettingsToJson(const ChatSettings& settings);
absl::StatusOr<ChatSettings> ChatSettingsFromJson(std::string_view json);

}  // namespace esnaf::support

#pragma once

// Sets fields of messages from text, as paths and query parameters bring it.
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace esnaf::gateway {

// Sets the field at a path of names as the contract writes them or as JSON does (`contact.given_name`, `pageSize`). A
// repeated field gets one more value. Enums are given by name or number, times, durations and masks as JSON writes
// them, bytes as base64. INVALID_ARGUMENT naming `path` where there is no such field, or the text is no value of it.
absl::Status SetField(google::protobuf::Message& message, std::string_view path, const std::string& text);

// The first field of a path, by either name; null where there is none.
const google::protobuf::FieldDescriptor* FindField(const google::protobuf::Descriptor& message, std::string_view name);

}  // namespace esnaf::gateway

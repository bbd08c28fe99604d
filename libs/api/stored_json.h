#pragma once

// Messages as services keep them in their own tables.
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/macros.h"

namespace esnaf::api {

// Our own message always has a JSON form; numbers are written so that they come back to the last bit.
std::string ToStoredJson(const google::protobuf::Message& message);

// Fields that this version does not know are passed over: a newer one of the service may have written them. INTERNAL
// where the text is none of ours.
absl::Status ReadStoredJson(std::string_view json, google::protobuf::Message& message);

template <typename Message>
absl::StatusOr<Message> FromStoredJson(std::string_view json) {
  Message message;
  ESNAF_RETURN_IF_ERROR(ReadStoredJson(json, message));
  return message;
}

}  // namespace esnaf::api

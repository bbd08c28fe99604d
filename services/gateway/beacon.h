#pragma once

// Calls that a page makes in passing, by navigator.sendBeacon or as an image, and streams that it reads by EventSource:
// they can set no headers.
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace esnaf::gateway {

// Takes the field `key` out of the request, so that no service sees it, and fills `user_agent` where there is such a
// field and it is empty.
std::string TakeRequestKey(google::protobuf::Message& request, std::string_view user_agent);

// UNAUTHENTICATED: a secret key was sent where anybody can read it.
absl::Status SecretInRequest();

}  // namespace esnaf::gateway

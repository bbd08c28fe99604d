#pragma once

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace esnaf::gateway {

// A message in protobuf's JSON mapping, with fields shown also where they hold the default: what protobuf's own
// MessageToJsonString writes with always_print_primitive_fields, at a small part of its cost, since that one builds a
// tree of all fields and their paths. INTERNAL where a message holds what the mapping cannot tell, a time outside of
// years 1 to 9999 say.
absl::StatusOr<std::string> WriteJson(const google::protobuf::Message& message);

}  // namespace esnaf::gateway

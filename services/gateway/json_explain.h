#pragma once

// Says precisely what is wrong with a JSON text that protobuf would not read.
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"

namespace esnaf::gateway {

// INVALID_ARGUMENT with a field violation for each unknown field and each value of another type, named by its path
// (`contact.identities[2].kind`) below `prefix`; or one that says where the text stops being JSON.
absl::Status ExplainJson(const std::string& json, const google::protobuf::Descriptor& type, const std::string& prefix);

}  // namespace esnaf::gateway

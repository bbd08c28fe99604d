#pragma once

// What the mask of an update asks for (AIP-134).
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace esnaf::api {

// The mask that counts: without paths the fields that are present in `given`, for `*` all that its type has.
google::protobuf::FieldMask ExpandMask(const google::protobuf::FieldMask& mask, const google::protobuf::Message& given);

// Puts the fields that an expanded mask names from `given` into `known`, which is of the same type. What is given takes
// the whole place of what was there, also messages and lists. INVALID_ARGUMENT naming `update_mask` for a path that is
// no field of a `what` (as people read it: `policy`).
absl::Status MergeByMask(const google::protobuf::FieldMask& mask, const google::protobuf::Message& given,
                         std::string_view what, google::protobuf::Message& known);

}  // namespace esnaf::api

#pragma once

// Ids of server-sent events, by which a reader takes a stream up again where it was cut: an answer's field `sequence`
// is its event's id, and `Last-Event-ID` is the request's field `after_sequence`. Of streams without these fields
// nothing is said.
#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace esnaf::gateway {

// `id: 42` and a line's end; empty where the answer has no number, or 0.
std::string EventIdLine(const google::protobuf::Message& answer);

// Lets the stream go on behind the event of this id, where the request does not do so already. What is no number means
// nothing.
void ResumeBehind(std::string_view last_event_id, google::protobuf::Message& request);

}  // namespace esnaf::gateway

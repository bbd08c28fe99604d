#include "services/gateway/event_ids.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::FieldDescriptor;

// Null where there is no such number.
const FieldDescriptor* FindNumber(const google::protobuf::Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  const bool fits = field != nullptr && !field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_INT64;
  return fits ? field : nullptr;
}

}  // namespace

std::string EventIdLine(const google::protobuf::Message& answer) {
  const FieldDescriptor* field = FindNumber(answer, "sequence");
  const std::int64_t sequence = field == nullptr ? 0 : answer.GetReflection()->GetInt64(answer, field);
  return sequence == 0 ? std::string() : absl::StrCat("id: ", sequence, "\n");
}

void ResumeBehind(std::string_view last_event_id, google::protobuf::Message& request) {
  const FieldDescriptor* field = FindNumber(request, "after_sequence");
  std::int64_t sequence = 0;
  const auto [end, error] = std::from_chars(last_event_id.begin(), last_event_id.end(), sequence);
  if (field == nullptr || error != std::errc() || end != last_event_id.end()) return;
  if (sequence > request.GetReflection()->GetInt64(request, field)) {
    request.GetReflection()->SetInt64(&request, field, sequence);
  }
}

}  // namespace esnaf::gateway

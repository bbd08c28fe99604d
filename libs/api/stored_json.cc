#include "libs/api/stored_json.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace esnaf::api {

std::string ToStoredJson(const google::protobuf::Message& message) {
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

absl::Status ReadStoredJson(std::string_view json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &message, options).ok()) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("a stored ", message.GetTypeName(), " cannot be read"));
}

}  // namespace esnaf::api

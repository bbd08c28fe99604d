#include "services/gateway/transcoder.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/gateway/call_recorder.h"
#include "services/gateway/field_setter.h"
#include "services/gateway/json_explain.h"
#include "services/gateway/json_writer.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kMostQueryParameters = 500;

absl::Status ReadBody(const HttpMatch& match, const std::string& body, Message& request) {
  const std::string& field_name = match.binding->body;
  if (field_name.empty()) {
    if (Trim(body).empty()) return absl::OkStatus();
    return MakeError(absl::StatusCode::kInvalidArgument, "UNEXPECTED_BODY", "this method takes no body");
  }
  Message* target = &request;
  std::string prefix;
  if (field_name != "*") {
    const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName(field_name);
    target = request.GetReflection()->MutableMessage(&request, field);
    prefix = field_name;
  }
  // A verb without arguments may be called without a body.
  if (Trim(body).empty()) return absl::OkStatus();
  // Protobuf takes an empty key or a NUL for what it is not.
  if (!IsCleanUtf8(body))
    return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_JSON", "the body is no clean UTF-8");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = false;
  if (google::protobuf::util::JsonStringToMessage(body, target, options).ok()) return absl::OkStatus();
  return ExplainJson(body, *target->GetDescriptor(), prefix);
}

// The first field of a dotted path.
std::string_view RootOf(std::string_view path) { return path.substr(0, path.find('.')); }

// What the path or the body says cannot be said again by a parameter.
absl::Status CheckParameter(const HttpMatch& match, const Message& request, const std::string& name) {
  const FieldDescriptor* root = FindField(*request.GetDescriptor(), RootOf(name));
  if (root == nullptr) return InvalidField(name, "is no known query parameter");
  // A page that sends a beacon may write its key behind the address.
  if (match.route->access.beacon && name == "key") return absl::OkStatus();
  if (match.binding->body == "*" || root->name() == match.binding->body) {
    return InvalidField(name, "belongs into the body, not the query");
  }
  for (const auto& [captured, value] : match.captures) {
    if (root->name() == RootOf(captured)) return InvalidField(name, "is given by the path already");
  }
  return absl::OkStatus();
}

absl::Status ReadQuery(const HttpMatch& match, std::string_view query, Message& request) {
  int count = 0;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) continue;
    if (++count > kMostQueryParameters) return InvalidField("query", "has too many parameters");
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const auto name = PercentDecode(parameter.substr(0, equals), /*plus_is_space=*/true);
    const auto value = PercentDecode(parameter.substr(std::min(equals + 1, parameter.size())), /*plus_is_space=*/true);
    if (!name || !value || name->empty() || !IsCleanUtf8(*name)) return InvalidField("query", "is malformed");
    ESNAF_RETURN_IF_ERROR(CheckParameter(match, request, *name));
    ESNAF_RETURN_IF_ERROR(SetField(request, *name, *value));
  }
  return absl::OkStatus();
}

// A detail of an error as JSON, by its type; where the type is unknown here, its name alone.
nlohmann::json DetailJson(const std::string& type_url, const std::string& bytes) {
  nlohmann::json detail = nlohmann::json::object();
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
      type_url.substr(type_url.rfind('/') + 1));
  if (type != nullptr) {
    std::unique_ptr<Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    std::string text;
    if (message->ParseFromString(bytes) && google::protobuf::util::MessageToJsonString(*message, &text).ok()) {
      detail = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
      if (!detail.is_object()) detail = nlohmann::json::object();
    }
  }
  detail["@type"] = type_url;
  return detail;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> ReadRequest(const HttpMatch& match, std::string_view query,
                                                     const std::string& body) {
  std::unique_ptr<Message> request(match.route->request->New());
  ESNAF_RETURN_IF_ERROR(ReadBody(match, body, *request));
  ESNAF_RETURN_IF_ERROR(ReadQuery(match, query, *request));
  // The path wins over what the body says of the same field.
  for (const auto& [field, value] : match.captures) ESNAF_RETURN_IF_ERROR(SetField(*request, field, value));
  return request;
}

absl::StatusOr<std::string> ToJson(const Message& message) { return WriteJson(message); }

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string ErrorJson(const absl::Status& status) { return ErrorJson(status, HttpStatusOf(status.code())); }

std::string ErrorJson(const absl::Status& status, int http_status) {
  nlohmann::json details = nlohmann::json::array();
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& bytes) {
    details.push_back(DetailJson(std::string(type_url), std::string(bytes)));
  });
  const nlohmann::json error = {{"error",
                                 {{"code", http_status},
                                  {"status", CodeName(status.raw_code())},
                                  {"message", std::string(status.message())},
                                  {"details", std::move(details)}}}};
  // A message that is no UTF-8 must not end the process.
  return error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace esnaf::gateway

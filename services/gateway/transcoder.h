#pragma once

// Between HTTP requests and the messages of the contracts, in protobuf's JSON mapping: lowerCamelCase names (those of
// the contract are read too), 64-bit integers as strings, enums by name. Answers show fields also where they hold the
// default, so that clients always find them; unknown fields and query parameters of requests are refused by name.
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "services/gateway/route_table.h"

namespace esnaf::gateway {

// The request message of a call. INVALID_ARGUMENT naming the field.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ReadRequest(const HttpMatch& match, std::string_view query,
                                                                       const std::string& body);

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

// The HTTP status of a canonical code, as google.rpc.Code says.
int HttpStatusOf(absl::StatusCode code);

// {"error":{"code":404,"status":"NOT_FOUND","message":"…","details":[{"@type":"…",…}]}}
std::string ErrorJson(const absl::Status& status);
// The same with another HTTP status than the code's own.
std::string ErrorJson(const absl::Status& status, int http_status);

}  // namespace esnaf::gateway

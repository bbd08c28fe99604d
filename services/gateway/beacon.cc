#include "services/gateway/beacon.h"

#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kLongestUserAgent = 1000;

}  // namespace

std::string TakeRequestKey(google::protobuf::Message& request, std::string_view user_agent) {
  const google::protobuf::Descriptor& type = *request.GetDescriptor();
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  const auto* key_field = type.FindFieldByName("key");
  const auto* agent_field = type.FindFieldByName("user_agent");
  std::string key = reflection.GetString(request, key_field);
  reflection.ClearField(&request, key_field);
  if (agent_field == nullptr) return key;
  if (reflection.GetString(request, agent_field).empty() && IsCleanUtf8(user_agent)) {
    reflection.SetString(&request, agent_field, std::string(Truncate(user_agent, kLongestUserAgent)));
  }
  return key;
}

absl::Status SecretInRequest() {
  return MakeError(
      absl::StatusCode::kUnauthenticated, "API_KEY_INVALID",
      "a key in the request itself must be publishable; send a secret one as `Authorization: Bearer esk_…`");
}

}  // namespace esnaf::gateway

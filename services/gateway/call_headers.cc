#include "services/gateway/call_headers.h"

#include <algorithm>
#include <cctype>

#include "libs/base/crypto.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kLongestRequestId = 128;
constexpr std::size_t kTraceParentLength = 55;  // 00-<32>-<16>-<2>

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsTraceParent(std::string_view text) {
  return text.size() == kTraceParentLength && text.starts_with("00-") && text[35] == '-' && text[52] == '-' &&
         IsLowerHex(text.substr(3, 32)) && IsLowerHex(text.substr(36, 16)) && IsLowerHex(text.substr(53)) &&
         text.substr(3, 32).find_first_not_of('0') != std::string_view::npos &&
         text.substr(36, 16).find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

void CallHeaders::Take(std::string_view name, std::string_view value) {
  // The first letter tells most of them apart from what every client sends besides.
  switch (name.empty() ? '\0' : name.front()) {
    case 'a':
      if (name == "authorization") credentials.authorization = value;
      break;
    case 'e':
      if (name == kAfterKey) after = value;
      break;
    case 'i':
      if (name == kIdempotencyKey) idempotency_key = value;
      break;
    case 'o':
      if (name == "origin") credentials.origin = value;
      break;
    case 't':
      if (name == kTraceParentKey) trace_parent = value;
      break;
    case 'x':
      if (name == "x-api-key") credentials.api_key = value;
      if (name == kRequestIdKey) request_id = value;
      break;
    default:
      break;
  }
}

std::string ChooseRequestId(std::string_view sent, Time now) {
  const bool usable = !sent.empty() && sent.size() <= kLongestRequestId &&
                      std::all_of(sent.begin(), sent.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return usable ? std::string(sent) : Uuid::NewV7(now).ToString();
}

std::string ChooseTraceParent(std::string_view sent, std::string_view request_id) {
  if (IsTraceParent(sent)) return std::string(sent);
  std::string digits;
  if (const std::optional<Uuid> id = Uuid::Parse(request_id); id && !id->IsZero()) {
    digits = HexEncode({reinterpret_cast<const char*>(id->bytes().data()), id->bytes().size()});
  } else {
    digits = Sha256Hex(request_id).substr(0, 32);
  }
  // The span is the trace's random half: one gateway call is one trace. The flag `00` leaves sampling to others.
  std::string made = "00-" + digits + "-" + digits.substr(16) + "-00";
  return made;
}

void WriteUpstreamMetadata(const CallHeaders& headers, const std::string& request_id, const KnownKey& key,
                           grpc::ClientContext& context) {
  context.AddMetadata("esnaf-caller-kind", key.caller_kind);
  context.AddMetadata("esnaf-actor", key.actor);
  if (!key.stores.empty()) context.AddMetadata("esnaf-stores", key.stores);
  context.AddMetadata(kRequestIdKey, request_id);
  context.AddMetadata(kTraceParentKey, ChooseTraceParent(headers.trace_parent, request_id));
  if (!headers.after.empty()) context.AddMetadata(kAfterKey, std::string(headers.after));
  if (!headers.idempotency_key.empty()) context.AddMetadata(kIdempotencyKey, std::string(headers.idempotency_key));
}

}  // namespace esnaf::gateway

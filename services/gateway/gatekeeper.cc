#include "services/gateway/gatekeeper.h"

#include <cctype>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "libs/base/error.h"

namespace esnaf::gateway {
namespace {

constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";
constexpr std::chrono::milliseconds kOverloadDelay{100};

absl::Status Refuse(const char* reason, const char* message) {
  return MakeError(absl::StatusCode::kUnauthenticated, reason, message);
}

absl::Status Exhausted(const char* reason, const char* message, std::chrono::nanoseconds wait) {
  absl::Status status = MakeError(absl::StatusCode::kResourceExhausted, reason, message);
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(wait / std::chrono::seconds(1));
  info.mutable_retry_delay()->set_nanos(static_cast<int>((wait % std::chrono::seconds(1)).count()));
  status.SetPayload(kRetryInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

// The secret in the credentials; empty where there is none.
std::string_view SecretOf(const Credentials& credentials) {
  std::string_view text = credentials.authorization;
  if (text.empty()) return credentials.api_key;
  constexpr std::string_view kBearer = "bearer ";
  if (text.size() <= kBearer.size()) return {};
  for (std::size_t i = 0; i < kBearer.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != kBearer[i]) return {};
  }
  text.remove_prefix(kBearer.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

}  // namespace

void Gatekeeper::Authenticate(const Route& route, const Credentials& credentials, Admission& admission) const {
  const std::string_view secret = SecretOf(credentials);
  if (secret.empty()) {
    admission.status = credentials.authorization.empty()
                           ? Refuse("API_KEY_MISSING", "send an API key as `Authorization: Bearer esk_…`")
                           : Refuse("API_KEY_INVALID", "the authorization is no `Bearer esk_…`");
    return;
  }
  const Time now = clock_.Now();
  admission.key = keys_.Find(secret, now);
  if (admission.key == nullptr) {
    admission.status = Refuse("API_KEY_INVALID", "there is no such API key, or it was revoked");
    return;
  }
  admission.status = Authorize(route.access, admission.key->key, credentials.origin, now);
}

absl::Status Gatekeeper::Recheck(const Route& route, const Credentials& credentials) const {
  Admission admission;
  Authenticate(route, credentials, admission);
  return admission.status;
}

Admission Gatekeeper::Admit(const Route& route, const Credentials& credentials) {
  Admission admission;
  Authenticate(route, credentials, admission);
  if (!admission.status.ok()) return admission;
  if (const auto wait = admission.key->rate->Take(RateBucket::Clock::now())) {
    admission.status = Exhausted("RATE_LIMIT_EXCEEDED", "the API key has used up its calls a second", *wait);
    return admission;
  }
  const int before = in_flight_.fetch_add(1, std::memory_order_relaxed);
  admission.ticket = Ticket(&in_flight_);
  if (before >= most_in_flight_) {
    admission.ticket = Ticket();
    admission.status =
        Exhausted("GATEWAY_OVERLOADED", "the gateway has as many calls under way as it takes", kOverloadDelay);
  }
  return admission;
}

std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryInfoUrl);
  google::rpc::RetryInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return std::chrono::milliseconds(info.retry_delay().seconds() * 1000 + info.retry_delay().nanos() / 1'000'000);
}

}  // namespace esnaf::gateway

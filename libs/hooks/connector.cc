#include "libs/hooks/connector.h"

#include <algorithm>

#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/url.h"

namespace esnaf::hooks {
std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string Request::QueryValue(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    const std::size_t equals = std::min(part.find('='), part.size());
    if (DecodeQueryPart(part.substr(0, equals)) != name) continue;
    return equals == part.size() ? std::string() : DecodeQueryPart(part.substr(equals + 1));
  }
  return {};
}

std::string_view SecretOf(const Secrets& secrets, const std::string& name) {
  const auto secret = secrets.find(name);
  return secret == secrets.end() ? std::string_view() : std::string_view(secret->second);
}

bool Matches(std::string_view text, const Secrets& secrets, const std::string& name) {
  const std::string_view kept = SecretOf(secrets, name);
  // The digests are compared, so that not even the secret's length shows.
  return ConstantTimeEquals(Sha256Hex(text), kept) && !kept.empty();
}

absl::Status NotVerified() {
  return MakeError(absl::StatusCode::kUnauthenticated, "HOOK_NOT_VERIFIED",
                   "the request is not signed, or its key is not the one of this connection");
}

absl::StatusOr<std::string> Connector::Fetch(const Delivery&, const Secrets&) { return std::string(); }

absl::StatusOr<Outcome> Connector::Handle(const runtime::Call&, postgres::Tx&, const Delivery&, const std::string&) {
  return absl::UnimplementedError("the connector neither handles nor prepares its deliveries");
}

absl::StatusOr<Connector::Work> Connector::Prepare(runtime::Call& call, const Delivery& delivery,
                                                   const std::string& fetched) {
  return Work([this, &call, &delivery, &fetched](postgres::Tx& tx) { return Handle(call, tx, delivery, fetched); });
}

}  // namespace esnaf::hooks

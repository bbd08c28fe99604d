#pragma once

// What an API key is and may do. Pure: the time and the randomness come as arguments.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/gateway/access.h"

namespace esnaf::gateway {

enum class KeyKind { kPublishable = 1, kStorefront = 2, kStaff = 3, kAdmin = 4 };

struct ApiKey {
  Uuid id;
  std::string display_name;
  KeyKind kind = KeyKind::kStorefront;
  std::vector<std::string> scopes;
  std::vector<std::string> store_ids;  // empty: all
  int rate_per_second = 0;             // 0: no limit of its own
  std::vector<std::string> allowed_origins;
  std::optional<Time> expire_time;
  Time create_time;
  std::optional<Time> revoke_time;
  std::string prefix;
};

// INVALID_ARGUMENT with every violation, each under the field's name in the request (`api_key.scopes[1]`).
absl::Status ValidateNewKey(const ApiKey& key, Time now);

inline constexpr std::string_view kSecretPrefix = "esk_";

// A secret: `esk_` and 43 characters of base64url.
struct Secret {
  std::string text;
  std::string hash;    // SHA-256, what is stored
  std::string prefix;  // the first characters, shown to tell keys apart
};
// `random` is 32 bytes of the system's generator.
Secret MakeSecret(std::string_view random);
// Whether the text can be a secret at all, so that garbage is not even hashed.
bool LooksLikeSecret(std::string_view text);

// Whether a granted scope covers the one that is needed: itself, `orders.*`, `*.read` or `*`.
bool ScopeCovers(std::string_view granted, std::string_view needed);

// Whether the key may be used from a web origin. Only publishable keys are bound to origins.
bool OriginAllowed(const ApiKey& key, std::string_view origin);

// Whether the key's calls are answered with an empty message, whatever the service says: a publishable key sits in a
// browser for all to see, so nothing can be read with it but what is everybody's.
inline bool MayOnlyWrite(const ApiKey& key) { return key.kind == KeyKind::kPublishable; }
inline bool GetsNoAnswer(const ApiKey& key, const Access& access) { return MayOnlyWrite(key) && !access.public_data; }

// Whether the key may call a method with this access now, from this web origin (empty: not from a browser).
// UNAUTHENTICATED: API_KEY_EXPIRED. PERMISSION_DENIED: AUDIENCE_TOO_LOW, SCOPE_MISSING, ORIGIN_NOT_ALLOWED.
absl::Status Authorize(const Access& access, const ApiKey& key, std::string_view origin, Time now);

}  // namespace esnaf::gateway

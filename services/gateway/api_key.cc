#include "services/gateway/api_key.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kSecretLength = kSecretPrefix.size() + 43;
constexpr std::size_t kShownPrefixLength = kSecretPrefix.size() + 6;
constexpr std::size_t kMostListEntries = 100;
constexpr std::size_t kLongestText = 200;
constexpr int kHighestRate = 1'000'000;

bool IsBase64Url(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'; }

bool IsScopePart(std::string_view part) {
  if (part == "*") return true;
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return std::islower(static_cast<unsigned char>(c)) || std::isdigit(static_cast<unsigned char>(c)) || c == '_';
  });
}

bool IsScope(std::string_view scope) {
  if (scope == "*") return true;
  const std::size_t dot = scope.find('.');
  return dot != std::string_view::npos && IsScopePart(scope.substr(0, dot)) && IsScopePart(scope.substr(dot + 1));
}

// `https://shop.example` or with a port; no path, no wildcard.
bool IsOrigin(std::string_view origin) {
  std::string_view rest = origin;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return false;
  }
  return !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
    return std::islower(static_cast<unsigned char>(c)) || std::isdigit(static_cast<unsigned char>(c)) || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
  });
}

void CheckList(std::string_view field, const std::vector<std::string>& values, bool (*good)(std::string_view),
               std::string_view what, FieldViolations& violations) {
  if (values.size() > kMostListEntries)
    violations.Add(field, absl::StrCat("has more than ", kMostListEntries, " entries"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!good(values[i])) violations.Add(absl::StrCat(std::string(field), "[", i, "]"), what);
  }
}

Audience AudienceOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::kAdmin:
      return Audience::kAdmin;
    case KeyKind::kStaff:
      return Audience::kStaff;
    case KeyKind::kPublishable:
    case KeyKind::kStorefront:
      break;
  }
  return Audience::kStorefront;
}

}  // namespace

absl::Status ValidateNewKey(const ApiKey& key, Time now) {
  FieldViolations violations;
  if (Trim(key.display_name).empty()) violations.Add("api_key.display_name", "is empty");
  if (key.display_name.size() > kLongestText) violations.Add("api_key.display_name", "is longer than 200 bytes");
  if (!IsCleanUtf8(key.display_name)) violations.Add("api_key.display_name", "is no clean UTF-8 text");
  CheckList("api_key.scopes", key.scopes, IsScope, "is no scope such as `orders.write`, `orders.*`, `*.read` or `*`",
            violations);
  CheckList("api_key.store_ids", key.store_ids, IsStoreId, "is no store id such as `web`", violations);
  CheckList("api_key.allowed_origins", key.allowed_origins, IsOrigin, "is no web origin such as `https://shop.example`",
            violations);
  if (!key.allowed_origins.empty() && key.kind != KeyKind::kPublishable) {
    violations.Add("api_key.allowed_origins", "belongs to publishable keys only");
  }
  if (key.kind != KeyKind::kAdmin && key.scopes.empty()) {
    violations.Add("api_key.scopes", "is empty: the key could call nothing");
  }
  if (key.rate_per_second < 0 || key.rate_per_second > kHighestRate) {
    violations.Add("api_key.rate_per_second", absl::StrCat("is outside 0 to ", kHighestRate));
  }
  if (key.expire_time && *key.expire_time <= now) violations.Add("api_key.expire_time", "has passed");
  return violations.ToStatus();
}

Secret MakeSecret(std::string_view random) {
  Secret secret;
  secret.text = std::string(kSecretPrefix) + Base64UrlEncode(random);
  secret.hash = Sha256(secret.text);
  secret.prefix = secret.text.substr(0, kShownPrefixLength);
  return secret;
}

bool LooksLikeSecret(std::string_view text) {
  return text.size() == kSecretLength && text.starts_with(kSecretPrefix) &&
         std::all_of(text.begin(), text.end(), IsBase64Url);
}

bool ScopeCovers(std::string_view granted, std::string_view needed) {
  if (granted == needed || granted == "*") return true;
  const std::size_t granted_dot = granted.find('.');
  const std::size_t needed_dot = needed.find('.');
  if (granted_dot == std::string_view::npos || needed_dot == std::string_view::npos) return false;
  const auto part_covers = [](std::string_view part, std::string_view wanted) { return part == "*" || part == wanted; };
  return part_covers(granted.substr(0, granted_dot), needed.substr(0, needed_dot)) &&
         part_covers(granted.substr(granted_dot + 1), needed.substr(needed_dot + 1));
}

bool OriginAllowed(const ApiKey& key, std::string_view origin) {
  if (key.kind != KeyKind::kPublishable || key.allowed_origins.empty()) return true;
  return std::any_of(key.allowed_origins.begin(), key.allowed_origins.end(), [&](std::string_view allowed) {
    return allowed == origin || (origin.starts_with("//") && allowed.substr(allowed.find(':') + 1) == origin);
  });
}

absl::Status Authorize(const Access& access, const ApiKey& key, std::string_view origin, Time now) {
  if (key.expire_time && *key.expire_time <= now) {
    return MakeError(absl::StatusCode::kUnauthenticated, "API_KEY_EXPIRED", "the API key has expired");
  }
  if (key.kind == KeyKind::kPublishable) {
    if (!OriginAllowed(key, origin)) {
      return MakeError(absl::StatusCode::kPermissionDenied, "ORIGIN_NOT_ALLOWED",
                       "the API key may not be used from this web origin",
                       {{"origin", std::string(Truncate(origin, 200))}});
    }
    if (!access.publishable) {
      return MakeError(absl::StatusCode::kPermissionDenied, "AUDIENCE_TOO_LOW",
                       "a publishable key may not call this method");
    }
  } else if (AudienceOf(key.kind) < access.audience) {
    return MakeError(absl::StatusCode::kPermissionDenied, "AUDIENCE_TOO_LOW",
                     "this method is for a more trusted audience than the API key's");
  }
  if (key.kind == KeyKind::kAdmin) return absl::OkStatus();
  for (const std::string& granted : key.scopes) {
    if (ScopeCovers(granted, access.scope)) return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kPermissionDenied, "SCOPE_MISSING",
                   absl::StrCat("the API key lacks the scope ", access.scope), {{"scope", access.scope}});
}

}  // namespace esnaf::gateway

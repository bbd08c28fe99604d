#pragma once

// The links by which people come back to a cart: its id and when the link expires, signed by the installation.
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace esnaf::orders {

struct CartLink {
  Uuid cart_id;
  Time expire_time;  // in whole seconds
  bool operator==(const CartLink&) const = default;
};

// 54 characters of base64url: 16 bytes of id, 8 of the time in seconds, 16 of the HMAC-SHA-256 of both.
std::string SignCartLink(const CartLink& link, std::string_view secret);
// None where nobody with the secret has made it, or it has expired at `now`.
std::optional<CartLink> ReadCartLink(std::string_view token, std::string_view secret, Time now);

}  // namespace esnaf::orders

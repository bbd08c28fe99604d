#include "services/orders/cart_link.h"

#include "libs/base/signed_link.h"

namespace esnaf::orders {
namespace {

constexpr char kPurpose[] = "esnaf.cart.link";

}  // namespace

std::string SignCartLink(const CartLink& link, std::string_view secret) {
  return SignLink(kPurpose, {link.cart_id, link.expire_time}, secret);
}

std::optional<CartLink> ReadCartLink(std::string_view token, std::string_view secret, Time now) {
  const std::optional<SignedLink> link = ReadSignedLink(kPurpose, token, secret);
  if (!link || now >= link->expire_time) return std::nullopt;
  return CartLink{link->id, link->expire_time};
}

}  // namespace esnaf::orders

#pragma once

// What the deliveries of storefronts (Shopify, WooCommerce) say, in the words of our own contract. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "esnaf/orders/v1/carts.pb.h"
#include "esnaf/orders/v1/catalog.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/hooks/connector.h"
#include "services/orders/connectors/document.h"
#include "services/orders/order.h"
#include "services/orders/store.h"

namespace esnaf::orders {

// What signs the bodies, of either connector.
inline constexpr char kWebhookSecret[] = "webhook_secret";

// A parcel as it is kept: what the headers say and the body.
struct Envelope {
  std::string topic;
  std::optional<Time> trigger_time;
  nlohmann::json body;
};
std::string SerializeEnvelope(std::string_view topic, std::string_view trigger_time, const nlohmann::json& body);
absl::StatusOr<Envelope> ReadEnvelope(std::string_view payload);

// Whether `signature` is the base64 of the body's HMAC-SHA256, in a time that tells nothing of it.
bool IsSigned(std::string_view body, std::string_view signature, std::string_view secret);

// The whole order as it was then, and the carts that it came of.
struct ToldOrder {
  v1::Order order;
  std::vector<std::string> cart_ids;
};
// One fact of an order, told by itself.
struct ToldFulfillment {
  std::string order_external_id;
  v1::Fulfillment fulfillment;
  Time update_time;
  bool ended = false;  // it was cancelled, or failed
};
struct ToldRefund {
  std::string order_external_id;
  v1::Refund refund;
  Time update_time;
};
// A product's variants, of which each has an SKU.
struct ToldProducts {
  std::string external_id;
  std::vector<v1::Product> products;
  Time update_time;
};
struct ToldCart {
  v1::Cart cart;
};
struct ToldCustomer {
  Customer customer;
};
// A person's or the platform's demand that staff must answer.
struct ToldRequest {
  std::string topic;
  std::string subject;  // the platform's number of the customer or the shop
};
// What changes nothing here.
struct ToldNothing {
  std::string message;
};
using ToldWhat = std::variant<ToldNothing, ToldOrder, ToldFulfillment, ToldRefund, ToldProducts, ToldCart, ToldCustomer,
                              ToldRequest>;

// What was understood, and what was not though it matters. Remarks tell nothing of people.
struct Told {
  ToldWhat what;
  std::vector<std::string> remarks;
};

// Where a delivery stands among its source's: platforms tell the change's time in seconds, so that two changes within
// one second are told apart by when they were posted, which moves the time by less than that second.
Time PositionOf(Time update_time, std::optional<Time> trigger_time);

void SetMoney(std::int64_t minor, Currency currency, api::v1::Money& money);

// Fills in e-mail and phone as far as they are such; else adds a remark. `country` is the one of phone numbers without
// a country code.
void SetEmail(std::string_view email, bool verified, v1::Customer& customer, std::vector<std::string>& remarks);
void SetPhone(std::string_view phone, std::string_view country, v1::Customer& customer,
              std::vector<std::string>& remarks);
// An address's country, where it is one.
void SetCountry(const std::string& country, v1::Customer& customer);

// Adds `name:value` where it fits a tag; a remark where it does not.
void AddTag(std::string_view name, std::string_view value, v1::Order& order, std::vector<std::string>& remarks);
// The campaign of a landing page as tags: `utm_source:google`, `gclid:…`; and the page itself.
void AddLandingPage(const std::string& url, v1::Order& order, std::vector<std::string>& remarks);

// What an SKU-less variant or product is known by.
std::string SkuOr(const std::string& sku, const std::string& variant_id, const std::string& product_id);

// An id that plugins and themes may set; empty where it is none of at most 200 bytes.
std::string IdOrNothing(std::string text);

// What all parts of an order come to, by the same rule as Derive.
std::int64_t SumOfParts(const v1::Order& order);
// A source whose parts do not add up may pay back more than they come to. What is beyond them is not counted, with a
// remark, rather than that the order is refused with everything else it says.
void CapRefunds(v1::Order& order, Currency currency, std::vector<std::string>& remarks);

// Adds a remark where our sums (by the same rule as Derive) are not what the source says.
void CompareTotal(const v1::Order& order, std::optional<std::int64_t> told, Currency currency,
                  std::vector<std::string>& remarks);

}  // namespace esnaf::orders

#include "services/orders/order_validation.h"

#include <cstdlib>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/country_code.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::orders {
namespace {

constexpr std::size_t kMaxNameBytes = 500;
constexpr std::size_t kMaxTitleBytes = 1000;
constexpr std::size_t kMaxWordBytes = 100;

std::string At(std::string_view list, std::size_t index, std::string_view field) {
  return absl::StrCat(ToAbsl(list), "[", index, "].", ToAbsl(field));
}

void CheckLine(FieldViolations& violations, const OrderLine& line, std::size_t i) {
  // Most lines are good, so the fields' names are made only for those that are not.
  const auto text_is_bad = [](std::string_view text, std::size_t bytes) {
    return text.size() > bytes || !IsCleanUtf8(text);
  };
  const auto amount_is_bad = [](std::int64_t amount) { return amount < 0 || amount > kMaxAmount; };
  if (text_is_bad(line.id, kMaxIdBytes)) CheckText(violations, At("lines", i, "id"), line.id, kMaxIdBytes);
  if (text_is_bad(line.sku, kMaxIdBytes)) CheckText(violations, At("lines", i, "sku"), line.sku, kMaxIdBytes);
  if (text_is_bad(line.title, kMaxTitleBytes))
    CheckText(violations, At("lines", i, "title"), line.title, kMaxTitleBytes);
  if (text_is_bad(line.seller_id, kMaxIdBytes))
    CheckText(violations, At("lines", i, "seller_id"), line.seller_id, kMaxIdBytes);
  if (line.quantity < 1 || line.quantity > kMaxQuantity)
    violations.Add(At("lines", i, "quantity"), "must be 1 to 1000000000");
  if (amount_is_bad(line.unit_price)) CheckAmount(violations, At("lines", i, "unit_price"), line.unit_price);
  if (amount_is_bad(line.amount)) CheckAmount(violations, At("lines", i, "amount"), line.amount);
  if (amount_is_bad(line.tax)) CheckAmount(violations, At("lines", i, "tax"), line.tax);
  if (amount_is_bad(line.discount)) {
    CheckAmount(violations, At("lines", i, "discount"), line.discount);
  } else if (line.discount > line.amount) {
    violations.Add(At("lines", i, "discount"), "is more than the line's amount");
  }
  if (!line.unit_cost) return;
  const auto cost = amount_is_bad(*line.unit_cost) ? std::nullopt : std::optional(*line.unit_cost);
  if (!cost) {
    CheckAmount(violations, At("lines", i, "unit_cost"), *line.unit_cost);
  } else if (auto all = CheckedMultiply(*cost, line.quantity); !all.ok() || *all > kMaxAmount) {
    violations.Add(At("lines", i, "unit_cost"), "makes the line cost too much");
  }
}

// Adds up saturating: a sum beyond kMaxAmount stays beyond it.
void AddUp(std::int64_t& sum, std::int64_t amount) {
  if (sum <= kMaxAmount && amount > 0) sum += std::min(amount, kMaxAmount + 1);
}

void CheckSums(FieldViolations& violations, const Order& order) {
  std::int64_t gross = 0, discount = 0, tax = 0, cost = 0;
  for (const OrderLine& line : order.lines) {
    AddUp(gross, line.amount);
    AddUp(discount, line.discount);
    AddUp(tax, line.tax);
    if (line.unit_cost) {
      auto all = CheckedMultiply(*line.unit_cost, line.quantity);
      AddUp(cost, all.ok() ? *all : kMaxAmount + 1);
    }
  }
  AddUp(discount, order.discount);
  AddUp(tax, order.shipping_tax);
  if (gross > kMaxAmount || tax > kMaxAmount || cost > kMaxAmount) violations.Add("lines", "add up to too much");
  if (order.discount >= 0 && discount > gross)
    violations.Add("discount", "is, with the lines' discounts, more than the lines' amounts");
}

std::string Within(std::string_view at, std::string_view field) { return absl::StrCat(ToAbsl(at), ".", ToAbsl(field)); }

void CheckParts(FieldViolations& violations, const std::string& field, const std::vector<LineQuantity>& parts) {
  if (parts.size() > kMaxLines) violations.Add(field, "are more than an order's lines");
}

void CheckCount(FieldViolations& violations, std::string_view field, std::size_t count) {
  if (count > kMaxFacts) violations.Add(field, "are more than " + std::to_string(kMaxFacts));
}

}  // namespace

absl::StatusOr<LinePrice> PriceLine(std::optional<std::int64_t> unit_price, std::optional<std::int64_t> amount,
                                    std::int64_t quantity) {
  if (!unit_price && !amount) return InvalidField("unit_price", "is missing, and so is the amount");
  if (!unit_price) {
    if (quantity < 1) return LinePrice{0, *amount};  // The quantity gets its own error.
    const std::int64_t down = *amount / quantity;
    return LinePrice{down + (*amount % quantity * 2 >= quantity ? 1 : 0), *amount};
  }
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t product, CheckedMultiply(*unit_price, quantity));
  if (!amount) return LinePrice{*unit_price, product};
  // A price that is finer than the minor unit is rounded by at most half of it, on each piece.
  const std::int64_t tolerance = quantity / 2 + 1;
  const bool apart = *amount < 0 || (product > *amount ? product - *amount : *amount - product) > tolerance;
  if (apart) return InvalidField("amount", "is not quantity x unit_price");
  return LinePrice{*unit_price, *amount};
}

void CheckText(FieldViolations& violations, std::string_view field, std::string_view text, std::size_t bytes) {
  if (text.size() > bytes) {
    violations.Add(field, "is longer than " + std::to_string(bytes) + " bytes");
  } else if (!IsCleanUtf8(text)) {
    violations.Add(field, "is no clean UTF-8 text");
  }
}

void CheckTime(FieldViolations& violations, std::string_view field, Time time) {
  using namespace std::chrono;
  if (time < sys_days(1970y / 1 / 1) || time >= sys_days(2200y / 1 / 1))
    violations.Add(field, "lies outside the years 1970 to 2199");
}

void CheckAmount(FieldViolations& violations, std::string_view field, std::int64_t amount) {
  if (amount < 0) {
    violations.Add(field, "must not be negative");
  } else if (amount > kMaxAmount) {
    violations.Add(field, "must not be more than " + std::to_string(kMaxAmount));
  }
}

void NormalizeCustomer(FieldViolations& violations, Customer& customer, std::string_view region) {
  CheckText(violations, "customer.external_id", customer.external_id, kMaxIdBytes);
  CheckText(violations, "customer.visitor_id", customer.visitor_id, kMaxIdBytes);
  CheckText(violations, "customer.given_name", customer.given_name, kMaxNameBytes);
  CheckText(violations, "customer.family_name", customer.family_name, kMaxNameBytes);
  CheckText(violations, "customer.display_name", customer.display_name, kMaxNameBytes);
  const std::string& country = customer.country_code;
  if (!country.empty() && !IsCountryCode(country))
    violations.Add("customer.country_code", "is no ISO 3166-1 alpha-2 code");
  if (!customer.email.empty()) {
    if (auto email = NormalizeEmail(customer.email); email.ok()) {
      customer.email = *std::move(email);
    } else {
      violations.Add("customer.email", "is no e-mail address");
    }
  }
  if (!customer.phone.empty()) {
    if (auto phone = NormalizePhone(customer.phone, region); phone.ok()) {
      customer.phone = *std::move(phone);
    } else {
      violations.Add("customer.phone", "is no phone number");
    }
  }
}

void CheckLines(FieldViolations& violations, const std::vector<OrderLine>& lines) {
  std::unordered_set<std::string_view> ids;
  ids.reserve(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CheckLine(violations, lines[i], i);
    if (!ids.insert(lines[i].id).second) violations.Add(At("lines", i, "id"), "is named twice");
  }
}

void CheckOrder(FieldViolations& violations, const Order& order) {
  if (order.external_id.empty()) violations.Add("external_id", "is missing");
  CheckText(violations, "external_id", order.external_id, kMaxIdBytes);
  CheckText(violations, "channel", order.channel, kMaxWordBytes);
  CheckTime(violations, "place_time", order.place_time);
  CheckTime(violations, "source_update_time", order.source.update_time);
  if (order.source.version < 0) violations.Add("source_version", "must not be negative");
  if (order.lines.empty()) violations.Add("lines", "are missing");
  if (order.lines.size() > kMaxLines) violations.Add("lines", "are more than " + std::to_string(kMaxLines));
  CheckLines(violations, order.lines);
  CheckAmount(violations, "discount", order.discount);
  CheckAmount(violations, "shipping", order.shipping);
  CheckAmount(violations, "shipping_tax", order.shipping_tax);
  CheckSums(violations, order);
  if (order.tags.size() > kMaxTags) violations.Add("tags", "are more than " + std::to_string(kMaxTags));
  for (std::size_t i = 0; i < order.tags.size(); ++i) {
    CheckText(violations, absl::StrCat("tags[", i, "]"), order.tags[i], kMaxWordBytes);
  }
}

void CheckPayment(FieldViolations& violations, std::string_view at, const PaymentRequest& request) {
  CheckText(violations, Within(at, "id"), request.payment.id, kMaxIdBytes);
  CheckText(violations, Within(at, "method"), request.payment.method, kMaxWordBytes);
  CheckTime(violations, Within(at, "pay_time"), request.payment.time);
  if (request.amount) CheckAmount(violations, Within(at, "amount"), *request.amount);
}

void CheckFulfillment(FieldViolations& violations, std::string_view at, const Fulfillment& fulfillment) {
  CheckText(violations, Within(at, "id"), fulfillment.id, kMaxIdBytes);
  CheckText(violations, Within(at, "carrier"), fulfillment.carrier, kMaxWordBytes);
  CheckText(violations, Within(at, "tracking_number"), fulfillment.tracking_number, kMaxIdBytes);
  CheckTime(violations, Within(at, "fulfill_time"), fulfillment.time);
  CheckParts(violations, Within(at, "lines"), fulfillment.lines);
}

void CheckRefund(FieldViolations& violations, std::string_view at, const RefundRequest& request) {
  CheckText(violations, Within(at, "id"), request.refund.id, kMaxIdBytes);
  CheckText(violations, Within(at, "reason"), request.refund.reason, kMaxTitleBytes);
  CheckTime(violations, Within(at, "refund_time"), request.refund.time);
  CheckParts(violations, Within(at, "returned_lines"), request.refund.returned_lines);
  if (request.amount) CheckAmount(violations, Within(at, "amount"), *request.amount);
}

void CheckCancellation(FieldViolations& violations, const Cancellation& cancellation, std::string_view reason_field) {
  CheckTime(violations, "cancel_time", cancellation.time);
  CheckText(violations, reason_field, cancellation.reason, kMaxTitleBytes);
}

void CheckFacts(FieldViolations& violations, const ReportedFacts& facts) {
  CheckCount(violations, "payments", facts.payments.size());
  CheckCount(violations, "fulfillments", facts.fulfillments.size());
  CheckCount(violations, "refunds", facts.refunds.size());
  const auto at = [](std::string_view list, std::size_t i) { return absl::StrCat(ToAbsl(list), "[", i, "]"); };
  for (std::size_t i = 0; i < facts.payments.size(); ++i)
    CheckPayment(violations, at("payments", i), facts.payments[i]);
  for (std::size_t i = 0; i < facts.fulfillments.size(); ++i) {
    CheckFulfillment(violations, at("fulfillments", i), facts.fulfillments[i]);
  }
  for (std::size_t i = 0; i < facts.refunds.size(); ++i) CheckRefund(violations, at("refunds", i), facts.refunds[i]);
  if (facts.cancellation) CheckCancellation(violations, *facts.cancellation, "cancel_reason");
}

}  // namespace esnaf::orders

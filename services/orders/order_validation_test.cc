// Goal: every bad field of an order is named, and legal oddities of real shops pass.
#include "services/orders/order_validation.h"

#include "libs/base/error.h"
#include "services/orders/order_test_support.h"

namespace esnaf::orders {
namespace {

using absl::StatusCode;
using testing::Line;
using testing::SaleOf;

absl::Status Checked(const Order& order) {
  FieldViolations violations;
  CheckOrder(violations, order);
  return violations.ToStatus();
}

std::vector<std::string> BadFields(const Order& order) {
  std::vector<std::string> fields;
  for (const auto& [field, description] : ErrorFields(Checked(order))) fields.push_back(field);
  return fields;
}

TEST_CASE("a good order has no bad field") {
  CHECK_OK(Checked(SaleOf({Line("1", 1, 100), Line("2", 5, 0)})));
  CHECK_OK(Checked(SaleOf({Line("1", 80995, 16838860), Line("2", kMaxQuantity, kMaxAmount - 16838860)})));
}

TEST_CASE("all bad fields are named at once") {
  Order order = SaleOf({Line("1", 1, 100), Line("1", 1, 100), Line("3", 1, 100, 101)});
  order.external_id = "";
  order.lines[0].quantity = 0;
  order.lines[1].tax = -1;
  order.channel = std::string("w\0eb", 4);
  order.shipping = -5;
  order.tags = std::vector<std::string>(51, "tag");
  CHECK(BadFields(order) == std::vector<std::string>{"external_id", "channel", "lines[0].quantity", "lines[1].tax",
                                                     "lines[1].id", "lines[2].discount", "shipping", "tags"});
}

TEST_CASE("an order has lines, and not too many") {
  CHECK(BadFields(SaleOf({})) == std::vector<std::string>{"lines"});
  std::vector<OrderLine> lines;
  for (std::size_t i = 0; i <= kMaxLines; ++i) lines.push_back(Line(std::to_string(i), 1, 1));
  CHECK(BadFields(SaleOf(lines)) == std::vector<std::string>{"lines"});
  lines.pop_back();
  CHECK_OK(Checked(SaleOf(lines)));
}

TEST_CASE("discounts take off no more than there is") {
  Order order = SaleOf({Line("1", 1, 100, 60)});
  order.discount = 41;
  CHECK(BadFields(order) == std::vector<std::string>{"discount"});
  order.discount = 40;
  CHECK_OK(Checked(order));
}

TEST_CASE("sums that would overflow are refused") {
  CHECK(BadFields(SaleOf({Line("1", 1, kMaxAmount), Line("2", 1, 1)})) == std::vector<std::string>{"lines"});
  Order order = SaleOf({Line("1", kMaxQuantity, 0)});
  order.lines[0].unit_cost = kMaxAmount;
  CHECK(BadFields(order) == std::vector<std::string>{"lines[0].unit_cost", "lines"});
}

TEST_CASE("a line's price and amount belong together, but for the rounding of fine prices") {
  CHECK(PriceLine(250, std::nullopt, 4)->amount == 1000);
  CHECK(PriceLine(std::nullopt, 1000, 3)->unit_price == 333);
  // 12540 pieces at 0.001: the price rounds to nothing, the amount does not.
  CHECK(PriceLine(0, 1254, 12540)->amount == 1254);
  CHECK_STATUS_IS(PriceLine(100, 300, 2), StatusCode::kInvalidArgument, "amount");
  CHECK_STATUS_IS(PriceLine(std::nullopt, std::nullopt, 2), StatusCode::kInvalidArgument, "unit_price");
  CHECK(PriceLine(kMaxAmount, std::nullopt, kMaxQuantity).status().code() == StatusCode::kOutOfRange);
}

TEST_CASE("customers are known by normalized identities") {
  Customer customer;
  customer.email = " Ayse@Example.COM ";
  customer.phone = "0532 123 45 67";
  FieldViolations none;
  NormalizeCustomer(none, customer, "TR");
  CHECK_OK(none.ToStatus());
  CHECK(customer.email == "ayse@example.com");
  CHECK(customer.phone == "+905321234567");

  Customer bad;
  bad.email = "nobody";
  bad.phone = "12";
  bad.country_code = "tr";
  FieldViolations violations;
  NormalizeCustomer(violations, bad, "TR");
  CHECK(ErrorFields(violations.ToStatus()).size() == 3);
}

TEST_CASE("times lie in the years that shops live in") {
  Order order = SaleOf({Line("1", 1, 100)});
  order.place_time = Time(std::chrono::hours(-1));
  CHECK(BadFields(order) == std::vector<std::string>{"place_time"});
}

}  // namespace
}  // namespace esnaf::orders

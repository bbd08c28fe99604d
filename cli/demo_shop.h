#pragma once

// A made-up Turkish shop with two stores and two years of orders: deterministic, the same for the same last day. Nobody
// in it exists; phone numbers are of a range that is not assigned.
#include <cstdint>
#include <string>
#include <vector>

#include "esnaf/orders/v1/catalog.pb.h"
#include "esnaf/orders/v1/orders.pb.h"
#include "libs/base/time.h"

namespace esnaf::cli {

inline constexpr int kDemoCustomers = 22000;
inline constexpr char kDemoWebStore[] = "web";
inline constexpr char kDemoShopStore[] = "kadikoy";

class DemoShop {
 public:
  // Orders end before the day `last_day` begins, UTC.
  explicit DemoShop(Date last_day);

  std::vector<orders::v1::Store> Stores() const;
  std::vector<orders::v1::Product> Products() const;
  std::size_t order_count() const { return placed_.size(); }
  // The orders by time; any of them at any time, always the same.
  orders::v1::Order Order(std::size_t index) const;
  Time TimeOf(std::size_t index) const { return placed_[index].time; }
  bool IsFirstOfCustomer(std::size_t index) const { return placed_[index].number == 0; }
  // By what the web shop knows the browser that ordered; empty in the shop, and where the customer did not consent.
  std::string VisitorOf(std::size_t index) const;

 private:
  struct Placed {
    Time time;
    int customer;
    int number;  // of this customer's orders, from 0
  };
  Time end_;
  std::vector<Placed> placed_;
};

}  // namespace esnaf::cli

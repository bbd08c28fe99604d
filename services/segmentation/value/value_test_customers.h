#pragma once

// A small town of customers, enough to fit a model by.
#include <vector>

#include "absl/strings/str_format.h"
#include "services/segmentation/people/test_ledger.h"

namespace esnaf::segmentation {

// Sixty people `p0` to `p59`: the i-th buys i % 5 + 1 times, every 20 + i days, until the day of the ledger's clock or
// the end of 2026-02; so some bought long ago and some lately.
inline std::vector<TestOrder> TownOrders() {
  std::vector<TestOrder> orders;
  const auto start = std::chrono::sys_days(ParseDate("2025-09-01").value());
  const auto end = std::chrono::sys_days(ParseDate("2026-02-28").value());
  for (int i = 0; i < 60; ++i) {
    for (int order = 0; order <= i % 5; ++order) {
      const auto day = start + std::chrono::days(i + order * (20 + i));
      if (day > end) break;
      orders.push_back({.name = absl::StrCat(i, "/", order),
                        .contact = absl::StrCat("p", i),
                        .place_time = FormatDate(Date(day)) + "T10:00:00Z",
                        .net = 5000 + 700 * (i % 7) + 900 * order});
    }
  }
  return orders;
}

}  // namespace esnaf::segmentation

#include "services/segmentation/people/purchase.h"

#include <algorithm>

#include "libs/base/money.h"

namespace esnaf::segmentation {

bool Purchase::CountsAsOrder(ValueBasis basis) const { return kind == PurchaseKind::kSale && ValueOn(basis) > 0; }

std::int64_t Purchase::ValueOn(ValueBasis basis) const {
  if (cancelled) return 0;
  if (basis == ValueBasis::kNet) return net_minor;
  return kind == PurchaseKind::kSale ? gross_minor : 0;
}

void SpreadValue(std::int64_t value_minor, std::vector<FactLine>& lines) {
  if (lines.empty()) return;
  std::vector<std::int64_t> weights;
  weights.reserve(lines.size());
  for (const FactLine& line : lines) weights.push_back(std::max<std::int64_t>(line.value_minor, 0));
  const bool weightless = std::all_of(weights.begin(), weights.end(), [](std::int64_t weight) { return weight == 0; });
  if (weightless) weights.assign(lines.size(), 1);
  const std::vector<std::int64_t> parts = AllocateByLargestRemainder(value_minor, weights);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i].value_minor = parts[i];
}

std::vector<Purchase> NewestOfEachOrder(std::vector<Purchase> purchases) {
  std::sort(purchases.begin(), purchases.end(), [](const Purchase& a, const Purchase& b) {
    return a.order_id != b.order_id ? a.order_id < b.order_id : a.version > b.version;
  });
  const auto same_order = [](const Purchase& a, const Purchase& b) { return a.order_id == b.order_id; };
  purchases.erase(std::unique(purchases.begin(), purchases.end(), same_order), purchases.end());
  return purchases;
}

}  // namespace esnaf::segmentation

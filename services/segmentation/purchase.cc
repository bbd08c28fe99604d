#include "services/segmentation/purchase.h"

#include <algorithm>

namespace esnaf::segmentation {

bool Purchase::CountsAsOrder(ValueBasis basis) const { return kind == PurchaseKind::kSale && ValueOn(basis) > 0; }

std::int64_t Purchase::ValueOn(ValueBasis basis) const {
  if (cancelled) return 0;
  if (basis == ValueBasis::kNet) return net_minor;
  return kind == PurchaseKind::kSale ? gross_minor : 0;
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

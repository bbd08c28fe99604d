#include "services/orders/product_sales.h"

#include <set>

namespace esnaf::orders {

void AddSales(const Order& order, SalesByProduct& sales) {
  const OrderDerived derived = Derive(order);
  if (derived.state == OrderState::kCancelled || order.lines.empty()) return;
  const bool is_return = order.kind == OrderKind::kReturn;
  const std::vector<std::int64_t> values = LineValues(order);
  // The weight of a line is what was paid for the pieces that stayed.
  std::vector<std::int64_t> weights, kept;
  bool any_weight = false;
  for (std::size_t i = 0; i < order.lines.size(); ++i) {
    const std::int64_t quantity = order.lines[i].quantity;
    kept.push_back(std::max<std::int64_t>(0, quantity - derived.lines[i].returned));
    const auto part =
        quantity > 0 ? static_cast<__int128>(std::max<std::int64_t>(0, values[i])) * kept[i] / quantity : 0;
    weights.push_back(static_cast<std::int64_t>(part));
    any_weight = any_weight || part > 0;
  }
  // Money that stayed though every piece came back belongs to what was paid for them.
  if (!any_weight) {
    for (std::size_t i = 0; i < values.size(); ++i) weights[i] = std::max<std::int64_t>(0, values[i]);
  }
  const std::vector<std::int64_t> nets = AllocateByLargestRemainder(derived.totals.net, weights);
  std::set<std::string_view> counted;
  for (std::size_t i = 0; i < order.lines.size(); ++i) {
    const OrderLine& line = order.lines[i];
    ProductSales& product = sales[{line.sku, order.currency.code()}];
    if (product.title.empty()) product.title = line.title;
    const std::int64_t units = is_return ? -kept[i] : kept[i];
    product.units += units;
    product.net_revenue += nets[i];
    if (line.unit_cost) {
      product.cost += *line.unit_cost * units;
    } else {
      product.uncosted_units += units;
    }
    if (!is_return && counted.insert(line.sku).second) ++product.orders;
  }
}

}  // namespace esnaf::orders

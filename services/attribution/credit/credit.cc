#include "services/attribution/credit/credit.h"

#include "libs/base/money.h"

namespace esnaf::attribution {

std::vector<Credit> CreditsOf(Model model, const ModelPath& path, const ModelOptions& options, std::int64_t share,
                              const Amounts& amounts) {
  const std::vector<std::int64_t> weights = WeightsOf(model, path, options);
  std::vector<Credit> credits;
  if (weights.empty()) return credits;
  const std::vector<std::int64_t> shares = AllocateByLargestRemainder(share, weights);
  const std::vector<std::int64_t> revenues = AllocateByLargestRemainder(amounts.revenue, weights);
  const std::vector<std::int64_t> nets = AllocateByLargestRemainder(amounts.net, weights);
  const std::vector<std::int64_t> costs = AllocateByLargestRemainder(amounts.cost, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    credits.push_back({i, shares[i], {.revenue = revenues[i], .net = nets[i], .cost = costs[i]}});
  }
  return credits;
}

}  // namespace esnaf::attribution

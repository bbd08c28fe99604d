#include "services/attribution/spend/store_currency.h"

#include "esnaf/orders/v1/catalog.pb.h"
#include "libs/base/macros.h"

namespace esnaf::attribution {

absl::StatusOr<Currency> StoreCurrencies::Get(const runtime::Call& call, const std::string& store_id) {
  {
    std::lock_guard lock(mutex_);
    if (const auto found = known_.find(store_id); found != known_.end()) return found->second;
  }
  orders::v1::GetStoreRequest request;
  request.set_id(store_id);
  runtime::ClientCallOptions options{.retry_unavailable = true};
  options.timeout =
      std::max(std::chrono::duration_cast<std::chrono::milliseconds>(call.info().deadline - call.clock().Now()),
               std::chrono::milliseconds(1));
  ESNAF_ASSIGN_OR_RETURN(const auto store,
                         orders_->Call<orders::v1::Store>("/esnaf.orders.v1.StoreService/GetStore", request, options));
  ESNAF_ASSIGN_OR_RETURN(const Currency currency, Currency::Parse(store.currency_code()));
  std::lock_guard lock(mutex_);
  // Its currency is that of its orders, whose sums would mean nothing in another one.
  known_[store_id] = currency;
  return currency;
}

}  // namespace esnaf::attribution

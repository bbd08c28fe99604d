#pragma once

// The RPCs of spend and of rates.
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "esnaf/attribution/v1/spend.pb.h"
#include "libs/base/money.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::attribution {

// The currency in which a store counts; see StoreCurrencies::Get.
using StoreCurrency = std::function<absl::StatusOr<Currency>(const runtime::Call&, const std::string& store_id)>;

class AdSpendService {
 public:
  explicit AdSpendService(StoreCurrency store_currency) : store_currency_(std::move(store_currency)) {}
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::AdSpendImport> ImportAdSpend(runtime::Call& call, const v1::ImportAdSpendRequest& request);
  absl::StatusOr<v1::ListAdSpendResponse> ListAdSpend(runtime::Call& call, const v1::ListAdSpendRequest& request);
  absl::StatusOr<v1::SummarizeAdSpendResponse> SummarizeAdSpend(runtime::Call& call,
                                                                const v1::SummarizeAdSpendRequest& request);
  absl::StatusOr<v1::ListAdSpendImportsResponse> ListAdSpendImports(runtime::Call& call,
                                                                    const v1::ListAdSpendImportsRequest& request);

 private:
  const StoreCurrency store_currency_;
};

class CurrencyRateService {
 public:
  runtime::RpcService Rpcs();

  absl::StatusOr<v1::BatchUpsertCurrencyRatesResponse> BatchUpsertCurrencyRates(
      runtime::Call& call, const v1::BatchUpsertCurrencyRatesRequest& request);
  absl::StatusOr<v1::ListCurrencyRatesResponse> ListCurrencyRates(runtime::Call& call,
                                                                  const v1::ListCurrencyRatesRequest& request);
};

}  // namespace esnaf::attribution

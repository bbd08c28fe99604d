#pragma once

// Puts a customer's card together from what each service knows, asking all of them at once.
#include <chrono>

#include "esnaf/gateway/v1/card.pb.h"
#include "libs/runtime/rpc_service.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

class CustomerCardService {
 public:
  // Each part is waited for at most `part_timeout`. The upstreams outlive the service.
  CustomerCardService(Upstreams& upstreams, std::chrono::milliseconds part_timeout)
      : upstreams_(upstreams), part_timeout_(part_timeout) {}
  runtime::RpcService Rpcs();
  absl::StatusOr<v1::CustomerCard> GetCustomerCard(runtime::Call& call, const v1::GetCustomerCardRequest& request);

 private:
  Upstreams& upstreams_;
  const std::chrono::milliseconds part_timeout_;
};

}  // namespace esnaf::gateway

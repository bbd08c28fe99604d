#pragma once

// In which currency a store counts, as orders knows it.
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/money.h"
#include "libs/runtime/call.h"
#include "libs/runtime/channel.h"

namespace esnaf::attribution {

class StoreCurrencies {
 public:
  explicit StoreCurrencies(std::shared_ptr<runtime::Channel> orders) : orders_(std::move(orders)) {}

  // Asked once of each store. NOT_FOUND where there is none, UNAVAILABLE where orders is away.
  absl::StatusOr<Currency> Get(const runtime::Call& call, const std::string& store_id);

 private:
  const std::shared_ptr<runtime::Channel> orders_;
  std::mutex mutex_;
  std::map<std::string, Currency> known_;
};

}  // namespace esnaf::attribution

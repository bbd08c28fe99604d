#pragma once

// The channel rules in force, ready to be applied, and the worker that makes the past follow them.
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"
#include "services/attribution/touches/channel.h"

namespace esnaf::attribution {

struct ReadyRules {
  std::shared_ptr<const ChannelGrouper> grouper;
  std::int64_t version = 0;
};

class ChannelKeeper {
 public:
  // As of the last refresh; a replica that lags derives by the version before, which the worker mends.
  ReadyRules Current() const;
  // Reads the newest version where it is not known yet.
  absl::Status Refresh(postgres::Connection& connection);
  // Derives sources of older versions again, 20,000 a transaction, until none is left. Paths are marked as changed
  // where something became a touch, direct or internal that was not.
  absl::Status Regroup(postgres::Connection& connection, Time now);

 private:
  mutable std::mutex mutex_;
  ReadyRules current_;
};

}  // namespace esnaf::attribution

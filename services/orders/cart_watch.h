#pragma once

// Watches over carts: learns of orders from the own outbox, so after each has its contact, and looks at the carts whose
// time has come. One of many replicas does it at a time. What a step finds is one transaction with its events and with
// how far the watch has come, so nothing is told twice or forgotten, wherever it is cut off.
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/postgres/connection.h"

namespace esnaf::orders {

// A step; true where more may be left.
absl::StatusOr<bool> WatchSomeCarts(postgres::Tx& tx, Time now);

}  // namespace esnaf::orders

#pragma once

// Handles what was delivered, one after the other: asks the sender's system, does the work together with the record
// that it was done, tries again later what failed, and gives up what will not come right by itself.
#include <functional>
#include <vector>

#include "libs/hooks/hook_store.h"

namespace esnaf::hooks {

struct RetryPolicy {
  int most_attempts = 10;  // then it is dead
  std::chrono::milliseconds first_delay{2'000};
  int factor = 4;  // of each delay to the one before
  std::chrono::milliseconds longest_delay{3'600'000};
};

// How long to wait after the attempt of this number, from 1.
Duration DelayAfter(int attempt, const RetryPolicy& policy);

class HookWorker {
 public:
  // Connector and clock outlive it. `on_events` is called after each commit that wrote events.
  HookWorker(Connector& connector, std::string actor, const Clock& clock, RetryPolicy policy,
             std::function<void(std::uint64_t xact)> on_events);

  // Handles the delivery that waits longest. False where none is due.
  absl::StatusOr<bool> HandleNext(postgres::Connection& connection);

 private:
  absl::Status Handle(postgres::Connection& connection, const Delivery& delivery);
  // Records a failure: it is tried again, or dead.
  absl::Status RecordFailure(postgres::Connection& connection, const Delivery& delivery, const absl::Status& failure);

  Connector& connector_;
  const std::string actor_;
  const Clock& clock_;
  const RetryPolicy policy_;
  const std::function<void(std::uint64_t)> on_events_;
};

}  // namespace esnaf::hooks

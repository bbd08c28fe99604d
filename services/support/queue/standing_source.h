#pragma once

// Asks segmentation what requesters who wait are worth, so that the queue can count it.
#include <memory>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/channel.h"
#include "services/support/queue/queue_store.h"

namespace esnaf::support {

// How long an answer counts as fresh.
inline constexpr std::chrono::hours kStandingIsFresh{24};

class StandingSource {
 public:
  explicit StandingSource(std::shared_ptr<runtime::Channel> segmentation) : segmentation_(std::move(segmentation)) {}

  // Asks for at most 100 requesters; a worker's round. While segmentation is away, what was known goes on counting.
  absl::Status AskSome(postgres::Connection& connection, Time now) const;

 private:
  absl::StatusOr<Standing> Ask(const Uuid& contact) const;
  std::shared_ptr<runtime::Channel> segmentation_;
};

}  // namespace esnaf::support

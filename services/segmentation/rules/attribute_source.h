#pragma once

// Asks contacts which fields the firm defined for its people.
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/runtime/channel.h"
#include "services/segmentation/rules/attribute.h"

namespace esnaf::segmentation {

// Safe to use from several threads.
class AttributeSource {
 public:
  // The clock outlives this.
  AttributeSource(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : contacts_(std::move(contacts)), clock_(clock) {}

  // The fields by their keys, as contacts knew them at most ten seconds ago; while contacts is away, as it last did.
  // UNAVAILABLE where contacts is away and was never asked.
  absl::StatusOr<std::vector<CustomAttribute>> Get(Time deadline);

 private:
  absl::StatusOr<std::vector<CustomAttribute>> Ask(Time deadline);

  std::shared_ptr<runtime::Channel> contacts_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<std::vector<CustomAttribute>> known_;
  Time ask_time_{};
};

}  // namespace esnaf::segmentation

#pragma once

// Asks the service contacts whether there are contacts.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/channel.h"

namespace esnaf::segmentation {

class ContactSource {
 public:
  // The clock outlives this.
  ContactSource(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : contacts_(std::move(contacts)), clock_(clock) {}

  // INVALID_ARGUMENT naming `contact_ids[i]` where contacts does not know one of them, or it is deleted. 1 to 1000 of
  // them. UNAVAILABLE where contacts is away.
  absl::Status CheckKnown(const std::vector<std::string>& contact_ids, Time deadline) const;

 private:
  std::shared_ptr<runtime::Channel> contacts_;
  const Clock& clock_;
};

}  // namespace esnaf::segmentation

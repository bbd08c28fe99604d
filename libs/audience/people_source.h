#pragma once

// Asks contacts who people are and what they consented to, at the moment of an export.
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audience/person.h"
#include "libs/base/time.h"
#include "libs/runtime/channel.h"

namespace esnaf::audience {

class PeopleSource {
 public:
  // The clock outlives this.
  PeopleSource(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : contacts_(std::move(contacts)), clock_(clock) {}

  // One person for each id, with the consents for the purpose alone; those that contacts does not know come first, as
  // deleted. At most 1000. UNAVAILABLE where contacts
  // is away: what it does not say is no consent, and half a file is none.
  absl::StatusOr<std::vector<AudiencePerson>> Get(const std::vector<std::string>& contact_ids,
                                                  const std::string& purpose, Time deadline) const;

 private:
  std::shared_ptr<runtime::Channel> contacts_;
  const Clock& clock_;
};

}  // namespace esnaf::audience

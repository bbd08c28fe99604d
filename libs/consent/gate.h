#pragma once

// The gate before everything that is sent: asks contacts what holds at this moment, and decides.
#include <memory>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/consent/decision.h"
#include "libs/runtime/channel.h"

namespace esnaf::consent {

// A message to one person.
struct Sending {
  std::string contact_id;
  Message message;
};

class Gate {
 public:
  // Without a channel nothing commercial passes. The clock outlives this.
  Gate(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : contacts_(std::move(contacts)), clock_(clock) {}

  // One decision for each, in their order. Contacts is asked for the commercial ones alone, a thousand at a time, until
  // the deadline at the latest; whom it does not answer for, or not wholly, nothing commercial is sent
  // (UNKNOWN_STATE). Ask right before sending and do not keep what it says: a refusal holds at once.
  std::vector<Decision> Decide(const std::vector<Sending>& sendings, Time deadline) const;

 private:
  void DecidePage(const std::vector<Sending>& sendings, const std::vector<std::size_t>& page, Time deadline,
                  std::vector<Decision>& decisions) const;

  std::shared_ptr<runtime::Channel> contacts_;
  const Clock& clock_;
};

}  // namespace esnaf::consent

#pragma once

// Finds whose fact something is while contacts may be away (design: linking): by the own copy of the identities, or by
// asking contacts. What cannot be found out now is parked by the service and asked for again later.
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/identity/identity.h"
#include "libs/postgres/connection.h"

namespace esnaf::identity {

// Whether contacts could not be asked: somebody else who asks now is told the same.
bool IsAway(const absl::Status& status);
// Whether contacts will say the same of these identities again; whatever else goes wrong may pass by itself.
bool IsRefusal(const absl::Status& status);

// Whether the own copy has heard of a contact, merged or not.
absl::StatusOr<bool> IsKnownContact(postgres::Tx& tx, const Uuid& contact);
// Those of some contacts of whom it has.
absl::StatusOr<std::set<Uuid>> KnownContacts(postgres::Tx& tx, const std::vector<Uuid>& contacts);

// Who some people are, as far as it could be found out.
struct Links {
  std::vector<std::optional<Uuid>> contacts;  // in the order asked
  // What contacts said, for the own copy: kept by Remember within the transaction that records the facts.
  std::vector<IdentitySet> learned_sets;
  std::vector<Uuid> learned_contacts;
  // Why contacts could not say it of the others: it is away, or it refuses one of them.
  absl::Status refusal;

  absl::Status Remember(postgres::Tx& tx) const;
};

// Finds contacts, and keeps an outage of contacts from slowing down everything else: a call waits at most a second and
// a moment for each person, and after a failed one the next is tried seconds later.
class ContactLinker {
 public:
  ContactLinker(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : resolver_(std::move(contacts)), clock_(clock) {}

  // Only a database that cannot be read is an error. Sets that contacts could not be asked for stay without a contact.
  absl::StatusOr<Links> Link(postgres::Connection& connection, const std::vector<IdentitySet>& sets, Time deadline);

  // Asks contacts. UNAVAILABLE while it is away, at once where that was found out just now.
  absl::StatusOr<std::vector<Uuid>> Resolve(const std::vector<IdentitySet>& sets, Time deadline);

 private:
  Resolver resolver_;
  const Clock& clock_;
  std::mutex mutex_;
  Time closed_until_;
};

}  // namespace esnaf::identity

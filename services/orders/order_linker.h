#pragma once

// Whose order it is (design: linking). An order is linked as it comes, by the own copy of the identities or by asking
// contacts; while contacts is away it is parked, and a worker links it later.
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/identity/identity.h"
#include "libs/postgres/connection.h"
#include "services/orders/order.h"

namespace esnaf::orders {

// By what a store knows a customer, in the order of trust.
identity::IdentitySet IdentitiesOf(const Customer& customer, std::string_view store_id);

// Whether contacts could not be asked: somebody else who asks now is told the same.
bool IsAway(const absl::Status& status);

// Who some customers are, as far as it could be found out.
struct Links {
  std::vector<std::optional<Uuid>> contacts;  // in the order asked
  // What contacts said, for the own copy: kept by Remember within the transaction that records the facts.
  std::vector<identity::IdentitySet> learned_sets;
  std::vector<Uuid> learned_contacts;
  // Why contacts could not say it of the others: it is away, or it refuses one of them.
  absl::Status refusal;

  absl::Status Remember(postgres::Tx& tx) const;
};

// Finds contacts, and keeps an outage of contacts from slowing down everything else: a call waits at most a second and
// a moment for each customer, and after a failed one the next is tried seconds later.
class ContactLinker {
 public:
  ContactLinker(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : resolver_(std::move(contacts)), clock_(clock) {}

  // Only a database that cannot be read is an error. Sets that contacts could not be asked for stay without a contact.
  absl::StatusOr<Links> Link(postgres::Connection& connection, const std::vector<identity::IdentitySet>& sets,
                             Time deadline);

  // Asks contacts. UNAVAILABLE while it is away, at once where that was found out just now.
  absl::StatusOr<std::vector<Uuid>> Resolve(const std::vector<identity::IdentitySet>& sets, Time deadline);

 private:
  identity::Resolver resolver_;
  const Clock& clock_;
  std::mutex mutex_;
  Time closed_until_;
};

// One round of the worker: links up to 500 parked facts of a store (OrderStore, CartStore) and publishes them. Answers
// how many it linked.
template <typename Store>
absl::StatusOr<int> LinkParked(postgres::Connection& connection, ContactLinker& linker, Time now);

}  // namespace esnaf::orders

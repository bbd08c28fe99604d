#include "services/orders/contacts_consumer.h"

#include "libs/identity/identity.h"

namespace esnaf::orders {

absl::Status ApplyContacts(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  // Orders stay under the contact that they were linked to, so nothing of them is to be done.
  return identity::ApplyContactEvents(tx, events).status();
}

}  // namespace esnaf::orders

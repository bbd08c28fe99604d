#include "services/support/contacts_consumer.h"

#include "libs/identity/identity.h"

namespace esnaf::support {

absl::Status ApplyContacts(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  // Tickets stay under the contact that they were made for, so nothing of them is to be done.
  return identity::ApplyContactEvents(tx, events).status();
}

}  // namespace esnaf::support

#include "services/attribution/contacts_consumer.h"

#include "absl/strings/str_cat.h"
#include "esnaf/contacts/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/events/consumer.h"
#include "libs/identity/identity.h"
#include "services/attribution/touches/visitor_store.h"

namespace esnaf::attribution {
namespace {

// The contacts that changed themselves, so maybe their identities.
absl::StatusOr<std::vector<Uuid>> ChangedContacts(const std::vector<api::v1::Event>& events) {
  std::vector<Uuid> contacts;
  for (const api::v1::Event& event : events) {
    if (event.type() != contacts::v1::ContactChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(const auto changed, events::Decode<contacts::v1::ContactChanged>(event));
    const absl::StatusOr<Uuid> id = api::ParseId(changed.contact().id(), "contact.id");
    if (!id.ok()) return WithFieldPrefix(id.status(), absl::StrCat("event ", event.id()));
    contacts.push_back(*id);
  }
  return contacts;
}

}  // namespace

absl::Status ApplyContactEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> contacts, ChangedContacts(events));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> concerned, LinkedByIdentity(tx, contacts));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> clusters, identity::ApplyContactEvents(tx, events));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> linked, LinkedByIdentity(tx, contacts));
  concerned.insert(concerned.end(), clusters.begin(), clusters.end());
  concerned.insert(concerned.end(), linked.begin(), linked.end());
  return PathsChanged(tx, concerned, now);
}

}  // namespace esnaf::attribution

#pragma once

// Who asks: a ticket's requester is a contact that there is, found or created by what a caller knows of the person.
// While contacts is away the ticket is taken without one, and a worker links it later.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/error.h"
#include "libs/identity/linker.h"
#include "libs/runtime/call.h"
#include "libs/runtime/channel.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// Normalized, in the order of trust. A store customer number without a store is one of `store_id`. Adds what is wrong,
// by the names of the contract below `field`.
identity::IdentitySet RequesterFromProto(const contacts::v1::IdentitySet& message, const std::string& store_id,
                                         const std::string& field, FieldViolations& violations);

// Whom somebody says that he is who wrote by a web form, as its ticket keeps it; none where he does not say.
std::optional<identity::IdentitySet> TypedRequesterOf(const Ticket& ticket);

class Requesters {
 public:
  Requesters(std::shared_ptr<runtime::Channel> contacts, const Clock& clock)
      : contacts_(contacts), clock_(clock), linker_(std::move(contacts), clock) {}

  // INVALID_ARGUMENT naming `field` where there is no such contact, UNAVAILABLE where that cannot be found out now.
  absl::Status CheckContact(runtime::Call& call, const Uuid& contact, const std::string& field);

  // Who somebody is. INVALID_ARGUMENT and the like where contacts refuses the identities; nobody while it is away.
  absl::StatusOr<identity::Links> Find(runtime::Call& call, const identity::IdentitySet& requester);
  // Who some people are, the same; one who is refused makes the whole call fail.
  absl::StatusOr<identity::Links> FindAll(postgres::Connection& connection,
                                          const std::vector<identity::IdentitySet>& requesters, Time deadline);
  // Remembers what was found, or parks the requester of a ticket that was just created until somebody is.
  absl::Status Keep(postgres::Tx& tx, const Uuid& ticket_id, const identity::IdentitySet& requester,
                    const identity::Links& links, Time now);
  // Parks the requesters of several such tickets.
  struct Parking {
    Uuid ticket_id;
    identity::IdentitySet requester;
  };
  static absl::Status Park(postgres::Tx& tx, const std::vector<Parking>& parking, Time now);

  // A worker's round: links tickets whose requester can be found now, up to 200. True where more may be left.
  absl::StatusOr<bool> LinkSome(postgres::Connection& connection, TicketWriter& writer, Time now);

 private:
  std::shared_ptr<runtime::Channel> contacts_;
  const Clock& clock_;
  identity::ContactLinker linker_;
};

}  // namespace esnaf::support

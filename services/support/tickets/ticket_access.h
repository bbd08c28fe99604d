#pragma once

// Which tickets a caller may see, and what the handlers share.
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/runtime/call.h"
#include "services/support/records.h"
#include "services/support/tickets/ticket_links.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {

inline bool IsStorefront(const runtime::Call& call) { return call.caller().kind == runtime::Caller::Kind::kStorefront; }

inline absl::Status NoTicket(const Uuid& id) { return NotFound("ticket", id.ToString()); }

// A key that is limited to stores sees the tickets of these alone. NOT_FOUND otherwise.
inline absl::StatusOr<Ticket> VisibleTicket(const runtime::Call& call, postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(std::optional<Ticket> ticket, FindTicket(tx, id));
  if (!ticket || !call.caller().MaySee(ticket->store_id)) return NoTicket(id);
  return *std::move(ticket);
}

// The same, of locked tickets.
inline absl::StatusOr<Ticket> TakeVisible(const runtime::Call& call, std::map<Uuid, Ticket>& locked, const Uuid& id) {
  const auto found = locked.find(id);
  if (found == locked.end() || !call.caller().MaySee(found->second.store_id)) return NoTicket(id);
  return std::move(found->second);
}
inline absl::StatusOr<Ticket> LockVisible(const runtime::Call& call, postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {id}));
  return TakeVisible(call, locked, id);
}

// The ticket that another one names must be one that the caller sees. INVALID_ARGUMENT naming `field` otherwise.
inline absl::Status CheckNamed(const runtime::Call& call, postgres::Tx& tx, const std::optional<Uuid>& id,
                               const std::string& field) {
  if (!id) return absl::OkStatus();
  const absl::StatusOr<Ticket> named = VisibleTicket(call, tx, *id);
  if (named.status().code() == absl::StatusCode::kNotFound) return InvalidField(field, "is no ticket");
  return named.status();
}

inline absl::Status OpenParts(const Uuid& id, std::int64_t count) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "OPEN_PARTS",
                   "tickets that are parts of it are still to be worked on",
                   {{"id", id.ToString()}, {"count", absl::StrCat(count)}});
}
// FAILED_PRECONDITION with the reason `OPEN_PARTS` where parts of the ticket are still to be worked on.
inline absl::Status CheckParts(postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(const auto counts, CountOpenParts(tx, {id}));
  const auto open = counts.find(id);
  return open == counts.end() ? absl::OkStatus() : OpenParts(id, open->second);
}

inline absl::Status CheckEtag(const std::string& etag, const Ticket& ticket) {
  return CheckEtag(etag, ticket.version, "the ticket", ticket.id.ToString());
}

}  // namespace esnaf::support

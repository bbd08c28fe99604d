#include "services/contacts/ticket_consumer.h"

#include "libs/api/convert.h"
#include "libs/base/text.h"
#include "libs/events/consumer.h"
#include "services/contacts/timeline_store.h"

namespace esnaf::contacts {
namespace {

using support::v1::TicketChanged;

// What the event says of the ticket; empty where it is not for the timeline. A message may reopen a ticket.
std::string Deed(const support::v1::TicketEvent& event) {
  if (event.kind() == "created" || event.kind() == "split_off") return "açıldı";
  const auto from = event.details().find("from");
  // A priority has a `from` of its own.
  if (from == event.details().end() || event.kind() == "priority") return "";
  if (event.state() == support::v1::TICKET_STATE_SOLVED) return "çözüldü";
  const bool reopened = event.state() == support::v1::TICKET_STATE_OPEN && from->second == "SOLVED";
  return reopened ? "yeniden açıldı" : "";
}

}  // namespace

absl::StatusOr<std::optional<TimelineEntry>> EntryOf(const TicketChanged& changed) {
  const support::v1::Ticket& ticket = changed.ticket();
  const std::string deed = Deed(changed.event());
  if (deed.empty() || ticket.contact_id().empty()) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(ticket.contact_id(), "ticket.contact_id"));
  ESNAF_ASSIGN_OR_RETURN(const Time time, api::FromProto(changed.event().happen_time(), "event.happen_time"));
  const std::string summary = absl::StrCat("Destek talebi #", ticket.number(), " ", deed, ": ", ticket.subject());
  return TimelineEntry{
      .id = Uuid::FromName("contacts.timeline.ticket", absl::StrCat(ticket.id(), ":", changed.event().sequence())),
      .contact_id = contact,
      .kind = TimelineKind::kTicket,
      .channel = ticket.channel(),
      .occur_time = time,
      .summary = std::string(Truncate(summary, kMaxSummaryBytes)),
      .subject_id = ticket.id(),
      .store_id = ticket.store_id()};
}

absl::Status ApplyTicketEvents(postgres::Tx& tx, const std::vector<api::v1::Event>& events) {
  std::vector<TimelineEntry> entries;
  for (const api::v1::Event& event : events) {
    if (event.type() != TicketChanged::descriptor()->full_name()) continue;
    ESNAF_ASSIGN_OR_RETURN(const TicketChanged changed, events::Decode<TicketChanged>(event));
    ESNAF_ASSIGN_OR_RETURN(std::optional<TimelineEntry> entry, EntryOf(changed));
    if (entry) entries.push_back(*std::move(entry));
  }
  return AddTimelineEntries(tx, entries);
}

}  // namespace esnaf::contacts

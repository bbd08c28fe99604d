#include "services/contacts/ticket_consumer.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

using support::v1::TicketChanged;

TicketChanged Changed(const std::string& kind, support::v1::TicketState state, const std::string& from = "") {
  TicketChanged changed;
  support::v1::Ticket& ticket = *changed.mutable_ticket();
  ticket.set_id("01890a5d-ac96-774b-bcce-000000000001");
  ticket.set_number(42);
  ticket.set_subject("Kargo nerede?");
  ticket.set_contact_id("01890a5d-ac96-774b-bcce-b302099a8057");
  ticket.set_store_id("tr");
  changed.mutable_event()->set_kind(kind);
  changed.mutable_event()->set_state(state);
  changed.mutable_event()->set_sequence(3);
  changed.mutable_event()->mutable_happen_time()->set_seconds(1'767'607'200);
  if (!from.empty()) (*changed.mutable_event()->mutable_details())["from"] = from;
  return changed;
}

std::string SummaryOf(const TicketChanged& changed) {
  const auto entry = EntryOf(changed);
  REQUIRE_OK(entry);
  return *entry ? (*entry)->summary : std::string();
}

TEST_CASE("a ticket tells when it was opened, solved and opened again") {
  const auto entry = EntryOf(Changed("created", support::v1::TICKET_STATE_NEW));
  REQUIRE_OK(entry);
  REQUIRE(entry->has_value());
  CHECK((*entry)->summary == "Destek talebi #42 açıldı: Kargo nerede?");
  CHECK((*entry)->kind == TimelineKind::kTicket);
  CHECK((*entry)->store_id == "tr");
  CHECK(SummaryOf(Changed("state", support::v1::TICKET_STATE_SOLVED, "OPEN")) ==
        "Destek talebi #42 çözüldü: Kargo nerede?");
  CHECK(SummaryOf(Changed("message", support::v1::TICKET_STATE_OPEN, "SOLVED")) ==
        "Destek talebi #42 yeniden açıldı: Kargo nerede?");
}

TEST_CASE("what is of no interest to the person's timeline is no line") {
  CHECK(SummaryOf(Changed("message", support::v1::TICKET_STATE_OPEN)).empty());
  CHECK(SummaryOf(Changed("state", support::v1::TICKET_STATE_OPEN, "NEW")).empty());
  CHECK(SummaryOf(Changed("assigned", support::v1::TICKET_STATE_SOLVED)).empty());
  CHECK(SummaryOf(Changed("priority", support::v1::TICKET_STATE_SOLVED, "NORMAL")).empty());
  TicketChanged nobody = Changed("created", support::v1::TICKET_STATE_NEW);
  nobody.mutable_ticket()->clear_contact_id();
  CHECK(SummaryOf(nobody).empty());
}

TEST_CASE("each event of a ticket is a line of its own, the same one when it comes again") {
  TicketChanged changed = Changed("created", support::v1::TICKET_STATE_NEW);
  const Uuid id = (*EntryOf(changed))->id;
  CHECK((*EntryOf(changed))->id == id);
  changed.mutable_event()->set_sequence(4);
  CHECK((*EntryOf(changed))->id != id);
}

}  // namespace
}  // namespace esnaf::contacts

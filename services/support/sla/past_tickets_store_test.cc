// Goal: past tickets come each once, with their whole trails, however many pieces they are read in.
#include "services/support/sla/past_tickets.h"

#include "services/support/support_under_test.h"
#include "services/support/tickets/ticket_store.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::kStorefront;
using testing::SupportUnderTest;

std::vector<PastTicket> Visit(SupportUnderTest& test, const PastTicketScope& scope) {
  std::vector<PastTicket> visited;
  REQUIRE_OK(test.schema.connection().Run({}, [&](postgres::Tx& tx) {
    return VisitPastTickets(
        tx, scope, [] { return false; }, [&](const PastTicket& ticket) { visited.push_back(ticket); });
  }));
  return visited;
}

PastTicketScope Everything(SupportUnderTest& test) {
  return {.start = test.clock.Now() - 24h, .end = test.clock.Now() + 24h, .store_ids = {}};
}

TEST_CASE("a past ticket has the facts that its clocks are reckoned from") {
  SupportUnderTest test;
  const std::string talk = test.Open("Kargo").id(), spam = test.Open("Spam").id();
  REQUIRE_OK(test.Reply(talk, "Bakıyoruz"));
  REQUIRE_OK(test.Reply(talk, "Teşekkürler", kStorefront));
  v1::AddTicketNoteRequest note;
  note.set_id(talk);
  note.mutable_message()->set_text("Depoya sor");
  REQUIRE_OK(test.Call<v1::TicketMessage>("AddTicketNote", note));
  v1::SetTicketPriorityRequest urgent;
  urgent.set_id(talk);
  urgent.set_priority(v1::TICKET_PRIORITY_URGENT);
  REQUIRE_OK(test.Call<v1::Ticket>("SetTicketPriority", urgent));
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", talk));
  REQUIRE_OK(test.Verb<v1::CloseTicketRequest>("CloseTicket", talk));
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", spam));
  const std::vector<PastTicket> visited = Visit(test, Everything(test));
  REQUIRE(visited.size() == 1);
  const Uuid id = *Uuid::Parse(talk);
  CHECK(visited[0].id == id);
  CHECK(visited[0].state == TicketState::kClosed);
  CHECK(visited[0].subject.priority == TicketPriority::kUrgent);
  ESNAF_REQUIRE_VALUE(const auto facts,
                      test.schema.connection().Run({}, [&](postgres::Tx& tx) { return FactsOf(tx, {id}); }));
  CHECK(visited[0].facts.size() == 7);
  CHECK(visited[0].facts == facts.at(id));
}

TEST_CASE("thousands of tickets of one moment come each once, in order") {
  SupportUnderTest test;
  const v1::Ticket first = test.Open();
  // Copies in all but the id and number.
  test.schema.Sql(
      "INSERT INTO ticket SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'number', "
      "t.number + i))).* FROM ticket t, generate_series(1, 4499) AS i");
  test.schema.Sql(
      "INSERT INTO ticket_event SELECT (jsonb_populate_record(e, jsonb_build_object('ticket_id', t.id))).* FROM "
      "ticket_event e JOIN ticket t ON t.id <> e.ticket_id");
  const std::vector<PastTicket> visited = Visit(test, Everything(test));
  REQUIRE(visited.size() == 4500);
  CHECK(std::is_sorted(visited.begin(), visited.end(),
                       [](const PastTicket& a, const PastTicket& b) { return a.id <= b.id; }));
  CHECK(std::all_of(visited.begin(), visited.end(), [&](const PastTicket& ticket) {
    return ticket.facts == visited[0].facts && ticket.facts.size() == 1;
  }));
  PastTicketScope scope = Everything(test);
  scope.store_ids = {"elsewhere"};
  CHECK(Visit(test, scope).empty());
  const absl::Status ended = test.schema.connection().Run({}, [&](postgres::Tx& tx) {
    return VisitPastTickets(
        tx, Everything(test), [] { return true; }, [](const PastTicket&) {});
  });
  CHECK(ended.code() == absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace esnaf::support

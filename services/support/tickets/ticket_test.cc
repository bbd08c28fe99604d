// Goal: what verbs and messages do to a ticket, and what is told of its deadlines, each once.
#include "services/support/tickets/ticket.h"

#include "libs/testing/catch.h"
#include "services/support/tickets/ticket_sla.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");
const Actor kAgent{AuthorKind::kAgent, "user:ayse"};

TicketMessage Message(AuthorKind author, MessageKind kind = MessageKind::kReply, Time at = kNow) {
  return {.id = Uuid::NewV7(at), .kind = kind, .author = author, .actor = "a", .text = "t", .create_time = at};
}

TEST_CASE("solving keeps when, a reopening counts and takes it back") {
  Ticket ticket{.state = TicketState::kOpen};
  REQUIRE_OK(ApplyVerb(ticket, TicketVerb::kSolve, kAgent, kNow));
  CHECK(ticket.solve_time == kNow);
  CHECK(ticket.wake_time == kNow + kReopenWindow);
  ESNAF_REQUIRE_VALUE(const TicketEvent event, ApplyMessage(ticket, Message(AuthorKind::kCustomer)));
  CHECK(ticket.state == TicketState::kOpen);
  CHECK(ticket.reopen_count == 1);
  CHECK_FALSE(ticket.solve_time.has_value());
  CHECK_FALSE(ticket.wake_time.has_value());
  CHECK(event.details.at("from") == "SOLVED");
  CHECK(ticket.last_customer_time == kNow);
}

TEST_CASE("a question is carried to where the ticket goes on, as if it had been asked there") {
  Ticket from{.subject = "Soru"};
  REQUIRE_OK(ApplyMessage(from, Message(AuthorKind::kCustomer)));
  CHECK(AwaitsAnswer(from));
  Ticket into{.state = TicketState::kSolved, .last_agent_time = kNow - 1h, .solve_time = kNow - 1h};
  ESNAF_REQUIRE_VALUE(const TicketEvent event, TakeQuestion(into, from, kAgent, kNow));
  CHECK(into.state == TicketState::kOpen);
  CHECK(into.reopen_count == 1);
  CHECK(AwaitsAnswer(into));
  CHECK(event.author == AuthorKind::kCustomer);
  CHECK(event.message_kind == MessageKind::kReply);
  CHECK(event.details.at("from") == "SOLVED");
  REQUIRE_OK(ApplyMessage(from, Message(AuthorKind::kAgent, MessageKind::kReply, kNow + 1h)));
  CHECK_FALSE(AwaitsAnswer(from));
}

TEST_CASE("those who are named in a note follow, as long as there is room") {
  Ticket ticket{.followers = {"user:ali"}};
  TicketMessage note = Message(AuthorKind::kAgent, MessageKind::kInternalNote);
  for (int i = 0; i < 60; ++i) note.mentions.push_back(absl::StrCat("user:", i));
  note.mentions.push_back("user:ali");
  FollowMentions(ticket, note);
  CHECK(ticket.followers.size() == 50);
  Ticket other;
  FollowMentions(other, Message(AuthorKind::kCustomer));
  CHECK(other.followers.empty());
}

TEST_CASE("a hold wakes at its time, and any other state forgets it") {
  Ticket ticket{.state = TicketState::kOpen};
  REQUIRE_OK(ApplyVerb(ticket, TicketVerb::kHold, kAgent, kNow, kNow + 24h));
  CHECK(ticket.hold_until == kNow + 24h);
  CHECK(ticket.wake_time == kNow + 24h);
  REQUIRE_OK(ApplyVerb(ticket, TicketVerb::kOpen, kAgent, kNow));
  CHECK_FALSE(ticket.hold_until.has_value());
  CHECK_FALSE(ticket.wake_time.has_value());
}

TEST_CASE("an answer of an agent to a solved ticket leaves it solved, with its window") {
  Ticket ticket{.state = TicketState::kOpen};
  REQUIRE_OK(ApplyVerb(ticket, TicketVerb::kSolve, kAgent, kNow));
  REQUIRE_OK(ApplyMessage(ticket, Message(AuthorKind::kAgent, MessageKind::kReply, kNow + 1h)));
  CHECK(ticket.state == TicketState::kSolved);
  CHECK(ticket.wake_time == kNow + kReopenWindow);
}

TEST_CASE("a note changes no state, also where nothing else is allowed any more") {
  Ticket ticket{.state = TicketState::kClosed};
  REQUIRE_OK(ApplyMessage(ticket, Message(AuthorKind::kAgent, MessageKind::kInternalNote)));
  CHECK(ticket.state == TicketState::kClosed);
  CHECK(ticket.message_count == 1);
  CHECK_FALSE(ticket.last_agent_time.has_value());
  CHECK(ApplyMessage(ticket, Message(AuthorKind::kCustomer)).status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("a split takes the requester and links along, and names what its messages are copies of") {
  Ticket ticket{.id = Uuid::NewV7(kNow), .store_id = "tr", .subject = "Two things", .tags = {"vip"}};
  std::vector<TicketMessage> messages{Message(AuthorKind::kCustomer)};
  messages[0].external_id = "mail-1";
  const Uuid original = messages[0].id;
  ESNAF_REQUIRE_VALUE(const Ticket made, SplitOff(ticket, "", kNow, messages));
  CHECK(made.subject == "Two things");
  CHECK(made.tags == ticket.tags);
  CHECK(made.state == TicketState::kNew);
  CHECK(made.message_count == 1);
  CHECK(messages[0].copied_from_id == original);
  CHECK(messages[0].ticket_id == made.id);
  CHECK(messages[0].external_id.empty());
}

struct Desk {
  // The ticket reckoned as of a time, and what is to be told of it.
  std::vector<std::string> NewsAt(Time time) {
    ReckonSla(book, facts, time, ticket);
    std::vector<std::string> keys;
    for (const SlaNotice& notice : TakeNotices(ticket, time)) keys.push_back(ToldKey(notice.clock, notice.news));
    return keys;
  }
  SlaBook book{.revision = 1, .policies = {{.id = "all", .targets = {.first_response = 60min, .resolution = 600min}}}};
  std::vector<SlaFact> facts{{.time = kNow, .author = AuthorKind::kCustomer, .message = MessageKind::kReply}};
  Ticket ticket;
};
using Keys = std::vector<std::string>;

TEST_CASE("a deadline is warned of once and told as breached once, and the timer knows what comes next") {
  Desk desk;
  CHECK(desk.NewsAt(kNow).empty());
  CHECK(desk.ticket.sla.policy_id == "all");
  CHECK(desk.ticket.sla.next_due_time == kNow + 60min);
  CHECK(desk.ticket.sla.timer_time == kNow + 48min);
  CHECK(desk.NewsAt(kNow + 50min) == Keys{"1:1:warned"});
  CHECK(desk.NewsAt(kNow + 50min).empty());
  CHECK(desk.ticket.sla.timer_time == kNow + 60min);
  CHECK_FALSE(desk.ticket.sla.breached);
  CHECK(desk.NewsAt(kNow + 61min) == Keys{"1:1:breached"});
  CHECK(desk.ticket.sla.breached);
  CHECK(desk.NewsAt(kNow + 62min).empty());
  CHECK(desk.ticket.sla.timer_time == kNow + 480min);
}

TEST_CASE("a deadline that the timer slept through is told as breached only") {
  Desk desk;
  CHECK(desk.NewsAt(kNow + 700min) == Keys{"1:1:breached", "3:1:breached"});
  CHECK_FALSE(desk.ticket.sla.timer_time.has_value());
}

TEST_CASE("an answer that comes too late is told as breached, though nothing is owed any more") {
  Desk desk;
  desk.facts.push_back({.time = kNow + 90min,
                        .author = AuthorKind::kAgent,
                        .message = MessageKind::kReply,
                        .state = TicketState::kOpen});
  CHECK(desk.NewsAt(kNow + 90min) == Keys{"1:1:breached"});
}

TEST_CASE("other promises neither take back what was told nor tell it again") {
  Desk desk;
  CHECK(desk.NewsAt(kNow + 61min) == Keys{"1:1:breached"});
  desk.book.policies[0].targets.first_response = 240min;
  desk.book.revision = 2;
  CHECK(desk.NewsAt(kNow + 62min).empty());
  CHECK(desk.ticket.sla.breached);
  CHECK(desk.ticket.sla.revision == 2);
  CHECK(desk.NewsAt(kNow + 300min).empty());
  desk.book.policies.clear();
  CHECK(desk.NewsAt(kNow + 700min).empty());
  CHECK(desk.ticket.sla.policy_id.empty());
  CHECK_FALSE(desk.ticket.sla.next_due_time.has_value());
}

}  // namespace
}  // namespace esnaf::support

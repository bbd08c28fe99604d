// Goal: actions change a ticket as one, tell each change once and in order, and refuse what no ticket can be.
#include "services/support/tickets/ticket_action.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using Kind = TicketAction::Kind;

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00Z");
const Actor kAgent{AuthorKind::kAgent, "user:ayse"};

Ticket Open() { return {.subject = "Kargo", .state = TicketState::kOpen, .tags = {"vip"}}; }
std::string Kinds(const std::vector<TicketEvent>& events) {
  std::string kinds;
  for (const TicketEvent& event : events) kinds += event.kind + ";";
  return kinds;
}

TEST_CASE("each kind of change is one event, and the state comes last") {
  Ticket ticket = Open();
  ESNAF_REQUIRE_VALUE(const auto events, ApplyActions(ticket,
                                                      {{.kind = Kind::kState, .state = TicketState::kSolved},
                                                       {.kind = Kind::kAddTag, .text = "iade"},
                                                       {.kind = Kind::kRemoveTag, .text = "vip"},
                                                       {.kind = Kind::kAssignee, .text = "user:ali"},
                                                       {.kind = Kind::kTeam, .text = "iade"},
                                                       {.kind = Kind::kPriority, .priority = TicketPriority::kUrgent}},
                                                      kAgent, kNow));
  CHECK(Kinds(events) == "updated;assigned;priority;state;");
  CHECK(events[0].details.at("fields") == "tags");
  CHECK(events[1].details.at("team") == "iade");
  CHECK(events[2].details.at("from") == "NORMAL");
  CHECK(events[3].details.at("from") == "OPEN");
  CHECK(ticket.tags == std::vector<std::string>{"iade"});
  CHECK(ticket.solve_time == kNow);
}

TEST_CASE("what changes nothing is no event") {
  Ticket ticket = Open();
  ESNAF_REQUIRE_VALUE(const auto events, ApplyActions(ticket,
                                                      {{.kind = Kind::kAddTag, .text = "vip"},
                                                       {.kind = Kind::kRemoveTag, .text = "none"},
                                                       {.kind = Kind::kState, .state = TicketState::kOpen}},
                                                      kAgent, kNow));
  CHECK(events.empty());
}

TEST_CASE("a ticket that would hold too much, or cannot go there, is refused") {
  Ticket ticket = Open();
  for (int i = 0; i < 49; ++i) ticket.tags.push_back(absl::StrCat("t", i));
  CHECK_STATUS_IS(ApplyActions(ticket, {{.kind = Kind::kAddTag, .text = "one more"}}, kAgent, kNow).status(),
                  absl::StatusCode::kInvalidArgument, "tags");
  Ticket closed{.subject = "Kargo", .state = TicketState::kClosed};
  CHECK(ErrorReason(
            ApplyActions(closed, {{.kind = Kind::kState, .state = TicketState::kSolved}}, kAgent, kNow).status()) ==
        "TICKET_STATE");
}

TEST_CASE("an action that can fit no ticket says why") {
  CHECK(MistakeOf({.kind = Kind::kAddTag, .text = ""}) == "is empty");
  CHECK_FALSE(MistakeOf({.kind = Kind::kAssignee, .text = std::string(201, 'x')}).empty());
  CHECK(MistakeOf({.kind = Kind::kAssignee, .text = ""}).empty());
  CHECK_FALSE(VerbTo(TicketState::kMerged).has_value());
  CHECK(VerbTo(TicketState::kSpam) == TicketVerb::kMarkSpam);
}

}  // namespace
}  // namespace esnaf::support

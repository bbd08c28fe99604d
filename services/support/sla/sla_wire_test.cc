// Goal: what is stored and told is what was given.
#include "services/support/sla/sla_wire.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a policy goes to messages and JSON and back") {
  SlaPolicy policy{
      .id = "vip", .display_name = "Şampiyonlar", .position = 3, .disabled = true, .calendar_id = "turkey"};
  policy.condition = {.priorities = {TicketPriority::kUrgent},
                      .channels = {4, 1},
                      .types = {"return"},
                      .teams = {"depo"},
                      .store_ids = {"tr"},
                      .tags = {"vip"}};
  policy.targets = {.first_response = 15min, .resolution = 600min};
  policy.priority_targets[TicketPriority::kLow] = {.next_response = 99min};
  policy.next_response_mode = NextResponseMode::kBetweenUpdates;
  policy.paused_states = {};
  policy.public_note_answers = true;
  policy.warn_at_percent = 0;
  policy.escalations = {{.trigger = SlaNews::kWarned, .notify = {"user:ayse"}},
                        {.metric = SlaMetric::kResolution,
                         .team = "şefler",
                         .assignee = "",
                         .raise_priority_to = TicketPriority::kUrgent}};
  ESNAF_REQUIRE_VALUE(const SlaPolicy told, PolicyFromProto(PolicyToProto(policy)));
  CHECK(told == policy);
  ESNAF_REQUIRE_VALUE(const SlaPolicy stored, PolicyFromJson(PolicyToJson(policy)));
  CHECK(stored == policy);
  CHECK(*PolicyFromProto(PolicyToProto({.id = "plain"})) == SlaPolicy{.id = "plain"});
}

TEST_CASE("what a policy leaves out is as usual") {
  v1::SlaPolicy message;
  message.set_id("x");
  CHECK(*PolicyFromProto(message) == SlaPolicy{.id = "x"});
}

TEST_CASE("a calendar goes to messages and JSON and back") {
  BusinessCalendar calendar{.id = "c", .display_name = "Mağaza", .time_zone = "Europe/Berlin"};
  calendar.week[0] = {{0, 60}, {61, 1440}};
  calendar.week[6] = {{540, 1080}};
  calendar.holidays = {{*ParseDate("2026-03-19"), "Arife", {{540, 780}}}, {*ParseDate("2026-03-20"), "Bayram", {}}};
  CHECK(*CalendarFromProto(CalendarToProto(calendar)) == calendar);
  CHECK(*CalendarFromJson(CalendarToJson(calendar)) == calendar);
}

TEST_CASE("a policy's mistakes are all named at once") {
  v1::SlaPolicy message;
  message.set_id("No");
  message.set_next_response_mode(static_cast<v1::NextResponseMode>(9));
  message.mutable_pauses()->add_states(v1::TICKET_STATE_NEW);
  message.mutable_condition()->add_channels(static_cast<contacts::v1::Channel>(99));
  message.mutable_condition()->add_tags("");
  message.add_priority_targets();
  message.add_escalations();
  message.add_escalations()->set_metric(static_cast<v1::SlaMetric>(9));
  message.mutable_escalations(1)->add_notify("");
  CHECK(ErrorFields(PolicyFromProto(message).status()).size() == 9);
}

}  // namespace
}  // namespace esnaf::support

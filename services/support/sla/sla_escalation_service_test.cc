// Goal: what a policy wants to be done about its deadlines is done once, and a draft is tried on what really happened.
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::kStorefront;
using testing::SupportUnderTest;

v1::SlaPolicy Get(SupportUnderTest& test, const std::string& id) {
  v1::GetSlaPolicyRequest request;
  request.set_id(id);
  auto policy = test.server.channel()->Call<v1::SlaPolicy>("/esnaf.support.v1.SlaService/GetSlaPolicy", request);
  REQUIRE_OK(policy);
  return *std::move(policy);
}

void Update(SupportUnderTest& test, const v1::SlaPolicy& policy) {
  v1::UpdateSlaPolicyRequest request;
  *request.mutable_policy() = policy;
  REQUIRE_OK(test.server.channel()->Call<v1::SlaPolicy>("/esnaf.support.v1.SlaService/UpdateSlaPolicy", request));
}

absl::StatusOr<v1::SlaBacktest> Backtest(SupportUnderTest& test, const v1::BacktestSlaPolicyRequest& request,
                                         const runtime::ClientCallOptions& options = testing::kStaff) {
  return test.server.channel()->Call<v1::SlaBacktest>("/esnaf.support.v1.SlaService/BacktestSlaPolicy", request,
                                                      options);
}

// A warning tells the chief, a breach of the first response gives the ticket to the chiefs, as urgent.
void AddEscalations(SupportUnderTest& test) {
  v1::SlaPolicy policy = Get(test, "always");
  v1::SlaEscalation& warned = *policy.add_escalations();
  warned.set_trigger(v1::SLA_ESCALATION_TRIGGER_WARNED);
  warned.add_notify("user:chief");
  v1::SlaEscalation& breached = *policy.add_escalations();
  breached.set_metric(v1::SLA_METRIC_FIRST_RESPONSE);
  breached.set_team("chiefs");
  breached.set_assignee("user:chief");
  breached.set_raise_priority_to(v1::TICKET_PRIORITY_URGENT);
  Update(test, policy);
}

template <typename Payload>
Payload LastEvent(SupportUnderTest& test) {
  const auto rows = test.schema.Sql("SELECT payload FROM outbox WHERE type = '" +
                                    std::string(Payload::descriptor()->full_name()) + "' ORDER BY seq DESC LIMIT 1");
  Payload payload;
  REQUIRE(rows.size() == 1);
  REQUIRE(payload.ParseFromString(rows[0].Get<postgres::Bytes>(0).data));
  return payload;
}

TEST_CASE("a nearly due deadline names who is to be told, and a breached one is given on, each once") {
  SupportUnderTest test;
  AddEscalations(test);
  const std::string id = test.Open().id();
  test.clock.Advance(50min);
  test.Tick();
  CHECK(LastEvent<v1::TicketSlaWarned>(test).notify(0) == "user:chief");
  CHECK(test.Get(id).etag() == "1");
  test.clock.Advance(11min);
  test.Tick();
  test.Tick();
  const v1::Ticket ticket = test.Get(id);
  CHECK(ticket.team() == "chiefs");
  CHECK(ticket.assignee() == "user:chief");
  CHECK(ticket.priority() == v1::TICKET_PRIORITY_URGENT);
  CHECK(ticket.etag() == "3");
  CHECK(LastEvent<v1::TicketSlaBreached>(test).notify().empty());
  v1::ListTicketEventsRequest request;
  request.set_ticket_id(id);
  ESNAF_REQUIRE_VALUE(const auto trail, test.Call<v1::ListTicketEventsResponse>("ListTicketEvents", request));
  REQUIRE(trail.events_size() == 3);
  CHECK(trail.events(1).kind() == "assigned");
  CHECK(trail.events(1).actor() == "service:support");
  CHECK(trail.events(1).details().at("escalation") == "1:1:breached");
  CHECK(trail.events(2).kind() == "priority");
  CHECK(trail.events(2).author() == v1::TICKET_AUTHOR_SYSTEM);
}

TEST_CASE("a higher priority whose own deadline has passed escalates that one too, and ends there") {
  SupportUnderTest test;
  AddEscalations(test);
  v1::SlaPolicy policy = Get(test, "always");
  v1::PrioritySlaTargets& urgent = *policy.add_priority_targets();
  urgent.set_priority(v1::TICKET_PRIORITY_URGENT);
  urgent.mutable_targets()->set_first_response_minutes(30);
  urgent.mutable_targets()->set_resolution_minutes(60);
  v1::SlaEscalation& second = *policy.add_escalations();
  second.set_metric(v1::SLA_METRIC_RESOLUTION);
  second.set_team("board");
  Update(test, policy);
  const std::string id = test.Open().id();
  test.clock.Advance(62min);
  test.Tick();
  test.clock.Advance(1min);
  test.Tick();
  CHECK(test.Get(id).team() == "board");
  CHECK(test.Count("TicketSlaBreached") == 2);
}

TEST_CASE("what was answered too late is told of and not escalated") {
  SupportUnderTest test;
  AddEscalations(test);
  const std::string id = test.Open().id();
  test.clock.Advance(90min);
  REQUIRE_OK(test.Reply(id, "Pardon"));
  CHECK(test.Count("TicketSlaBreached") == 1);
  CHECK(test.Get(id).team().empty());
}

TEST_CASE("a back-test replays what happened under a draft and leaves everything as it is") {
  SupportUnderTest test;
  const std::string quick = test.Open("Hızlı").id(), slow = test.Open("Yavaş").id();
  test.clock.Advance(5min);
  REQUIRE_OK(test.Reply(quick, "Buyurun"));
  test.clock.Advance(30min);
  REQUIRE_OK(test.Reply(slow, "Buyurun"));
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", test.Open("Reklam").id()));
  v1::BacktestSlaPolicyRequest request;
  *request.mutable_policy() = Get(test, "always");
  ESNAF_REQUIRE_VALUE(const auto same, Backtest(test, request));
  CHECK(same.ticket_count() == 2);
  CHECK(same.draft_ticket_count() == 2);
  CHECK(same.new_breach_count() == 0);
  CHECK(same.changes().empty());
  request.mutable_policy()->mutable_targets()->set_first_response_minutes(15);
  ESNAF_REQUIRE_VALUE(const auto strict, Backtest(test, request));
  CHECK(strict.new_breach_count() == 1);
  REQUIRE(strict.changes_size() == 1);
  CHECK(strict.changes(0).ticket_id() == slow);
  CHECK(strict.changes(0).metric() == v1::SLA_METRIC_FIRST_RESPONSE);
  CHECK_FALSE(strict.changes(0).has_breach_time());
  REQUIRE(strict.rows_size() == 2);
  CHECK(strict.rows(0).deadline_count() == 2);
  CHECK(strict.rows(0).breach_count() == 0);
  CHECK(strict.rows(0).draft_breach_count() == 1);
  CHECK(test.Count("TicketSlaBreached") == 0);
  CHECK(Get(test, "always").targets().first_response_minutes() == 60);
  // A key of another store sees none of it.
  const runtime::ClientCallOptions other{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "key:1"}, {"esnaf-stores", "de"}}};
  CHECK(Backtest(test, request, other)->ticket_count() == 0);
  request.mutable_start_time()->set_seconds(1);
  CHECK_STATUS_IS(Backtest(test, request).status(), absl::StatusCode::kInvalidArgument, "start_time");
}

}  // namespace
}  // namespace esnaf::support

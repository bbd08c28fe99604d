// Goal: the clock moves tickets and tells of deadlines, each once, also when promises change and workers race.
#include <thread>

#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using testing::kStorefront;
using testing::SupportUnderTest;

TEST_CASE("a warning and a breach are told once each") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  test.Tick();
  CHECK(test.Count("TicketSlaWarned") == 0);
  test.clock.Advance(50min);
  test.Tick();
  test.Tick();
  CHECK(test.Count("TicketSlaWarned") == 1);
  CHECK(test.Count("TicketSlaBreached") == 0);
  test.clock.Advance(11min);
  test.Tick();
  test.Tick();
  CHECK(test.Count("TicketSlaBreached") == 1);
  const auto told = test.schema.Sql("SELECT payload FROM outbox WHERE type = 'esnaf.support.v1.TicketSlaBreached'");
  v1::TicketSlaBreached breached;
  REQUIRE(breached.ParseFromString(told[0].Get<postgres::Bytes>(0).data));
  CHECK(breached.ticket().id() == id);
  CHECK(breached.deadline().metric() == v1::SLA_METRIC_FIRST_RESPONSE);
  CHECK(test.Get(id).breached());
  // Telling of a deadline changes nothing that an agent who has read the ticket must know of.
  CHECK(test.Get(id).etag() == "1");
}

TEST_CASE("an answer in time is never told of, and one that is late once") {
  SupportUnderTest test;
  const std::string kept = test.Open().id(), late = test.Open().id();
  test.clock.Advance(30min);
  REQUIRE_OK(test.Reply(kept, "Yolda"));
  test.clock.Advance(45min);
  REQUIRE_OK(test.Reply(late, "Pardon"));
  CHECK(test.Count("TicketSlaBreached") == 1);
  test.Tick();
  CHECK(test.Count("TicketSlaBreached") == 1);
  CHECK_FALSE(test.Get(kept).breached());
}

TEST_CASE("workers that race tell of each deadline once") {
  SupportUnderTest test;
  for (int i = 0; i < 20; ++i) test.Open();
  test.clock.Advance(61min);
  std::vector<std::thread> workers;
  std::array<absl::Status, 4> outcomes;
  for (absl::Status& outcome : outcomes) {
    workers.emplace_back([&test, &outcome] {
      postgres::Connection own(test.schema.options());
      TicketWriter writer;
      outcome = own.Run({}, [&](postgres::Tx& tx) { return writer.TellSomeDue(tx, test.clock.Now()); }).status();
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (const absl::Status& outcome : outcomes) CHECK_OK(outcome);
  test.Tick();
  CHECK(test.Count("TicketSlaBreached") == 20);
}

TEST_CASE("other promises count for open tickets at once, and what was told stays told") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  test.clock.Advance(61min);
  test.Tick();
  v1::UpdateSlaPolicyRequest update;
  update.mutable_policy()->set_id("always");
  update.mutable_policy()->mutable_targets()->set_resolution_minutes(300);
  REQUIRE_OK(test.server.channel()->Call<v1::SlaPolicy>("/esnaf.support.v1.SlaService/UpdateSlaPolicy", update));
  test.Tick();
  const v1::Ticket ticket = test.Get(id);
  REQUIRE(ticket.deadlines_size() == 1);
  CHECK(*api::FromProto(ticket.next_due_time(), "") == test.clock.Now() - 61min + 300min);
  CHECK(ticket.breached());
  CHECK(test.Count("TicketSlaBreached") == 1);
}

TEST_CASE("a hold ends by itself, and a solved ticket closes when the window has passed") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  v1::HoldTicketRequest hold;
  hold.set_id(id);
  *hold.mutable_hold_until_time() = api::ToProto(test.clock.Now() + 24h);
  ESNAF_REQUIRE_VALUE(const auto held, test.Call<v1::Ticket>("HoldTicket", hold));
  CHECK(held.state() == v1::TICKET_STATE_ON_HOLD);
  test.clock.Advance(23h);
  test.Tick();
  CHECK(test.Get(id).state() == v1::TICKET_STATE_ON_HOLD);
  CHECK(test.Count("TicketSlaBreached") == 0);
  test.clock.Advance(1h);
  test.Tick();
  CHECK(test.Get(id).state() == v1::TICKET_STATE_OPEN);
  // The pause moved the deadline.
  CHECK(*api::FromProto(test.Get(id).next_due_time(), "") == test.clock.Now() + 60min);
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", id));
  test.clock.Advance(kReopenWindow - 1h);
  test.Tick();
  CHECK(test.Get(id).state() == v1::TICKET_STATE_SOLVED);
  test.clock.Advance(1h);
  test.Tick();
  CHECK(test.Get(id).state() == v1::TICKET_STATE_CLOSED);
  hold.mutable_hold_until_time()->set_seconds(1);
  CHECK_STATUS_IS(test.Call<v1::Ticket>("HoldTicket", hold).status(), absl::StatusCode::kInvalidArgument,
                  "hold_until_time");
}

TEST_CASE("deadlines explain themselves stretch by stretch, from the trail alone") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  test.clock.Advance(10min);
  REQUIRE_OK(test.Verb<v1::AwaitTicketCustomerRequest>("AwaitTicketCustomer", id));
  test.clock.Advance(20min);
  REQUIRE_OK(test.Reply(id, "Buradayım", kStorefront));
  test.clock.Advance(5min);
  v1::ExplainTicketDeadlinesRequest request;
  request.set_ticket_id(id);
  ESNAF_REQUIRE_VALUE(const auto explained,
                      test.Call<v1::ExplainTicketDeadlinesResponse>("ExplainTicketDeadlines", request));
  CHECK(explained.sla_policy_id() == "always");
  REQUIRE(explained.deadlines_size() == 2);
  const v1::ExplainedDeadline& first = explained.deadlines(0);
  REQUIRE(first.stretches_size() == 3);
  CHECK(first.stretches(0).counted().seconds() == 600);
  CHECK_FALSE(first.stretches(1).running());
  CHECK(first.stretches(1).hours().empty());
  CHECK(first.stretches(2).counted().seconds() == 300);
  CHECK(first.deadline().used().seconds() == 900);
  CHECK(first.deadline().due_time().seconds() == test.Get(id).next_due_time().seconds());
}

}  // namespace
}  // namespace esnaf::support

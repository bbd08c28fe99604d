// Goal: automations act once for each event, say why, never run in circles, and are changed by who may.
#include "services/support/automations/automations_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using namespace testing;

TEST_CASE("a trigger acts once on what happened, and the trail and the log say so", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  const v1::Ticket refund = test.Open("İade etmek istiyorum");
  const v1::Ticket other = test.Open("Kargo nerede?");
  test.Handle();
  test.Handle();
  const v1::Ticket tagged = test.Get(refund.id());
  CHECK(tagged.tags(0) == "iade");
  CHECK(tagged.team() == "iade");
  CHECK(test.Get(other.id()).tags().empty());
  CHECK(test.Trail(refund.id()) ==
        "created by key:1; updated by automation:tag_refunds; assigned by automation:tag_refunds; ");
  const auto runs = test.Runs("automation_id = tag_refunds");
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].outcome() == v1::AUTOMATION_OUTCOME_FIRED);
  CHECK(runs[0].ticket_number() == refund.number());
  CHECK(runs[0].results().at("ticket") == "updated, assigned");
  REQUIRE(runs[0].conditions_size() == 1);
  CHECK(runs[0].conditions(0).holds());
  CHECK(runs[0].conditions(0).values().at("subject") == "İade etmek istiyorum");
}

TEST_CASE("what happened before an automation was made is not seen by it", "[integration]") {
  AutomationsUnderTest test;
  test.Open("iade");
  test.Handle();
  test.MustCreate(TagRefunds());
  test.Handle();
  CHECK(test.Runs().empty());
}

TEST_CASE("what happened before an automation was made is not seen by it where others see it", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  test.Open("iade");
  test.clock.Advance(1s);
  v1::Automation later = On("later", v1::AUTOMATION_EVENT_CREATED);
  later.add_actions()->set_add_tag("later");
  test.MustCreate(later);
  test.Handle();
  const auto runs = test.Runs();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].automation_id() == "tag_refunds");
  test.Open("iade");
  test.Handle();
  CHECK(test.Runs("automation_id = later").size() == 1);
}

TEST_CASE("in a copy of the data automations go on with what happens there", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  test.Open("iade");
  test.Handle();
  CHECK(test.schema.Sql("SELECT FROM feed_consumer WHERE consumer = 'automations'").size() == 1);
  // Restored into a cluster that counts its transactions from far below.
  test.schema.Sql("UPDATE automation_cursor SET xact = '99999999'");
  test.schema.Sql("UPDATE schema_identity SET epoch = 'restored'");
  test.Handle();
  const v1::Ticket ticket = test.Open("iade");
  test.Handle();
  CHECK(test.Get(ticket.id()).tags_size() == 1);
  CHECK(test.schema.Sql("SELECT epoch FROM feed_consumer WHERE consumer = 'automations'")[0].Get<std::string>(0) ==
        "restored");
}

TEST_CASE("automations act in their order on what the ones before left, until the last", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation second = On("second", v1::AUTOMATION_EVENT_CREATED);
  second.set_position(2);
  second.set_last(true);
  second.add_all_conditions("tags:first");
  second.add_actions()->set_add_tag("second");
  test.MustCreate(second);
  v1::Automation first = On("first", v1::AUTOMATION_EVENT_CREATED);
  first.set_position(1);
  first.add_actions()->set_add_tag("first");
  test.MustCreate(first);
  v1::Automation third = On("third", v1::AUTOMATION_EVENT_CREATED);
  third.set_position(3);
  third.add_actions()->set_add_tag("third");
  test.MustCreate(third);
  const v1::Ticket ticket = test.Open();
  test.Handle();
  const v1::Ticket after = test.Get(ticket.id());
  CHECK(std::vector<std::string>(after.tags().begin(), after.tags().end()) ==
        std::vector<std::string>{"first", "second"});
}

TEST_CASE("two that set each other off stop, and the log says why", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation ping = On("ping", v1::AUTOMATION_EVENT_TAGS_CHANGED);
  ping.add_actions()->set_remove_tag("pong");
  ping.add_actions()->set_add_tag("ping");
  test.MustCreate(ping);
  v1::Automation pong = On("pong", v1::AUTOMATION_EVENT_TAGS_CHANGED);
  pong.add_actions()->set_remove_tag("ping");
  pong.add_actions()->set_add_tag("pong");
  test.MustCreate(pong);
  const v1::Ticket ticket = test.Open();
  v1::UpdateTicketRequest request;
  request.mutable_ticket()->set_id(ticket.id());
  request.mutable_ticket()->add_tags("x");
  REQUIRE_OK(test.Call<v1::Ticket>("UpdateTicket", request));
  test.Handle();
  // ping and pong on the agent's change, then each on the other's.
  CHECK(test.Runs("outcome = FIRED").size() == 4);
  const auto stopped = test.Runs("outcome = STOPPED");
  CHECK(stopped.size() == 4);
  for (const v1::AutomationRun& run : stopped) CHECK(run.reason() == "CHAIN_REPEATED");
}

TEST_CASE("a ticket is not acted on without end", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = On("note", v1::AUTOMATION_EVENT_CUSTOMER_MESSAGE);
  automation.mutable_message()->set_text("Yazdı");
  test.MustCreate(automation);
  const v1::Ticket ticket = test.Open();
  for (int i = 0; i < kMostAnHour + 2; ++i) REQUIRE_OK(test.Reply(ticket.id(), "Orada mısınız?", kStorefront));
  test.Handle();
  CHECK(test.Runs("outcome = FIRED").size() == static_cast<std::size_t>(kMostAnHour));
  const auto stopped = test.Runs("outcome = STOPPED");
  REQUIRE(stopped.size() == 2);
  CHECK(stopped[0].reason() == "TICKET_RATE");
}

TEST_CASE("what the ticket does not allow is not done in part, and told", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = On("close", v1::AUTOMATION_EVENT_CUSTOMER_MESSAGE);
  automation.mutable_message()->set_text("Kapatıldı");
  automation.add_actions()->set_state(v1::TICKET_STATE_CLOSED);
  test.MustCreate(automation);
  const v1::Ticket ticket = test.Open();
  REQUIRE_OK(test.Reply(ticket.id(), "Hâlâ bekliyorum", kStorefront));
  test.Handle();
  CHECK(test.Get(ticket.id()).message_count() == 2);
  const auto runs = test.Runs();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].outcome() == v1::AUTOMATION_OUTCOME_FAILED);
  CHECK(runs[0].reason() == "TICKET_STATE");
}

TEST_CASE("a process that dies in between neither loses nor repeats anything", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  const v1::Ticket ticket = test.Open("iade");
  // It dies as it commits, after everything was done.
  test.schema.Sql("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''killed''; END'");
  test.schema.Sql(
      "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON automation_run DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION die()");
  CHECK_FALSE(test.runner.HandleSome(test.schema.connection(), test.clock.Now()).ok());
  CHECK(test.Runs().empty());
  CHECK(test.Get(ticket.id()).tags().empty());
  test.schema.Sql("DROP TRIGGER die ON automation_run");
  AutomationRunner another(test.writer, test.contacts);
  const auto handled = another.HandleSome(test.schema.connection(), test.clock.Now());
  REQUIRE_OK(handled);
  test.Handle();
  CHECK(test.Runs().size() == 1);
  CHECK(test.Get(ticket.id()).tags_size() == 1);
}

TEST_CASE("a breach tells the lead and presses", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TellOfBreaches());
  const v1::Ticket ticket = test.Open();
  test.clock.Advance(61min);
  test.Tick();
  test.Handle();
  const v1::Ticket after = test.Get(ticket.id());
  CHECK(after.priority() == v1::TICKET_PRIORITY_URGENT);
  CHECK(after.followers(0) == "user:lead");
  v1::ListTicketMessagesRequest request;
  request.set_ticket_id(ticket.id());
  const auto messages = test.Call<v1::ListTicketMessagesResponse>("ListTicketMessages", request);
  REQUIRE_OK(messages);
  CHECK(messages->messages(1).text() == absl::StrCat(ticket.number(), " numaralı talep yanıtsız kaldı."));
  CHECK(messages->messages(1).kind() == v1::TICKET_MESSAGE_KIND_INTERNAL_NOTE);
}

TEST_CASE("a reply of an automation greets the requester and answers no promise", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = On("greet", v1::AUTOMATION_EVENT_CREATED);
  automation.mutable_message()->set_text("Merhaba {{contact.given_name|müşterimiz}}");
  automation.mutable_message()->set_kind(v1::TICKET_MESSAGE_KIND_REPLY);
  test.MustCreate(automation);
  v1::CreateTicketRequest known = test.Request("Kargo");
  known.mutable_ticket()->set_contact_id(kPerson);
  const auto ticket = test.Call<v1::Ticket>("CreateTicket", known, kStorefront);
  REQUIRE_OK(ticket);
  test.contacts->SetAway(true);
  test.Handle();
  test.contacts->SetAway(false);
  const auto greeted = test.Call<v1::Ticket>("CreateTicket", known, kStorefront);
  REQUIRE_OK(greeted);
  test.Handle();
  const auto text_of = [&](const std::string& id) {
    v1::ListTicketMessagesRequest request;
    request.set_ticket_id(id);
    const auto messages = test.Call<v1::ListTicketMessagesResponse>("ListTicketMessages", request);
    REQUIRE_OK(messages);
    return messages->messages(1).text();
  };
  CHECK(text_of(ticket->id()) == "Merhaba müşterimiz");
  CHECK(text_of(greeted->id()) == "Merhaba Ayşe");
  const v1::Ticket after = test.Get(greeted->id());
  CHECK(after.state() == v1::TICKET_STATE_NEW);
  CHECK_FALSE(after.has_last_agent_time());
  CHECK(after.deadlines(0).running());
}

TEST_CASE("automations are changed by who saw them last, and refused where they are wrong", "[integration]") {
  AutomationsUnderTest test;
  const v1::Automation made = test.MustCreate(TagRefunds());
  CHECK_STATUS_IS(test.Create(TagRefunds()).status(), StatusCode::kAlreadyExists, "");
  v1::UpdateAutomationRequest update;
  update.mutable_automation()->set_id(made.id());
  update.mutable_automation()->set_disabled(true);
  update.mutable_automation()->set_etag(made.etag());
  REQUIRE_OK(test.Ask<v1::Automation>("AutomationService/UpdateAutomation", update));
  CHECK_STATUS_IS(test.Ask<v1::Automation>("AutomationService/UpdateAutomation", update).status(), StatusCode::kAborted,
                  "");
  test.Open("iade");
  test.Handle();
  CHECK(test.Runs().empty());
  v1::Automation wrong = On("wrong", v1::AUTOMATION_EVENT_CREATED);
  CHECK_STATUS_IS(test.Create(wrong).status(), StatusCode::kInvalidArgument, "nothing");
  wrong.set_macro_id("none");
  CHECK_STATUS_IS(test.Create(wrong).status(), StatusCode::kInvalidArgument, "automation.macro_id");
  wrong.clear_macro_id();
  wrong.add_actions()->set_add_tag("x");
  wrong.add_any_conditions("color = red");
  CHECK_STATUS_IS(test.Create(wrong).status(), StatusCode::kInvalidArgument, "automation.any_conditions[0]");
  wrong.clear_any_conditions();
  wrong.mutable_timer()->set_clock(v1::AUTOMATION_CLOCK_CREATED);
  wrong.mutable_timer()->set_hours(1);
  CHECK_STATUS_IS(test.Create(wrong).status(), StatusCode::kInvalidArgument, "automation.events");
  v1::DeleteAutomationRequest gone;
  gone.set_id(made.id());
  REQUIRE_OK(test.Ask<v1::DeleteAutomationResponse>("AutomationService/DeleteAutomation", gone));
  CHECK_STATUS_IS(test.Ask<v1::DeleteAutomationResponse>("AutomationService/DeleteAutomation", gone).status(),
                  StatusCode::kNotFound, "");
}

TEST_CASE("a key that is limited to stores sees nothing of others", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  test.Open("iade");
  test.Handle();
  const runtime::ClientCallOptions other{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "key:2"}, {"esnaf-stores", "de"}}};
  const auto runs = test.Ask<v1::ListAutomationRunsResponse>("AutomationService/ListAutomationRuns",
                                                             v1::ListAutomationRunsRequest(), other);
  REQUIRE_OK(runs);
  CHECK(runs->runs().empty());
  const auto dry = test.Ask<v1::DryRunAutomationsResponse>("AutomationService/DryRunAutomations",
                                                           v1::DryRunAutomationsRequest(), other);
  REQUIRE_OK(dry);
  CHECK(dry->event_count() == 0);
  v1::CreateAutomationRequest request;
  *request.mutable_automation() = TellOfBreaches();
  CHECK_STATUS_IS(test.Ask<v1::Automation>("AutomationService/CreateAutomation", request, other).status(),
                  StatusCode::kPermissionDenied, "");
}

}  // namespace
}  // namespace esnaf::support

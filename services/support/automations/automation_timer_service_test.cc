// Goal: timers act once for each beginning of their clock, and a dry run says what was done for real.
#include "services/support/automations/automations_under_test.h"

#include <rapidcheck.h>

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using namespace testing;

TEST_CASE("a pending ticket is solved after seven days, and again only after it was left", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(CloseSilent());
  const v1::Ticket ticket = test.Open();
  REQUIRE_OK(test.Reply(ticket.id(), "Numaranız?", kStaff, v1::TICKET_STATE_PENDING_CUSTOMER));
  test.clock.Advance(6 * 24h);
  test.Sweep();
  CHECK(test.Get(ticket.id()).state() == v1::TICKET_STATE_PENDING_CUSTOMER);
  test.clock.Advance(24h);
  test.Sweep();
  test.Sweep();
  CHECK(test.Get(ticket.id()).state() == v1::TICKET_STATE_SOLVED);
  CHECK(test.Runs().size() == 1);
  REQUIRE_OK(test.Reply(ticket.id(), "Buradayım", kStorefront));
  REQUIRE_OK(test.Reply(ticket.id(), "Numaranız?", kStaff, v1::TICKET_STATE_PENDING_CUSTOMER));
  test.Sweep();
  CHECK(test.Runs().size() == 1);
  test.clock.Advance(7 * 24h);
  test.Sweep();
  const auto runs = test.Runs("outcome = FIRED");
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].clock_start_time().seconds() > runs[1].clock_start_time().seconds());
}

TEST_CASE("a timer acts once where two look at the same tickets", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = After("nudge", v1::AUTOMATION_CLOCK_CREATED, 1);
  automation.mutable_message()->set_text("Bekliyor");
  test.MustCreate(automation);
  // One more than is handled at a time: the first runner has found it when the second acts on it.
  for (int i = 0; i < 101; ++i) test.Open();
  test.clock.Advance(2h);
  CHECK(*test.runner.HandleTimers(test.schema.connection(), test.clock.Now()));
  AutomationRunner other(test.writer, test.contacts);
  CHECK_FALSE(*other.HandleTimers(test.schema.connection(), test.clock.Now()));
  CHECK_FALSE(*test.runner.HandleTimers(test.schema.connection(), test.clock.Now()));
  CHECK(test.schema.Sql("SELECT count(*) FROM automation_run")[0].Get<int>(0) == 101);
}

TEST_CASE("a timer that fails holds up no other", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation first = After("first", v1::AUTOMATION_CLOCK_CREATED, 1);
  first.add_actions()->set_add_tag("first");
  test.MustCreate(first);
  v1::Automation second = After("second", v1::AUTOMATION_CLOCK_CREATED, 1);
  second.set_position(1);
  second.add_actions()->set_add_tag("second");
  test.MustCreate(second);
  const v1::Ticket ticket = test.Open();
  test.schema.Sql("ALTER TABLE automation_run ADD CHECK (automation_id <> 'first')");
  test.clock.Advance(2h);
  CHECK(*test.runner.HandleTimers(test.schema.connection(), test.clock.Now()));
  CHECK_FALSE(test.runner.HandleTimers(test.schema.connection(), test.clock.Now()).ok());
  const v1::Ticket after = test.Get(ticket.id());
  REQUIRE(after.tags_size() == 1);
  CHECK(after.tags(0) == "second");
}

TEST_CASE("marks are kept until tickets are done for good", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = After("nudge", v1::AUTOMATION_CLOCK_CREATED, 1);
  automation.add_actions()->set_add_tag("late");
  test.MustCreate(automation);
  test.Open();
  test.clock.Advance(2h);
  test.Sweep();
  const auto marks = [&] { return test.schema.Sql("SELECT FROM automation_timer_mark").size(); };
  const auto forget = [&] { REQUIRE_OK(test.schema.connection().Run({}, ForgetMarksOfDone)); };
  forget();
  CHECK(marks() == 1);
  test.schema.Sql("UPDATE ticket SET state = 7");
  forget();
  CHECK(marks() == 0);
}

TEST_CASE("a timer by a calendar counts working time", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = After("nudge", v1::AUTOMATION_CLOCK_CUSTOMER_MESSAGE, 10);
  automation.mutable_timer()->set_calendar_id("turkey");
  automation.add_actions()->set_add_tag("late");
  test.MustCreate(automation);
  // Monday 10:00 in Istanbul: eight hours are left of the day.
  const v1::Ticket ticket = test.Open();
  test.clock.Advance(20h);
  test.Sweep();
  CHECK(test.Get(ticket.id()).tags().empty());
  test.clock.Advance(5h);
  test.Sweep();
  CHECK(test.Get(ticket.id()).tags_size() == 1);
}

TEST_CASE("what an automation changes does not start its own clock anew", "[integration]") {
  AutomationsUnderTest test;
  v1::Automation automation = After("remind", v1::AUTOMATION_CLOCK_UPDATED, 2);
  automation.mutable_message()->set_text("Unutulmasın");
  test.MustCreate(automation);
  test.Open();
  for (int i = 0; i < 5; ++i) {
    test.clock.Advance(2h);
    test.Sweep();
  }
  CHECK(test.Runs().size() == 1);
}

TEST_CASE("an automation uses a macro and asks by a survey", "[integration]") {
  AutomationsUnderTest test;
  v1::CreateMacroRequest macro;
  macro.mutable_macro()->set_id("thanks");
  macro.mutable_macro()->set_display_name("Teşekkür");
  macro.mutable_macro()->set_text("Teşekkür ederiz");
  macro.mutable_macro()->add_actions()->set_add_tag("thanked");
  REQUIRE_OK(test.CallOther<v1::Macro>("MacroService/CreateMacro", macro));
  v1::CreateSurveyRequest survey;
  survey.mutable_survey()->set_id("ces");
  survey.mutable_survey()->set_kind(v1::SURVEY_KIND_CES);
  survey.mutable_survey()->set_trigger(v1::SURVEY_TRIGGER_MANUAL);
  REQUIRE_OK(test.Ask<v1::Survey>("SurveyService/CreateSurvey", survey));
  v1::Automation automation = On("ask", v1::AUTOMATION_EVENT_STATE_CHANGED);
  automation.add_all_conditions("state = SOLVED");
  automation.set_macro_id("thanks");
  automation.set_survey_id("ces");
  test.MustCreate(automation);
  v1::CreateTicketRequest request = test.Request("Kargo");
  request.mutable_ticket()->set_contact_id(kPerson);
  const auto ticket = test.Call<v1::Ticket>("CreateTicket", request);
  REQUIRE_OK(ticket);
  REQUIRE_OK(test.Reply(ticket->id(), "Yolda", kStaff, v1::TICKET_STATE_SOLVED));
  test.Handle();
  CHECK(test.Get(ticket->id()).tags(0) == "thanked");
  const auto runs = test.Runs();
  REQUIRE(runs.size() == 1);
  CHECK(Uuid::Parse(runs[0].results().at("survey")));
  CHECK(test.Count("SurveyAsked") == 1);
  // A low score comes back as an event.
  v1::Automation low = On("low", v1::AUTOMATION_EVENT_SURVEY_SCORED);
  low.add_all_conditions("survey_score <= 2");
  low.add_actions()->set_add_tag("unhappy");
  test.MustCreate(low);
  v1::ServeSurveyPageRequest page;
  v1::GetSurveyInvitationRequest invitation;
  invitation.set_id(runs[0].results().at("survey"));
  const auto asked = test.Ask<v1::SurveyInvitation>("SurveyService/GetSurveyInvitation", invitation);
  REQUIRE_OK(asked);
  page.set_token(asked->link_path().substr(3));
  page.set_verb("POST");
  page.set_body("score=1");
  REQUIRE_OK(test.Ask<v1::ServeSurveyPageResponse>("SurveyService/ServeSurveyPage", page));
  test.Handle();
  CHECK(test.Get(ticket->id()).tags(1) == "unhappy");
}

TEST_CASE("a dry run says what was done for real, and changes nothing", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  const v1::Ticket refund = test.Open("iade");
  test.Open("kargo");
  test.Handle();
  const auto real = test.Runs();
  const std::int64_t events = test.Count("TicketChanged");
  v1::DryRunAutomationsRequest request;
  request.set_automation_id("tag_refunds");
  const auto dry = test.DryRun(request);
  CHECK(dry.fired_count() == 1);
  REQUIRE(dry.runs_size() == 1);
  CHECK(dry.runs(0).ticket_id() == real[0].ticket_id());
  CHECK(dry.runs(0).conditions(0).values().at("subject") == "iade");
  CHECK(test.Count("TicketChanged") == events);
  CHECK(test.Runs().size() == real.size());
  // Of one ticket it also says why not.
  v1::DryRunAutomationsRequest draft;
  *draft.mutable_automation() = On("draft", v1::AUTOMATION_EVENT_CREATED);
  draft.mutable_automation()->add_all_conditions("priority = URGENT");
  draft.mutable_automation()->add_actions()->set_add_tag("x");
  draft.set_ticket_id(refund.id());
  const auto not_met = test.DryRun(draft);
  CHECK(not_met.fired_count() == 0);
  REQUIRE(not_met.runs_size() == 1);
  CHECK(not_met.runs(0).outcome() == v1::AUTOMATION_OUTCOME_NOT_MET);
  CHECK(not_met.runs(0).conditions(0).values().at("priority") == "NORMAL");
  draft.set_ticket_id(kPerson);
  CHECK_STATUS_IS(test.Ask<v1::DryRunAutomationsResponse>("AutomationService/DryRunAutomations", draft).status(),
                  StatusCode::kNotFound, "");
}

TEST_CASE("old runs are forgotten", "[integration]") {
  AutomationsUnderTest test;
  test.MustCreate(TagRefunds());
  test.Open("iade");
  test.Handle();
  const auto prune = [&](Time before) {
    REQUIRE_OK(test.schema.connection().Run({}, [&](postgres::Tx& tx) { return PruneRuns(tx, before); }));
  };
  prune(test.clock.Now() - 1h);
  CHECK(test.Runs().size() == 1);
  prune(test.clock.Now() + 1h);
  CHECK(test.Runs().empty());
}

TEST_CASE("a condition holds of a ticket where the list of tickets finds it", "[integration]") {
  AutomationsUnderTest test;
  const v1::Ticket opened = test.Open("İade talebi");
  v1::UpdateTicketRequest update;
  update.mutable_ticket()->set_id(opened.id());
  update.mutable_ticket()->add_tags("vip");
  (*update.mutable_ticket()->mutable_custom_fields())["size"] = "XL";
  REQUIRE_OK(test.Call<v1::Ticket>("UpdateTicket", update));
  CHECK(rc::check("as the list", [&] {
    const auto comparison = rc::gen::element<std::string>(
        "number = 1", "number != 1", "number > 0", "subject:iade", "subject:kargo", "subject = x", "tags:vip", "tags:*",
        "followers:*", "tags:x", "state = NEW", "state != NEW", "priority = URGENT", "team:*", "assignee = \"\"",
        "custom_fields.size = XL", "custom_fields.size:x", "custom_fields.size:*", "custom_fields.color != red",
        "custom_fields.color = red", "breached = true", "solve_time:*", "solve_time < \"2030-01-01\"",
        "create_time > \"2026-01-01\"", "contact_id:*", "parent_id != 0198a7c2-0000-7000-8000-000000000001");
    std::string text = *comparison;
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
      const std::string next = *comparison;
      text = *rc::gen::element<std::string>("NOT (" + text + ") AND " + next, "(" + text + ") OR " + next,
                                            text + " AND " + next);
    }
    v1::ListTicketsRequest request;
    request.set_filter(text);
    const auto listed = test.List(request);
    RC_ASSERT(listed.ok());
    const auto ticket =
        test.schema.connection().Run({}, [&](postgres::Tx& tx) { return FindTicket(tx, *Uuid::Parse(opened.id())); });
    const AutomationFacts facts{.ticket = **ticket, .now = test.clock.Now(), .event = {}, .times = {}, .standing = {}};
    RC_ASSERT(Condition::Parse(text)->Judge(facts).holds == (listed->tickets_size() == 1));
  }));
}

}  // namespace
}  // namespace esnaf::support

// Goal: people are asked once after what was solved, answer once by a link, and what they say is told and reckoned.
#include "services/support/surveys/survey_service.h"

#include "services/support/support_under_test.h"
#include "services/support/surveys/survey_asker.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::kStaff;
using testing::kStorefront;

struct SurveysUnderTest : testing::SupportUnderTest {
  SurveysUnderTest() { writer.OnEvent(PlanSurveys); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = kStaff) {
    return surveys_server.channel()->Call<Response>("/esnaf.support.v1.SurveyService/" + method, request, options);
  }
  v1::Survey Create(v1::SurveyKind kind, v1::SurveyTrigger trigger, int throttle_days = 90) {
    v1::CreateSurveyRequest request;
    v1::Survey& survey = *request.mutable_survey();
    survey.set_id("survey");
    survey.set_kind(kind);
    survey.set_trigger(trigger);
    survey.set_delay_minutes(60);
    survey.set_throttle_days(throttle_days);
    auto made = Ask<v1::Survey>("CreateSurvey", request);
    REQUIRE_OK(made);
    return *std::move(made);
  }
  // A ticket of the person that an agent answered and solved.
  std::string Solve(const std::string& contact_id = kPerson) {
    v1::CreateTicketRequest request = Request("Kargo nerede?");
    request.mutable_ticket()->set_contact_id(contact_id);
    request.mutable_ticket()->set_assignee("user:ayse");
    request.mutable_ticket()->set_team("kargo");
    clock.Advance(1ms);
    auto ticket = Call<v1::Ticket>("CreateTicket", request);
    REQUIRE_OK(ticket);
    REQUIRE_OK(Reply(ticket->id(), "Yolda", kStaff, v1::TICKET_STATE_SOLVED));
    return ticket->id();
  }
  void AskDue() {
    clock.Advance(60min);
    const auto asked = schema.connection().Run({}, [&](postgres::Tx& tx) { return AskSomeDue(tx, clock.Now()); });
    REQUIRE_OK(asked);
  }
  std::vector<v1::SurveyInvitation> Invitations(const std::string& filter = "") {
    v1::ListSurveyInvitationsRequest request;
    request.set_filter(filter);
    auto page = Ask<v1::ListSurveyInvitationsResponse>("ListSurveyInvitations", request);
    REQUIRE_OK(page);
    return {page->invitations().begin(), page->invitations().end()};
  }
  v1::ServeSurveyPageResponse Page(const std::string& link, const std::string& verb, const std::string& body = "") {
    v1::ServeSurveyPageRequest request;
    request.set_token(link.substr(3));
    request.set_verb(verb);
    request.set_body(body);
    auto page = Ask<v1::ServeSurveyPageResponse>("ServeSurveyPage", request, {});
    REQUIRE_OK(page);
    return *std::move(page);
  }
  v1::SurveyResults Results(v1::SurveyGrouping group_by) {
    v1::GetSurveyResultsRequest request;
    request.set_survey_id("survey");
    request.set_group_by(group_by);
    auto results = Ask<v1::SurveyResults>("GetSurveyResults", request);
    REQUIRE_OK(results);
    return *std::move(results);
  }

  inline static const std::string kPerson = "0190c1c7-0000-7000-8000-000000000001";
  SurveyService surveys;
  testing::TestServer surveys_server{schema, {surveys.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("a solved ticket is asked about after the delay, by a link that is told once") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED);
  const std::string ticket = test.Solve();
  REQUIRE(test.Invitations().size() == 1);
  CHECK(test.Invitations()[0].state() == v1::SURVEY_INVITATION_STATE_SCHEDULED);
  CHECK(test.Invitations()[0].link_path().empty());
  test.AskDue();
  test.AskDue();
  const v1::SurveyInvitation asked = test.Invitations()[0];
  CHECK(asked.state() == v1::SURVEY_INVITATION_STATE_ASKED);
  CHECK(asked.ticket_id() == ticket);
  CHECK(asked.agent() == "user:ayse");
  CHECK(asked.team() == "kargo");
  CHECK(asked.link_path().starts_with("/s/"));
  CHECK(test.Count("SurveyAsked") == 1);
}

TEST_CASE("reading a link records nothing, a score is kept at once, and an answer is sent off once") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED);
  test.Solve();
  test.AskDue();
  const std::string link = test.Invitations()[0].link_path();
  for (const char* verb : {"GET", "HEAD", "GET"}) {
    const auto page = test.Page(link, verb, "score=1&finish=1");
    CHECK(page.http_status() == 200);
    CHECK(page.html().find("<form method=\"post\"") != std::string::npos);
  }
  CHECK(test.Invitations()[0].state() == v1::SURVEY_INVITATION_STATE_ASKED);
  CHECK(test.Count("SurveyAnswered") == 0);
  CHECK(test.Page(link, "POST", "score=4").html().find("<textarea") != std::string::npos);
  CHECK(test.Invitations()[0].state() == v1::SURVEY_INVITATION_STATE_PARTIAL);
  CHECK(test.Page(link, "POST", "score=9").http_status() == 400);
  CHECK(test.Page(link, "POST", "comment=Te%C5%9Fekk%C3%BCrler&finish=1").html().find("Teşekkür") != std::string::npos);
  // What comes later changes nothing.
  CHECK(test.Page(link, "POST", "score=1").http_status() == 200);
  const v1::SurveyInvitation answered = test.Invitations("score = 4")[0];
  CHECK(answered.state() == v1::SURVEY_INVITATION_STATE_ANSWERED);
  CHECK(answered.response().comment() == "Teşekkürler");
  CHECK(test.Count("SurveyAnswered") == 2);
  ESNAF_REQUIRE_VALUE(const auto responses, test.Ask<v1::ListSurveyResponsesResponse>(
                                                "ListSurveyResponses", v1::ListSurveyResponsesRequest()));
  REQUIRE(responses.responses_size() == 1);
  CHECK(responses.responses(0).score() == 4);
  CHECK(test.Page("/s/" + std::string(54, 'A'), "POST", "score=1").http_status() == 404);
}

TEST_CASE("an expired link takes no answer") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CES, v1::SURVEY_TRIGGER_TICKET_SOLVED);
  test.Solve();
  test.AskDue();
  const std::string link = test.Invitations()[0].link_path();
  test.clock.Advance(24h * 14 + 1s);
  CHECK(test.Page(link, "POST", "score=7").http_status() == 410);
  CHECK(test.Page(link, "GET").http_status() == 410);
  CHECK(test.Invitations()[0].state() == v1::SURVEY_INVITATION_STATE_EXPIRED);
}

TEST_CASE("a person is asked once in the throttle, and again where the same ticket comes back") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED);
  const std::string first = test.Solve();
  test.AskDue();
  const std::string old_link = test.Invitations()[0].link_path();
  test.Solve();
  test.AskDue();
  CHECK(test.Invitations()[0].skip_reason() == "THROTTLED");
  REQUIRE_OK(test.Reply(first, "Hâlâ gelmedi", kStorefront));
  REQUIRE_OK(test.Reply(first, "Şimdi?", kStaff, v1::TICKET_STATE_SOLVED));
  test.AskDue();
  const v1::SurveyInvitation again = test.Invitations()[0];
  CHECK(again.ticket_id() == first);
  CHECK(again.state() == v1::SURVEY_INVITATION_STATE_ASKED);
  // The older link is good for nothing any more.
  CHECK(test.Page(old_link, "POST", "score=1").http_status() == 410);
  test.clock.Advance(24h * 91);
  test.Solve();
  test.AskDue();
  CHECK(test.Invitations()[0].state() == v1::SURVEY_INVITATION_STATE_ASKED);
}

TEST_CASE("a ticket that was solved anew within the delay is asked about once, after its last solution") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED, 0);
  const std::string id = test.Solve();
  test.clock.Advance(10min);
  REQUIRE_OK(test.Reply(id, "Olmadı", kStorefront));
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", id));
  test.AskDue();
  CHECK(test.Count("SurveyAsked") == 1);
}

TEST_CASE("a ticket that is opened again, spam, switched off or closed without an agent is not asked about") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED, 0);
  const std::string open = test.Solve(), off = test.Solve(), silent = test.Open().id();
  REQUIRE_OK(test.Reply(open, "Olmadı", kStorefront));
  v1::UpdateTicketRequest update;
  update.mutable_ticket()->set_id(off);
  update.mutable_ticket()->add_tags(kNoSurveyTag);
  update.mutable_update_mask()->add_paths("tags");
  REQUIRE_OK(test.Call<v1::Ticket>("UpdateTicket", update));
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", silent));
  test.AskDue();
  std::map<std::string, std::string> reasons;
  for (const auto& invitation : test.Invitations()) reasons[invitation.ticket_id()] = invitation.skip_reason();
  CHECK(reasons[open] == "NOT_SOLVED");
  CHECK(reasons[off] == "SWITCHED_OFF");
  CHECK(reasons[silent] == "AUTO_CLOSED");
  CHECK(test.Count("SurveyAsked") == 0);
}

TEST_CASE("asking by hand keeps the rules, and workers and hands do not ask the same person twice") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_NPS, v1::SURVEY_TRIGGER_MANUAL);
  test.Solve();
  CHECK(test.Invitations().empty());
  v1::CreateSurveyInvitationRequest request;
  request.set_survey_id("survey");
  request.set_contact_id(SurveysUnderTest::kPerson);
  request.set_product_id("P1");
  ESNAF_REQUIRE_VALUE(const auto asked, test.Ask<v1::SurveyInvitation>("CreateSurveyInvitation", request, kStorefront));
  CHECK(asked.state() == v1::SURVEY_INVITATION_STATE_ASKED);
  CHECK(test.Page(asked.link_path(), "POST", "score=10").http_status() == 200);
  const auto refused = test.Ask<v1::SurveyInvitation>("CreateSurveyInvitation", request, kStorefront).status();
  CHECK(ErrorReason(refused) == "SURVEY_NOT_ASKED");
  request.set_survey_id("none");
  CHECK(test.Ask<v1::SurveyInvitation>("CreateSurveyInvitation", request).status().code() == StatusCode::kNotFound);
  v1::DeleteSurveyRequest remove;
  remove.set_id("survey");
  CHECK(ErrorReason(test.Ask<v1::DeleteSurveyResponse>("DeleteSurvey", remove).status()) == "SURVEY_IN_USE");
}

TEST_CASE("results are by group with how many answered and how sure that is") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED, 0);
  for (int i = 0; i < 4; ++i) test.Solve();
  test.AskDue();
  const auto invitations = test.Invitations();
  REQUIRE(invitations.size() == 4);
  test.Page(invitations[0].link_path(), "POST", "score=5");
  test.Page(invitations[1].link_path(), "POST", "score=4&finish=1");
  test.Page(invitations[2].link_path(), "POST", "score=1&finish=1");
  const v1::SurveyResults by_agent = test.Results(v1::SURVEY_GROUPING_AGENT);
  REQUIRE(by_agent.rows_size() == 1);
  const v1::SurveyResultsRow& row = by_agent.rows(0);
  CHECK(row.key() == "user:ayse");
  CHECK(row.ask_count() == 4);
  CHECK(row.answer_count() == 3);
  CHECK(row.value() == Approx(2.0 / 3));
  CHECK(row.lower_bound() < 0.5);
  CHECK(row.small_sample());
  CHECK(row.score_counts_size() == 5);
  CHECK(test.Results(v1::SURVEY_GROUPING_DAY).rows(0).key() == "2026-11-23");
  CHECK(test.Results(v1::SURVEY_GROUPING_MONTH).rows(0).key() == "2026-11-01");
  CHECK(test.Results(v1::SURVEY_GROUPING_UNSPECIFIED).total().answer_count() == 3);
}

TEST_CASE("a survey is changed by its mask, but never its kind") {
  SurveysUnderTest test;
  const v1::Survey made = test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_MANUAL);
  v1::UpdateSurveyRequest update;
  update.mutable_survey()->set_id("survey");
  update.mutable_survey()->set_kind(v1::SURVEY_KIND_NPS);
  update.mutable_survey()->set_etag(made.etag());
  update.mutable_survey()->mutable_turkish()->set_question("Nasıldı?");
  ESNAF_REQUIRE_VALUE(const auto changed, test.Ask<v1::Survey>("UpdateSurvey", update));
  CHECK(changed.kind() == v1::SURVEY_KIND_CSAT);
  CHECK(changed.turkish().question() == "Nasıldı?");
  CHECK(changed.throttle_days() == 90);
  CHECK(ErrorReason(test.Ask<v1::Survey>("UpdateSurvey", update).status()) == "ETAG_MISMATCH");
  v1::CreateSurveyRequest create;
  create.mutable_survey()->set_id("survey");
  CHECK_STATUS_IS(test.Ask<v1::Survey>("CreateSurvey", create).status(), StatusCode::kInvalidArgument, "kind");
}

}  // namespace
}  // namespace esnaf::support

// Goal: people are asked once after what was solved, answer once by a link, and what they say is told and reckoned.
#include "services/support/surveys/survey_service.h"

#include "esnaf/segmentation/v1/segments.pb.h"
#include "services/support/mail/mail_store.h"
#include "services/support/support_under_test.h"
#include "services/support/surveys/survey_asker.h"
#include "services/support/surveys/survey_segments.h"

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
  // A mailbox that sends, and the survey that asks through it after solving.
  void CreateByMail() {
    Mailbox mailbox{.id = "destek", .address = "destek@magaza.example", .display_name = "Destek"};
    mailbox.smtp_url = "smtp://localhost:2525";
    mailbox.create_time = clock.Now();
    REQUIRE_OK(schema.connection().Run({}, [&](postgres::Tx& tx) { return InsertMailbox(tx, mailbox).status(); }));
    v1::CreateSurveyRequest request;
    v1::Survey& survey = *request.mutable_survey();
    survey.set_id("survey");
    survey.set_kind(v1::SURVEY_KIND_CSAT);
    survey.set_trigger(v1::SURVEY_TRIGGER_TICKET_SOLVED);
    survey.mutable_mail()->set_mailbox_id("destek");
    survey.mutable_mail()->set_link_origin("https://destek.example.com");
    REQUIRE_OK(Ask<v1::Survey>("CreateSurvey", request));
    survey.set_id("other");
    survey.mutable_mail()->set_mailbox_id("nobody");
    CHECK_STATUS_IS(Ask<v1::Survey>("CreateSurvey", request).status(), StatusCode::kInvalidArgument,
                    "survey.mail.mailbox_id");
  }
  void KnowAddress(const std::string& contact_id, const std::string& address, bool verified = true) {
    schema.Sql(absl::StrCat("INSERT INTO contact_identity (kind, value, contact_id, verified) VALUES (2, '", address,
                            "', '", contact_id, "', ", verified ? "true" : "false", ")"));
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

TEST_CASE("a survey by mail is queued with its link, and who has no address is skipped") {
  SurveysUnderTest test;
  test.CreateByMail();
  const std::string other = Uuid::FromName("contact", "other").ToString();
  const std::string silent = Uuid::FromName("contact", "silent").ToString();
  const std::string gone = Uuid::FromName("contact", "gone").ToString();
  test.KnowAddress(SurveysUnderTest::kPerson, "ayse@example.com");
  test.KnowAddress(other, "other@example.com", false);
  test.KnowAddress(gone, "gone@example.com");
  // What came back earlier.
  test.schema.Sql(
      "INSERT INTO mail (mailbox_id, message_id, outcome, address, name, create_time) VALUES "
      "('destek', 'old@magaza.example', 6, 'gone@example.com', '', now())");
  const std::string ticket = test.Solve();
  test.schema.Sql(absl::StrCat(
      "INSERT INTO mail_out (id, mailbox_id, message_id, ticket_id, to_address, to_name, in_reply_to, text, automatic, "
      "state, next_attempt_time, create_time) VALUES (gen_random_uuid(), 'destek', 'old@magaza.example', '",
      ticket, "', 'gone@example.com', '', '', '', false, 4, now(), now())"));
  for (const std::string& contact : {other, silent, gone}) test.Solve(contact);
  test.AskDue();
  int skipped = 0;
  v1::SurveyInvitation asked;
  for (const v1::SurveyInvitation& invitation : test.Invitations()) {
    if (invitation.skip_reason() == "NO_ADDRESS") ++skipped;
    if (invitation.skip_reason().empty()) asked = invitation;
  }
  CHECK(skipped == 3);
  CHECK(asked.ticket_id() == ticket);
  const auto mails =
      test.schema.Sql("SELECT to_address, text, html, automatic, ticket_id::text FROM mail_out WHERE state = 1");
  REQUIRE(mails.size() == 1);
  CHECK(mails[0].Get<std::string>(0) == "ayse@example.com");
  const std::string link = "https://destek.example.com" + asked.link_path();
  CHECK(mails[0].Get<std::string>(1).find(link + "?lang=tr") != std::string::npos);
  CHECK(mails[0].Get<std::string>(2).find(link + "?lang=en") != std::string::npos);
  CHECK(mails[0].Get<bool>(3));
  CHECK(mails[0].Get<std::string>(4) == ticket);
  // The setting is kept, and can be taken away.
  v1::UpdateSurveyRequest update;
  update.mutable_survey()->set_id("survey");
  update.mutable_update_mask()->add_paths("mail");
  const auto without = test.Ask<v1::Survey>("UpdateSurvey", update);
  REQUIRE_OK(without);
  CHECK_FALSE(without->has_mail());
}

// Tells in which segments people are.
class FakeSegments final : public runtime::Channel {
 public:
  absl::Status CallErased(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions&) override {
    if (method != "/esnaf.segmentation.v1.SegmentService/ListContactSegments") return absl::UnimplementedError("");
    if (away) return absl::UnavailableError("away");
    const auto& asked = dynamic_cast<const segmentation::v1::ListContactSegmentsRequest&>(request);
    const auto found = segments.find(asked.contact_id());
    if (found == segments.end()) return absl::NotFoundError("no such contact");
    auto& answer = dynamic_cast<segmentation::v1::ListContactSegmentsResponse&>(response);
    for (const std::string& segment : found->second) answer.add_memberships()->set_segment_id(segment);
    return absl::OkStatus();
  }
  absl::Status ReadStream(std::string_view, const google::protobuf::Message&, const google::protobuf::Message&,
                          const std::function<bool(const google::protobuf::Message&)>&, const std::function<bool()>&,
                          const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no streams");
  }
  absl::Status WriteStream(std::string_view, const google::protobuf::Message&,
                           const std::function<bool(google::protobuf::Message&)>&, google::protobuf::Message&,
                           const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no streams");
  }
  std::map<std::string, std::vector<std::string>> segments;
  bool away = false;
};

TEST_CASE("results by segment count people in the segments that they were in when they were asked") {
  SurveysUnderTest test;
  test.Create(v1::SURVEY_KIND_CSAT, v1::SURVEY_TRIGGER_TICKET_SOLVED);
  const std::string second = Uuid::FromName("contact", "second").ToString();
  const std::string unknown = Uuid::FromName("contact", "unknown").ToString();
  for (const std::string& contact : {SurveysUnderTest::kPerson, second, unknown}) test.Solve(contact);
  test.AskDue();
  const auto source = std::make_shared<FakeSegments>();
  source->segments = {{SurveysUnderTest::kPerson, {"champions", "istanbul"}}, {second, {"istanbul"}}};
  source->away = true;
  const SurveySegments segments(source);
  CHECK_FALSE(segments.AskSome(test.schema.connection()).ok());
  source->away = false;
  const auto more = segments.AskSome(test.schema.connection());
  REQUIRE_OK(more);
  CHECK_FALSE(*more);
  // Nobody is asked about twice.
  source->segments[second] = {"champions"};
  REQUIRE_OK(segments.AskSome(test.schema.connection()));
  v1::GetSurveyResultsRequest request;
  request.set_survey_id("survey");
  request.set_group_by(v1::SURVEY_GROUPING_SEGMENT);
  const auto results = test.Ask<v1::SurveyResults>("GetSurveyResults", request);
  REQUIRE_OK(results);
  std::string text;
  for (const v1::SurveyResultsRow& row : results->rows()) absl::StrAppend(&text, row.key(), " ", row.ask_count(), ", ");
  CHECK(text == " 1, champions 1, istanbul 2, ");
  CHECK(results->total().ask_count() == 3);
}

}  // namespace
}  // namespace esnaf::support

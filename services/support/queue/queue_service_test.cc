// Goal: a team's tickets are shared out in the order of the queue, each to one agent, and the order is told.
#include "services/support/queue/queue_service.h"

#include "esnaf/segmentation/v1/values.pb.h"
#include "services/support/queue/standing_source.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using namespace std::chrono_literals;

// Answers what a test says that people are worth; nothing is known of others.
class FakeSegmentation final : public runtime::Channel {
 public:
  absl::Status CallErased(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions&) override {
    CHECK(method == "/esnaf.segmentation.v1.ValueService/GetContactValue");
    ++calls;
    if (away) return absl::UnavailableError("away");
    const auto& asked = dynamic_cast<const segmentation::v1::GetContactValueRequest&>(request);
    const auto found = values.find(asked.contact_id());
    if (found == values.end()) return NotFound("contact_value", asked.contact_id());
    response.CopyFrom(found->second);
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

  void Tell(const std::string& contact, std::int64_t clv_minor, double churn) {
    segmentation::v1::ContactValue& value = values[contact];
    value.mutable_predicted()->mutable_clv()->set_minor(clv_minor);
    value.mutable_predicted()->mutable_clv()->set_currency_code("TRY");
    value.set_churn_probability(churn);
  }

  std::map<std::string, segmentation::v1::ContactValue> values;
  bool away = false;
  int calls = 0;
};

struct DeskUnderTest : testing::SupportUnderTest {
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = testing::kStaff) {
    return desk.channel()->Call<Response>("/esnaf.support.v1.QueueService/" + method, request, options);
  }
  absl::StatusOr<v1::Agent> AddAgent(const std::string& id, const std::vector<std::string>& skills = {},
                                     int capacity = 0, bool away = false) {
    v1::CreateAgentRequest request;
    request.mutable_agent()->set_id(id);
    request.mutable_agent()->add_teams("returns");
    request.mutable_agent()->mutable_skills()->Assign(skills.begin(), skills.end());
    request.mutable_agent()->set_capacity(capacity);
    request.mutable_agent()->set_away(away);
    return Ask<v1::Agent>("CreateAgent", request);
  }
  absl::StatusOr<v1::Team> AddTeam(v1::AssignmentMethod method) {
    v1::CreateTeamRequest request;
    request.mutable_team()->set_id("returns");
    request.mutable_team()->set_assignment_method(method);
    return Ask<v1::Team>("CreateTeam", request);
  }
  std::string Wait(const std::string& subject, const std::string& contact = "", const std::string& tag = "") {
    v1::CreateTicketRequest request = Request(subject);
    request.mutable_ticket()->set_team("returns");
    request.mutable_ticket()->set_contact_id(contact);
    request.mutable_message()->set_author(v1::TICKET_AUTHOR_CUSTOMER);
    if (!tag.empty()) request.mutable_ticket()->add_tags(tag);
    clock.Advance(1s);
    auto ticket = Call<v1::Ticket>("CreateTicket", request);
    REQUIRE_OK(ticket);
    return ticket->id();
  }
  v1::ListQueuedTicketsResponse Queue(const std::string& team = "returns") {
    v1::ListQueuedTicketsRequest request;
    request.set_team(team);
    auto queue = Ask<v1::ListQueuedTicketsResponse>("ListQueuedTickets", request);
    REQUIRE_OK(queue);
    return *std::move(queue);
  }
  std::string Subjects() {
    std::string subjects;
    const v1::ListQueuedTicketsResponse queue = Queue();
    for (const v1::QueuedTicket& queued : queue.tickets()) subjects += queued.ticket().subject() + ";";
    return subjects;
  }
  absl::StatusOr<v1::Ticket> Take(const std::string& agent, const std::string& team = "returns") {
    v1::TakeQueuedTicketRequest request;
    request.set_team(team);
    request.set_agent(agent);
    return Ask<v1::Ticket>("TakeQueuedTicket", request);
  }
  void Share() {
    for (bool more = true; more;) {
      auto shared = schema.connection().Run({}, [&](postgres::Tx& tx) { return assigner.ShareSome(tx, clock.Now()); });
      REQUIRE_OK(shared);
      more = *shared;
    }
  }
  absl::Status AskStandings() { return standings.AskSome(schema.connection(), clock.Now()); }

  std::shared_ptr<FakeSegmentation> segmentation = std::make_shared<FakeSegmentation>();
  StandingSource standings{segmentation};
  Assigner assigner{writer};
  QueueService queue{assigner};
  testing::TestServer desk{schema, {queue.Rpcs()}, {.name = "support", .clock = &clock}};
};

const std::string kChampion = Uuid::FromName("contact", "champion").ToString();
const std::string kStranger = Uuid::FromName("contact", "stranger").ToString();

TEST_CASE("a customer of much value who may leave is answered first, and the list says by how much and why") {
  DeskUnderTest test;
  const std::string plain = test.Wait("first", kStranger);
  const std::string worthy = test.Wait("second", kChampion);
  CHECK(test.Subjects() == "first;second;");
  test.segmentation->Tell(kChampion, 300000, 0.5);
  REQUIRE_OK(test.AskStandings());
  CHECK(test.Subjects() == "second;first;");
  const v1::ListQueuedTicketsResponse queue = test.Queue("-");
  CHECK(queue.waiting_count() == 2);
  const v1::QueuePosition& first = queue.tickets(0).position();
  CHECK(first.position() == 1);
  CHECK(first.has_deadline());
  CHECK(first.predicted_clv().minor() == 300000);
  CHECK(first.churn_probability() == 0.5);
  CHECK(first.worth() == 2);
  CHECK(first.value_lead().seconds() == 4 * 3600);
  CHECK(first.churn_lead().seconds() == 2 * 3600);
  CHECK(first.due_time().seconds() - first.counted_due_time().seconds() == 6 * 3600);
  // The first response is due in 60 minutes.
  CHECK(first.due_time().seconds() == queue.tickets(0).ticket().create_time().seconds() + 3600);
  const v1::QueuePosition& second = queue.tickets(1).position();
  CHECK(second.worth() == 0);
  CHECK(second.predicted_clv().minor() == 0);

  v1::UpdateQueueSettingsRequest update;
  update.mutable_settings()->set_value_lead_minutes(0);
  update.mutable_settings()->set_churn_lead_minutes(0);
  update.mutable_update_mask()->add_paths("value_lead_minutes");
  update.mutable_update_mask()->add_paths("churn_lead_minutes");
  ESNAF_REQUIRE_VALUE(const auto settings, test.Ask<v1::QueueSettings>("UpdateQueueSettings", update));
  CHECK(settings.priority_lead_minutes() == 480);
  CHECK(settings.reference_value().minor() == 100000);
  CHECK(test.Subjects() == "first;second;");
  update.mutable_settings()->set_value_lead_minutes(-1);
  CHECK_STATUS_IS(test.Ask<v1::QueueSettings>("UpdateQueueSettings", update).status(), StatusCode::kInvalidArgument,
                  "settings.value_lead_minutes");
}

TEST_CASE("segmentation is asked once a day for each who waits, and what it said counts while it is away") {
  DeskUnderTest test;
  test.Wait("first", kStranger);
  test.Wait("second", kChampion);
  test.segmentation->Tell(kChampion, 300000, 0);
  REQUIRE_OK(test.AskStandings());
  REQUIRE_OK(test.AskStandings());
  CHECK(test.segmentation->calls == 2);
  test.clock.Advance(kStandingIsFresh + 1s);
  test.segmentation->away = true;
  CHECK(test.AskStandings().code() == StatusCode::kUnavailable);
  CHECK(test.Subjects() == "second;first;");
  test.segmentation->away = false;
  test.segmentation->Tell(kChampion, 0, 0);
  REQUIRE_OK(test.AskStandings());
  CHECK(test.Subjects() == "first;second;");
}

TEST_CASE("who takes the next ticket gets the first that the own skills are enough for, and nobody gets it twice") {
  DeskUnderTest test;
  REQUIRE_OK(test.AddAgent("ayse"));
  REQUIRE_OK(test.AddAgent("bora", {"german"}));
  test.Wait("german", "", "skill:german");
  test.Wait("turkish");
  ESNAF_REQUIRE_VALUE(const auto ayses, test.Take("ayse"));
  CHECK(ayses.subject() == "turkish");
  CHECK(ayses.assignee() == "ayse");
  CHECK(ErrorReason(test.Take("ayse").status()) == "QUEUED_TICKET_NOT_FOUND");
  ESNAF_REQUIRE_VALUE(const auto boras, test.Take("bora"));
  CHECK(boras.subject() == "german");
  CHECK(test.Queue().waiting_count() == 0);
  CHECK(ErrorReason(test.Take("bora", "sales").status()) == "AGENT_NOT_IN_TEAM");
  CHECK(ErrorReason(test.Take("can").status()) == "AGENT_NOT_FOUND");
  v1::GetAgentRequest get;
  get.set_id("bora");
  ESNAF_REQUIRE_VALUE(const auto bora, test.Ask<v1::Agent>("GetAgent", get));
  CHECK(bora.open_ticket_count() == 1);
  CHECK(bora.last_assign_time().seconds() == api::ToProto(test.clock.Now()).seconds());
}

TEST_CASE(
    "a team that shares work by load fills its agents evenly up to their capacity, and goes on when room is made") {
  DeskUnderTest test;
  REQUIRE_OK(test.AddTeam(v1::ASSIGNMENT_METHOD_LEAST_LOADED));
  REQUIRE_OK(test.AddAgent("ayse", {}, 2));
  REQUIRE_OK(test.AddAgent("bora", {}, 1));
  REQUIRE_OK(test.AddAgent("can", {}, 9, true));
  std::map<std::string, std::string> ids;
  for (const std::string subject : {"1", "2", "3", "4"}) ids[subject] = test.Wait(subject);
  test.Share();
  const auto assignee = [&](const std::string& subject) { return test.Get(ids[subject]).assignee(); };
  CHECK(assignee("1") == "ayse");
  CHECK(assignee("2") == "bora");
  CHECK(assignee("3") == "ayse");
  CHECK(assignee("4").empty());
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", ids["2"]));
  test.Share();
  CHECK(assignee("4") == "bora");
  v1::ListTicketEventsRequest events;
  events.set_ticket_id(ids["4"]);
  ESNAF_REQUIRE_VALUE(const auto trail, test.Call<v1::ListTicketEventsResponse>("ListTicketEvents", events));
  CHECK(trail.events(1).kind() == "assigned");
  CHECK(trail.events(1).actor() == "service:support");
}

TEST_CASE("a team that takes turns gives each agent one after the other, and one by hand gives nothing away") {
  DeskUnderTest test;
  REQUIRE_OK(test.AddTeam(v1::ASSIGNMENT_METHOD_UNSPECIFIED));
  for (const std::string agent : {"ayse", "bora", "can"}) REQUIRE_OK(test.AddAgent(agent));
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(test.Wait(absl::StrCat(i)));
  test.Share();
  CHECK(test.Queue().waiting_count() == 5);
  v1::UpdateTeamRequest update;
  update.mutable_team()->set_id("returns");
  update.mutable_team()->set_assignment_method(v1::ASSIGNMENT_METHOD_ROUND_ROBIN);
  REQUIRE_OK(test.Ask<v1::Team>("UpdateTeam", update));
  test.Share();
  std::string turns;
  for (const std::string& id : ids) turns += test.Get(id).assignee() + " ";
  CHECK(turns == "ayse bora can ayse bora ");
  ids.push_back(test.Wait("one more"));
  test.Share();
  CHECK(test.Get(ids.back()).assignee() == "can");
}

TEST_CASE("agents are made once, changed by mask and etag, listed page by page and deleted, by who may") {
  DeskUnderTest test;
  ESNAF_REQUIRE_VALUE(const auto made, test.AddAgent("ayse", {"german"}));
  CHECK(made.capacity() == 20);
  CHECK(ErrorReason(test.AddAgent("ayse").status()) == "AGENT_ALREADY_EXISTS");
  CHECK_STATUS_IS(test.AddAgent("Ayşe").status(), StatusCode::kInvalidArgument, "agent.id");
  v1::UpdateAgentRequest update;
  update.mutable_agent()->set_id("ayse");
  update.mutable_agent()->set_etag(made.etag());
  update.mutable_agent()->set_away(true);
  update.mutable_update_mask()->add_paths("away");
  ESNAF_REQUIRE_VALUE(const auto away, test.Ask<v1::Agent>("UpdateAgent", update));
  CHECK(away.away());
  CHECK(away.skills(0) == "german");
  CHECK(ErrorReason(test.Ask<v1::Agent>("UpdateAgent", update).status()) == "ETAG_MISMATCH");
  REQUIRE_OK(test.AddAgent("bora"));
  v1::ListAgentsRequest list;
  list.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto page, test.Ask<v1::ListAgentsResponse>("ListAgents", list));
  CHECK(page.agents(0).id() == "ayse");
  list.set_page_token(page.next_page_token());
  ESNAF_REQUIRE_VALUE(const auto last, test.Ask<v1::ListAgentsResponse>("ListAgents", list));
  CHECK(last.agents(0).id() == "bora");
  CHECK(last.next_page_token().empty());
  v1::DeleteAgentRequest remove;
  remove.set_id("ayse");
  runtime::ClientCallOptions limited = testing::kStaff;
  limited.metadata.emplace_back("esnaf-stores", "tr");
  CHECK(test.Ask<v1::DeleteAgentResponse>("DeleteAgent", remove, limited).status().code() ==
        StatusCode::kPermissionDenied);
  REQUIRE_OK(test.Ask<v1::DeleteAgentResponse>("DeleteAgent", remove));
  CHECK(ErrorReason(test.Ask<v1::DeleteAgentResponse>("DeleteAgent", remove).status()) == "AGENT_NOT_FOUND");
}

}  // namespace
}  // namespace esnaf::support

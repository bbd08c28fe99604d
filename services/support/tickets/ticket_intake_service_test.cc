// Goal: tickets of several calls are made together, and each call is answered as if it had come alone.
#include "services/support/tickets/ticket_intake.h"

#include <memory>

#include "libs/identity/identity.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using testing::SupportUnderTest;

runtime::CallInfo InfoOf(const std::string& actor, const std::string& trace_parent,
                         std::vector<std::string> store_ids = {}) {
  return {.caller = {.kind = runtime::Caller::Kind::kStorefront, .actor = actor, .store_ids = std::move(store_ids)},
          .trace_parent = trace_parent};
}

// Calls that came together, as the server hands them over.
struct Together {
  runtime::Call& Add(v1::CreateTicketRequest request, runtime::CallInfo info = InfoOf("key:1", "")) {
    // By the test's clock and by the database's, which knows no other.
    info.deadline = std::max(SystemClock().Now(), test.clock.Now()) + std::chrono::seconds(20);
    requests.push_back(std::make_unique<v1::CreateTicketRequest>(std::move(request)));
    calls.push_back(std::make_unique<runtime::Call>(std::move(info), test.clock, test.schema.connection()));
    return *calls.back();
  }
  std::vector<absl::StatusOr<v1::Ticket>> Run() {
    std::vector<TicketIntake::Asked> asked;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      asked.push_back({*calls[i], *requests[i], absl::UnknownError("")});
    }
    TicketIntake(test.writer, test.requesters).CreateTogether(asked);
    std::vector<absl::StatusOr<v1::Ticket>> answers;
    for (TicketIntake::Asked& one : asked) answers.push_back(std::move(one.answer));
    return answers;
  }

  SupportUnderTest& test;
  std::vector<std::unique_ptr<v1::CreateTicketRequest>> requests{};
  std::vector<std::unique_ptr<runtime::Call>> calls{};
};

v1::CreateTicketRequest Named(SupportUnderTest& test, const std::string& external_id) {
  v1::CreateTicketRequest request = test.Request("Form " + external_id);
  request.mutable_ticket()->set_external_id(external_id);
  return request;
}

v1::CreateTicketRequest From(SupportUnderTest& test, const std::string& email) {
  v1::CreateTicketRequest request = test.Request("Kargo nerede?");
  contacts::v1::Identity& identity = *request.mutable_requester()->add_identities();
  identity.set_kind(contacts::v1::IDENTITY_KIND_EMAIL);
  identity.set_value(email);
  identity.set_verified(true);
  return request;
}

std::int64_t Count(SupportUnderTest& test, const std::string& sql) {
  return test.schema.Sql("SELECT count(*) FROM " + sql)[0].Get<std::int64_t>(0);
}

TEST_CASE("tickets of several calls are made in one transaction, each under its own caller") {
  SupportUnderTest test;
  Together together{test};
  const runtime::Call& first = together.Add(test.Request("Bir"), InfoOf("key:1", "trace-1"));
  const runtime::Call& second = together.Add(test.Request("İki"), InfoOf("key:2", "trace-2", {"tr"}));
  together.Add(test.Request("", ""));
  together.Add(test.Request("Dört"), InfoOf("key:4", "", {"elsewhere"}));
  const auto answers = together.Run();
  for (const std::size_t i : {0, 1}) {
    ESNAF_REQUIRE_VALUE(const v1::Ticket ticket, answers[i]);
    CHECK(ticket.subject() == together.requests[i]->ticket().subject());
    CHECK(ticket.sla_policy_id() == "always");
    CHECK(ticket.deadlines_size() == 2);
    CHECK(test.Get(ticket.id()).SerializeAsString() == ticket.SerializeAsString());
  }
  CHECK(answers[0]->number() != answers[1]->number());
  CHECK(ErrorFields(answers[2].status())[0].first == "ticket.subject");
  CHECK(answers[3].status().code() == StatusCode::kPermissionDenied);
  REQUIRE(first.event_xact());
  CHECK(first.event_xact() == second.event_xact());
  const auto causes = test.schema.Sql(
      "SELECT o.actor, o.trace_parent, e.actor, m.actor, count(*) OVER (PARTITION BY o.xact) FROM outbox o JOIN "
      "ticket_event e ON e.ticket_id = o.aggregate_id JOIN ticket_message m ON m.ticket_id = e.ticket_id ORDER BY 1");
  REQUIRE(causes.size() == 2);
  for (int i : {0, 1}) {
    const std::string number = std::to_string(i + 1);
    CHECK(causes[i].Get<std::string>(0) == "key:" + number);
    CHECK(causes[i].Get<std::string>(1) == "trace-" + number);
    CHECK(causes[i].Get<std::string>(2) == "key:" + number);
    CHECK(causes[i].Get<std::string>(3) == "key:" + number);
    CHECK(causes[i].Get<std::int64_t>(4) == 2);
  }
}

TEST_CASE("a ticket that its source names is made once, whoever brings it along with others") {
  SupportUnderTest test;
  ESNAF_REQUIRE_VALUE(const v1::Ticket known, test.Call<v1::Ticket>("CreateTicket", Named(test, "a")));
  Together together{test};
  for (const char* name : {"a", "b", "b", "c"}) together.Add(Named(test, name));
  const auto answers = together.Run();
  for (const auto& answer : answers) REQUIRE_OK(answer);
  CHECK(answers[0]->id() == known.id());
  CHECK(answers[0]->number() == known.number());
  CHECK(answers[1]->SerializeAsString() == answers[2]->SerializeAsString());
  CHECK(answers[3]->external_id() == "c");
  CHECK(Count(test, "ticket") == 3);
  CHECK(Count(test, "ticket_message") == 3);
  CHECK(test.Count("TicketChanged") == 3);
  for (const auto& answer : together.Run()) CHECK_OK(answer);
  CHECK(test.Count("TicketChanged") == 3);
}

TEST_CASE("requesters are found together; who is refused or unheard of changes nothing for the others") {
  SupportUnderTest test;
  const Uuid unheard = Uuid::FromName("contact", "unheard"), absent = Uuid::FromName("contact", "absent");
  test.contacts->SetAbsent(absent.ToString());
  test.contacts->Refuse("refused@x.tr");
  Together together{test};
  for (const char* email : {"ali@x.tr", "refused@x.tr", "veli@x.tr"}) together.Add(From(test, email));
  for (const Uuid& contact : {unheard, absent}) {
    v1::CreateTicketRequest request = test.Request("Kargo nerede?");
    request.mutable_ticket()->set_contact_id(contact.ToString());
    together.Add(std::move(request));
  }
  together.Add(test.Request("Kimse"));
  const auto answers = together.Run();
  REQUIRE_OK(answers[0]);
  CHECK(answers[0]->contact_id() == testing::FakeContacts::ContactOf("ali@x.tr").ToString());
  CHECK(answers[1].status().code() == StatusCode::kInvalidArgument);
  CHECK(answers[2]->contact_id() == testing::FakeContacts::ContactOf("veli@x.tr").ToString());
  CHECK(answers[3]->contact_id() == unheard.ToString());
  CHECK_STATUS_IS(answers[4].status(), StatusCode::kInvalidArgument, "contact_id");
  CHECK(answers[5]->contact_id().empty());
  CHECK(test.Count("TicketChanged") == 4);
}

TEST_CASE("while contacts is away, tickets that come together are taken and their requesters wait") {
  SupportUnderTest test;
  test.contacts->SetAway(true);
  Together together{test};
  for (const char* email : {"ali@x.tr", "veli@x.tr"}) together.Add(From(test, email));
  for (const auto& answer : together.Run()) {
    REQUIRE_OK(answer);
    CHECK(answer->contact_id().empty());
  }
  CHECK(Count(test, "ticket_requester r JOIN ticket t ON t.id = r.ticket_id") == 2);
}

TEST_CASE("what needs a look of its own is made alone: parts, follow-ups, and calls with a key") {
  SupportUnderTest test;
  const v1::Ticket whole = test.Open();
  Together together{test};
  v1::CreateTicketRequest part = test.Request("Parça");
  part.mutable_ticket()->set_parent_id(whole.id());
  together.Add(part);
  part.mutable_ticket()->set_parent_id(Uuid::FromName("ticket", "nowhere").ToString());
  together.Add(part);
  v1::CreateTicketRequest keyed = test.Request("Anahtar");
  keyed.set_request_id("once");
  together.Add(keyed);
  together.Add(keyed);
  const auto answers = together.Run();
  CHECK(answers[0]->parent_id() == whole.id());
  CHECK_STATUS_IS(answers[1].status(), StatusCode::kInvalidArgument, "parent_id");
  REQUIRE_OK(answers[2]);
  CHECK(answers[2]->id() == answers[3]->id());
}

}  // namespace
}  // namespace esnaf::support

// Goal: whose tickets are, how they belong together, and what is done with many of them at once.
#include <thread>

#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using namespace std::chrono_literals;
using testing::FakeContacts;
using testing::kStaff;
using testing::kStorefront;
using testing::SupportUnderTest;

v1::CreateTicketRequest RequestOf(SupportUnderTest& test, const std::string& email, bool verified = true) {
  v1::CreateTicketRequest request = test.Request("Kargo");
  contacts::v1::Identity& identity = *request.mutable_requester()->add_identities();
  identity.set_kind(contacts::v1::IDENTITY_KIND_EMAIL);
  identity.set_value(email);
  identity.set_verified(verified);
  return request;
}
void LinkAll(SupportUnderTest& test) {
  for (bool more = true; more;) {
    const auto linked = test.requesters.LinkSome(test.schema.connection(), test.writer, test.clock.Now());
    REQUIRE_OK(linked);
    more = *linked;
  }
}
v1::UpdateTicketRequest ParentOf(const std::string& id, const std::string& parent) {
  v1::UpdateTicketRequest request;
  request.mutable_ticket()->set_id(id);
  request.mutable_ticket()->set_parent_id(parent);
  return request;
}
std::string LastKind(SupportUnderTest& test, const std::string& id) {
  v1::ListTicketEventsRequest request;
  request.set_ticket_id(id);
  auto events = test.Call<v1::ListTicketEventsResponse>("ListTicketEvents", request);
  REQUIRE_OK(events);
  return events->events().rbegin()->kind();
}

TEST_CASE("a contact that there is none of is no requester") {
  SupportUnderTest test;
  const std::string nobody = Uuid::FromName("test", "nobody").ToString();
  test.contacts->SetAbsent(nobody);
  v1::CreateTicketRequest request = test.Request("S");
  request.mutable_ticket()->set_contact_id(nobody);
  CHECK_STATUS_IS(test.Call<v1::Ticket>("CreateTicket", request, kStorefront).status(), StatusCode::kInvalidArgument,
                  "ticket.contact_id");
  v1::UpdateTicketRequest update;
  update.mutable_ticket()->set_id(test.Open().id());
  update.mutable_ticket()->set_contact_id(nobody);
  CHECK_STATUS_IS(test.Call<v1::Ticket>("UpdateTicket", update).status(), StatusCode::kInvalidArgument,
                  "ticket.contact_id");
  test.contacts->SetAway(true);
  CHECK(test.Call<v1::Ticket>("CreateTicket", request).status().code() == StatusCode::kUnavailable);
}

TEST_CASE("a requester is found by what he is known by, and remembered") {
  SupportUnderTest test;
  ESNAF_REQUIRE_VALUE(const auto ticket,
                      test.Call<v1::Ticket>("CreateTicket", RequestOf(test, "AYSE@example.com"), kStorefront));
  CHECK(ticket.contact_id() == FakeContacts::ContactOf("ayse@example.com").ToString());
  test.contacts->SetAway(true);
  ESNAF_REQUIRE_VALUE(const auto again,
                      test.Call<v1::Ticket>("CreateTicket", RequestOf(test, "ayse@example.com"), kStorefront));
  CHECK(again.contact_id() == ticket.contact_id());
  v1::CreateTicketRequest wrong = RequestOf(test, "no mail");
  CHECK_STATUS_IS(test.Call<v1::Ticket>("CreateTicket", wrong).status(), StatusCode::kInvalidArgument,
                  "requester.identities[0].value");
  wrong = RequestOf(test, "a@example.com");
  wrong.mutable_ticket()->set_contact_id(ticket.contact_id());
  CHECK_STATUS_IS(test.Call<v1::Ticket>("CreateTicket", wrong).status(), StatusCode::kInvalidArgument, "requester");
}

TEST_CASE("while contacts is away a ticket is taken all the same, and linked later; one whom it refuses waits alone") {
  SupportUnderTest test;
  test.contacts->SetAway(true);
  ESNAF_REQUIRE_VALUE(const auto first, test.Call<v1::Ticket>("CreateTicket", RequestOf(test, "a@example.com")));
  ESNAF_REQUIRE_VALUE(const auto second, test.Call<v1::Ticket>("CreateTicket", RequestOf(test, "b@example.com")));
  CHECK(first.contact_id().empty());
  // The linker has learned that contacts is away; another one, as after the pause, has not.
  Requesters later(test.contacts, SystemClock());
  CHECK_FALSE(*later.LinkSome(test.schema.connection(), test.writer, test.clock.Now()));
  test.contacts->SetAway(false);
  test.contacts->Refuse("a@example.com");
  Requesters after(test.contacts, SystemClock());
  REQUIRE_OK(after.LinkSome(test.schema.connection(), test.writer, test.clock.Now()));
  CHECK(test.Get(first.id()).contact_id().empty());
  CHECK(test.Get(second.id()).contact_id() == FakeContacts::ContactOf("b@example.com").ToString());
  CHECK(LastKind(test, second.id()) == "requester_linked");
  test.contacts->Refuse("");
  test.clock.Advance(11min);
  REQUIRE_OK(after.LinkSome(test.schema.connection(), test.writer, test.clock.Now()));
  CHECK(test.Get(first.id()).contact_id() == FakeContacts::ContactOf("a@example.com").ToString());
  LinkAll(test);
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket_requester")[0].Get<int>(0) == 0);
}

TEST_CASE("a ticket with open parts is not solved by mistake, and nothing is a part of itself") {
  SupportUnderTest test;
  const std::string whole = test.Open("Bütün").id(), part = test.Open("Parça").id();
  REQUIRE_OK(test.Call<v1::Ticket>("UpdateTicket", ParentOf(part, whole)));
  CHECK_STATUS_IS(test.Call<v1::Ticket>("UpdateTicket", ParentOf(whole, part)).status(), StatusCode::kInvalidArgument,
                  "ticket.parent_id");
  CHECK_STATUS_IS(test.Call<v1::Ticket>("UpdateTicket", ParentOf(whole, whole)).status(), StatusCode::kInvalidArgument,
                  "ticket.parent_id");
  const absl::Status refused = test.Verb<v1::SolveTicketRequest>("SolveTicket", whole).status();
  CHECK(ErrorReason(refused) == "OPEN_PARTS");
  CHECK(ErrorMetadataValue(refused, "count") == "1");
  CHECK(ErrorReason(test.Reply(whole, "Tamam", kStaff, v1::TICKET_STATE_SOLVED).status()) == "OPEN_PARTS");
  CHECK(test.Get(whole).message_count() == 1);
  v1::ListTicketsRequest parts;
  parts.set_filter("parent_id = \"" + whole + "\"");
  CHECK(test.Subjects(parts) == "Parça;");
  v1::SolveTicketRequest solve;
  solve.set_id(whole);
  solve.set_with_open_parts(true);
  CHECK(test.Call<v1::Ticket>("SolveTicket", solve)->state() == v1::TICKET_STATE_SOLVED);
}

TEST_CASE("what the requester writes of a closed ticket goes to one that follows it, the same one each time") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", id));
  test.clock.Advance(std::chrono::days(15));
  test.Tick();
  REQUIRE(test.Get(id).state() == v1::TICKET_STATE_CLOSED);
  v1::ReplyToTicketRequest reply;
  reply.set_id(id);
  reply.mutable_message()->set_text("Yine bozuldu");
  reply.mutable_message()->set_external_id("mail-1");
  ESNAF_REQUIRE_VALUE(const auto said, test.Call<v1::TicketMessage>("ReplyToTicket", reply, kStorefront));
  CHECK(said.ticket_id() != id);
  const v1::Ticket follow_up = test.Get(said.ticket_id());
  CHECK(follow_up.follow_up_of_id() == id);
  CHECK(follow_up.state() == v1::TICKET_STATE_NEW);
  CHECK(follow_up.deadlines_size() == 2);
  CHECK(LastKind(test, id) == "followed_up");
  CHECK(test.Call<v1::TicketMessage>("ReplyToTicket", reply, kStorefront)->id() == said.id());
  ESNAF_REQUIRE_VALUE(const auto second, test.Reply(id, "Cevap?", kStorefront));
  CHECK(second.ticket_id() == said.ticket_id());
  CHECK(test.Get(said.ticket_id()).message_count() == 2);
}

TEST_CASE("a merge carries a question that nobody answered; what the requester writes of the merged one follows it") {
  SupportUnderTest test;
  const std::string from = test.Open("Soru").id(), into = test.Open("Cevap").id();
  REQUIRE_OK(test.Reply(into, "Buyurun", kStaff, v1::TICKET_STATE_PENDING_CUSTOMER));
  test.clock.Advance(10min);
  v1::MergeTicketRequest merge;
  merge.set_id(from);
  merge.set_into_id(into);
  REQUIRE_OK(test.Call<v1::Ticket>("MergeTicket", merge));
  const v1::Ticket open = test.Get(into);
  CHECK(open.state() == v1::TICKET_STATE_OPEN);
  CHECK(LastKind(test, into) == "question_merged");
  bool waits = false;
  for (const v1::TicketDeadline& deadline : open.deadlines()) {
    waits = waits || (deadline.metric() == v1::SLA_METRIC_NEXT_RESPONSE && deadline.running());
  }
  CHECK(waits);
  ESNAF_REQUIRE_VALUE(const auto said, test.Reply(from, "Orada mısınız?", kStorefront));
  CHECK(said.ticket_id() == into);
}

TEST_CASE("who is mentioned in a note follows the ticket") {
  SupportUnderTest test;
  v1::AddTicketNoteRequest note;
  note.set_id(test.Open().id());
  note.mutable_message()->set_text("@ali bakar mısın");
  note.mutable_message()->add_mentions("user:ali");
  REQUIRE_OK(test.Call<v1::TicketMessage>("AddTicketNote", note));
  REQUIRE_OK(test.Call<v1::TicketMessage>("AddTicketNote", note));
  v1::ListTicketsRequest followed;
  followed.set_filter("followers:\"user:ali\"");
  CHECK(test.Subjects(followed) == "Kargo nerede?;");
  CHECK(test.Get(note.id()).followers_size() == 1);
}

TEST_CASE("many tickets are changed at once, each by itself") {
  SupportUnderTest test;
  const std::string a = test.Open("A").id(), b = test.Open("B").id(), closed = test.Open("C").id();
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", closed));
  REQUIRE_OK(test.Verb<v1::CloseTicketRequest>("CloseTicket", closed));
  v1::BulkUpdateTicketsRequest request;
  for (const std::string& id : {a, closed, Uuid::FromName("test", "none").ToString(), b}) request.add_ids(id);
  request.add_actions()->set_assignee("user:ayse");
  request.add_actions()->set_priority(v1::TICKET_PRIORITY_HIGH);
  request.add_actions()->set_add_tag("kargo");
  request.add_actions()->set_state(v1::TICKET_STATE_SOLVED);
  request.set_request_id("bulk-1");
  ESNAF_REQUIRE_VALUE(const auto response, test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", request));
  REQUIRE(response.results_size() == 4);
  CHECK(response.results(0).ticket().SerializeAsString() == test.Get(a).SerializeAsString());
  CHECK(response.results(0).ticket().state() == v1::TICKET_STATE_SOLVED);
  CHECK(response.results(1).error().code() == static_cast<int>(StatusCode::kFailedPrecondition));
  CHECK(response.results(2).error().code() == static_cast<int>(StatusCode::kNotFound));
  CHECK(test.Get(b).tags(0) == "kargo");
  CHECK(test.Get(closed).assignee().empty());
  CHECK(test.Get(b).etag() == "5");
  CHECK(test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", request)->results_size() == 4);
  CHECK(test.Get(b).etag() == "5");
  request.clear_request_id();
  request.add_ids(a);
  CHECK_STATUS_IS(test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", request).status(),
                  StatusCode::kInvalidArgument, "ids[4]");
  request.mutable_ids()->RemoveLast();
  request.add_actions()->set_state(v1::TICKET_STATE_MERGED);
  request.add_actions();
  CHECK_STATUS_IS(test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", request).status(),
                  StatusCode::kInvalidArgument, "actions[4].state");
}

TEST_CASE("a whole is solved together with its parts, and not without them") {
  SupportUnderTest test;
  const std::string whole = test.Open("Bütün").id(), part = test.Open("Parça").id();
  REQUIRE_OK(test.Call<v1::Ticket>("UpdateTicket", ParentOf(part, whole)));
  v1::BulkUpdateTicketsRequest request;
  request.add_ids(whole);
  request.add_actions()->set_state(v1::TICKET_STATE_SOLVED);
  ESNAF_REQUIRE_VALUE(const auto refused, test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", request));
  CHECK(refused.results(0).has_error());
  request.add_ids(part);
  ESNAF_REQUIRE_VALUE(const auto solved, test.Call<v1::BulkUpdateTicketsResponse>("BulkUpdateTickets", request));
  CHECK(solved.results(0).ticket().state() == v1::TICKET_STATE_SOLVED);
  CHECK(solved.results(1).ticket().state() == v1::TICKET_STATE_SOLVED);
}

TEST_CASE("who watches a ticket is told who else is there, and who types") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  const testing::ClientCallOptions ali{.metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "user:ali"}}};
  v1::WatchTicketRequest watch;
  watch.set_id(id);
  std::vector<std::string> seen;
  bool asked = false;
  std::thread typist;
  const absl::Status ended = test.server.channel()->ReadStream(
      "/esnaf.support.v1.TicketService/WatchTicket", watch, v1::TicketPresence::default_instance(),
      [&](const google::protobuf::Message& message) {
        const auto& presence = dynamic_cast<const v1::TicketPresence&>(message);
        for (const v1::TicketViewer& viewer : presence.viewers()) seen.push_back(viewer.actor());
        if (!asked) {
          typist = std::thread([&] {
            v1::TouchTicketRequest touch;
            touch.set_id(id);
            touch.set_activity(v1::TICKET_ACTIVITY_TYPING);
            (void)test.Call<v1::TicketPresence>("TouchTicket", touch, ali);
          });
        }
        asked = true;
        return seen.empty();
      },
      [] { return false; }, testing::kStaff);
  typist.join();
  CHECK_OK(ended);
  CHECK(seen == std::vector<std::string>{"user:ali"});
  v1::TouchTicketRequest none;
  none.set_id(Uuid::FromName("test", "none").ToString());
  CHECK(test.Call<v1::TicketPresence>("TouchTicket", none).status().code() == StatusCode::kNotFound);
}

}  // namespace
}  // namespace esnaf::support

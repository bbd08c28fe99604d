// Goal: tickets are made once, answered, moved, merged and found; everything that happens is on their trail.
#include "libs/identity/identity.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using namespace std::chrono_literals;
using testing::kStaff;
using testing::kStorefront;
using testing::SupportUnderTest;

std::vector<std::string> Trail(SupportUnderTest& test, const std::string& id) {
  v1::ListTicketEventsRequest request;
  request.set_ticket_id(id);
  auto events = test.Call<v1::ListTicketEventsResponse>("ListTicketEvents", request);
  REQUIRE_OK(events);
  std::vector<std::string> kinds;
  for (int i = 0; i < events->events_size(); ++i) {
    CHECK(events->events(i).sequence() == i + 1);
    kinds.push_back(events->events(i).kind());
  }
  return kinds;
}

std::vector<std::string> Texts(SupportUnderTest& test, const std::string& id,
                               const testing::ClientCallOptions& options = kStaff) {
  v1::ListTicketMessagesRequest request;
  request.set_ticket_id(id);
  auto messages = test.Call<v1::ListTicketMessagesResponse>("ListTicketMessages", request, options);
  REQUIRE_OK(messages);
  std::vector<std::string> texts;
  for (const v1::TicketMessage& message : messages->messages()) texts.push_back(message.text());
  return texts;
}
using Names = std::vector<std::string>;

TEST_CASE("a ticket is made with its number, first message and deadlines, and told of") {
  SupportUnderTest test;
  const v1::Ticket first = test.Open();
  const Time begun = test.clock.Now();
  const v1::Ticket second = test.Open();
  CHECK(second.number() > first.number());
  CHECK(first.state() == v1::TICKET_STATE_NEW);
  CHECK(first.priority() == v1::TICKET_PRIORITY_NORMAL);
  CHECK(first.message_count() == 1);
  CHECK(first.sla_policy_id() == "always");
  REQUIRE(first.deadlines_size() == 2);
  CHECK(first.deadlines(0).metric() == v1::SLA_METRIC_FIRST_RESPONSE);
  CHECK(*api::FromProto(first.next_due_time(), "") == begun + 60min);
  CHECK(first.has_last_customer_time());
  CHECK(test.Get(first.id()).SerializeAsString() == first.SerializeAsString());
  CHECK(test.Count("TicketChanged") == 2);
  CHECK(Trail(test, first.id()) == Names{"created"});
}

TEST_CASE("a ticket of an external id is made once for each store") {
  SupportUnderTest test;
  v1::CreateTicketRequest request = test.Request("Form");
  request.mutable_ticket()->set_external_id("form-1");
  ESNAF_REQUIRE_VALUE(const auto made, test.Call<v1::Ticket>("CreateTicket", request));
  ESNAF_REQUIRE_VALUE(const auto again, test.Call<v1::Ticket>("CreateTicket", request));
  CHECK(again.id() == made.id());
  request.mutable_ticket()->set_store_id("de");
  CHECK(test.Call<v1::Ticket>("CreateTicket", request)->id() != made.id());
  CHECK(test.Count("TicketChanged") == 2);
}

TEST_CASE("what is wrong with a ticket is named field by field") {
  SupportUnderTest test;
  v1::CreateTicketRequest request;
  request.mutable_ticket()->set_contact_id("x");
  request.mutable_ticket()->add_tags("");
  request.mutable_message()->set_author(v1::TICKET_AUTHOR_AGENT);
  std::string fields;
  const absl::Status refused = test.Call<v1::Ticket>("CreateTicket", request, kStorefront).status();
  for (const auto& [field, description] : ErrorFields(refused)) fields += field + ";";
  CHECK(fields == "ticket.contact_id;ticket.subject;ticket.tags[0];message.text;message.author;");
  request = test.Request("Part");
  request.mutable_ticket()->set_parent_id(Uuid::NewV7(test.clock.Now()).ToString());
  CHECK_STATUS_IS(test.Call<v1::Ticket>("CreateTicket", request).status(), StatusCode::kInvalidArgument, "parent_id");
}

TEST_CASE("verbs move a ticket, wrong ones are refused, and the etag guards them") {
  SupportUnderTest test;
  const v1::Ticket ticket = test.Open();
  const std::string& id = ticket.id();
  ESNAF_REQUIRE_VALUE(const auto open, test.Verb<v1::OpenTicketRequest>("OpenTicket", id, ticket.etag()));
  CHECK(open.state() == v1::TICKET_STATE_OPEN);
  CHECK(ErrorReason(test.Verb<v1::SolveTicketRequest>("SolveTicket", id, ticket.etag()).status()) == "ETAG_MISMATCH");
  const absl::Status wrong = test.Verb<v1::ReopenTicketRequest>("ReopenTicket", id).status();
  CHECK(wrong.code() == StatusCode::kFailedPrecondition);
  CHECK(ErrorReason(wrong) == "TICKET_STATE");
  REQUIRE_OK(test.Verb<v1::AwaitTicketInternalRequest>("AwaitTicketInternal", id));
  REQUIRE_OK(test.Verb<v1::AwaitTicketCustomerRequest>("AwaitTicketCustomer", id));
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", id));
  REQUIRE_OK(test.Verb<v1::ReopenTicketRequest>("ReopenTicket", id));
  CHECK(test.Get(id).reopen_count() == 1);
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", id));
  REQUIRE_OK(test.Verb<v1::UnmarkTicketSpamRequest>("UnmarkTicketSpam", id));
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", id));
  CHECK(test.Verb<v1::CloseTicketRequest>("CloseTicket", id)->state() == v1::TICKET_STATE_CLOSED);
  CHECK(ErrorReason(test.Reply(id, "Bir de şu var").status()) == "TICKET_STATE");
  CHECK(Trail(test, id).size() == 10);
  CHECK(test.Count("TicketChanged") == 10);
}

TEST_CASE("replies and notes: who may say and see what, and where they lead") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  v1::AddTicketNoteRequest note;
  note.set_id(id);
  note.mutable_message()->set_text("Depoya sor");
  note.mutable_message()->add_mentions("user:ali");
  test.clock.Advance(1ms);
  ESNAF_REQUIRE_VALUE(const auto noted, test.Call<v1::TicketMessage>("AddTicketNote", note));
  CHECK(noted.kind() == v1::TICKET_MESSAGE_KIND_INTERNAL_NOTE);
  CHECK(noted.mentions(0) == "user:ali");
  CHECK(test.Get(id).state() == v1::TICKET_STATE_NEW);
  REQUIRE_OK(test.Reply(id, "Yolda", kStaff, v1::TICKET_STATE_PENDING_CUSTOMER));
  const v1::Ticket waiting = test.Get(id);
  CHECK(waiting.state() == v1::TICKET_STATE_PENDING_CUSTOMER);
  CHECK(waiting.deadlines(0).has_met_time());
  CHECK_FALSE(waiting.has_next_due_time());
  REQUIRE_OK(test.Reply(id, "Gelmedi", kStorefront));
  CHECK(test.Get(id).state() == v1::TICKET_STATE_OPEN);
  CHECK(Texts(test, id) == Names{"Merhaba", "Depoya sor", "Yolda", "Gelmedi"});
  CHECK(Texts(test, id, kStorefront) == Names{"Merhaba", "Yolda", "Gelmedi"});
  CHECK(Trail(test, id) == Names{"created", "message", "message", "state", "message"});
  v1::ReplyToTicketRequest reply;
  reply.set_id(id);
  reply.mutable_message()->set_text("Geldi");
  reply.mutable_message()->set_external_id("mail-7");
  ESNAF_REQUIRE_VALUE(const auto said, test.Call<v1::TicketMessage>("ReplyToTicket", reply, kStorefront));
  CHECK(test.Call<v1::TicketMessage>("ReplyToTicket", reply, kStorefront)->id() == said.id());
  CHECK(test.Get(id).message_count() == 5);
  reply.set_next_state(v1::TICKET_STATE_SOLVED);
  CHECK_STATUS_IS(test.Call<v1::TicketMessage>("ReplyToTicket", reply, kStorefront).status(),
                  StatusCode::kInvalidArgument, "next_state");
}

TEST_CASE("assignment, priority and fields change by their own ways, and what changes nothing is no event") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  v1::AssignTicketRequest assign;
  assign.set_id(id);
  assign.set_assignee("user:ayse");
  assign.set_team("iade");
  REQUIRE_OK(test.Call<v1::Ticket>("AssignTicket", assign));
  assign.clear_team();
  CHECK(test.Call<v1::Ticket>("AssignTicket", assign)->team() == "iade");
  v1::SetTicketPriorityRequest priority;
  priority.set_id(id);
  priority.set_priority(v1::TICKET_PRIORITY_URGENT);
  REQUIRE_OK(test.Call<v1::Ticket>("SetTicketPriority", priority));
  v1::UpdateTicketRequest update;
  update.mutable_ticket()->set_id(id);
  update.mutable_ticket()->set_type("return");
  (*update.mutable_ticket()->mutable_custom_fields())["beden"] = "XL";
  ESNAF_REQUIRE_VALUE(const auto updated, test.Call<v1::Ticket>("UpdateTicket", update));
  CHECK(updated.subject() == "Kargo nerede?");
  CHECK(updated.custom_fields().at("beden") == "XL");
  CHECK(updated.priority() == v1::TICKET_PRIORITY_URGENT);
  CHECK(test.Call<v1::Ticket>("UpdateTicket", update)->etag() == updated.etag());
  update.mutable_update_mask()->add_paths("state");
  CHECK_STATUS_IS(test.Call<v1::Ticket>("UpdateTicket", update).status(), StatusCode::kInvalidArgument, "state");
  CHECK(Trail(test, id) == Names{"created", "assigned", "priority", "updated"});
}

TEST_CASE("a merged ticket goes on in another, where its messages are read, also over a second merge") {
  SupportUnderTest test;
  const std::string a = test.Open("A").id(), b = test.Open("B").id(), c = test.Open("C").id();
  REQUIRE_OK(test.Reply(a, "in A"));
  const auto merge = [&](const std::string& id, const std::string& into) {
    v1::MergeTicketRequest request;
    request.set_id(id);
    request.set_into_id(into);
    return test.Call<v1::Ticket>("MergeTicket", request);
  };
  CHECK_STATUS_IS(merge(a, a).status(), StatusCode::kInvalidArgument, "into_id");
  ESNAF_REQUIRE_VALUE(const auto merged, merge(a, b));
  CHECK(merged.state() == v1::TICKET_STATE_MERGED);
  CHECK(merged.merged_into_id() == b);
  CHECK_FALSE(merged.has_next_due_time());
  CHECK_STATUS_IS(merge(c, a).status(), StatusCode::kInvalidArgument, "into_id");
  CHECK(merge(a, c).status().code() == StatusCode::kFailedPrecondition);
  REQUIRE_OK(merge(b, c));
  CHECK(Texts(test, c) == Names{"Merhaba", "Merhaba", "Merhaba", "in A"});
  CHECK(Texts(test, a) == Names{"Merhaba", "in A"});
  CHECK(Trail(test, b) == Names{"created", "merged_in", "merged"});
}

TEST_CASE("a split makes a linked ticket of some messages, and links go both ways") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  ESNAF_REQUIRE_VALUE(const auto said, test.Reply(id, "Bir de fatura", kStorefront));
  v1::SplitTicketRequest split;
  split.set_id(id);
  split.add_message_ids(said.id());
  split.set_subject("Fatura");
  ESNAF_REQUIRE_VALUE(const auto made, test.Call<v1::Ticket>("SplitTicket", split));
  CHECK(made.subject() == "Fatura");
  CHECK(made.linked_ticket_ids(0) == id);
  CHECK(made.deadlines_size() == 2);
  CHECK(test.Get(made.id()).SerializeAsString() == made.SerializeAsString());
  CHECK(test.Get(id).linked_ticket_ids(0) == made.id());
  CHECK(Texts(test, made.id()) == Names{"Bir de fatura"});
  CHECK(Texts(test, id).size() == 2);
  v1::UnlinkTicketsRequest unlink;
  unlink.set_id(made.id());
  unlink.set_other_id(id);
  CHECK(test.Call<v1::Ticket>("UnlinkTickets", unlink)->linked_ticket_ids().empty());
  CHECK(test.Get(id).linked_ticket_ids().empty());
  split.set_message_ids(0, made.id());
  CHECK_STATUS_IS(test.Call<v1::Ticket>("SplitTicket", split).status(), StatusCode::kInvalidArgument, "message_ids[0]");
}

TEST_CASE("tickets are found by filter, order, page, person and words, in Turkish letters or not") {
  SupportUnderTest test;
  v1::CreateTicketRequest request = test.Request("İADE talebi", "Ürün kırık geldi");
  request.mutable_ticket()->add_tags("kırık");
  request.mutable_ticket()->set_priority(v1::TICKET_PRIORITY_HIGH);
  const Uuid person = Uuid::NewV7(test.clock.Now());
  request.mutable_ticket()->set_contact_id(person.ToString());
  (*request.mutable_ticket()->mutable_custom_fields())["beden"] = "XL";
  ESNAF_REQUIRE_VALUE(const auto iade, test.Call<v1::Ticket>("CreateTicket", request, kStorefront));
  const std::string kargo = test.Open("Kargo").id();
  v1::AddTicketNoteRequest note;
  note.set_id(kargo);
  note.mutable_message()->set_text("müşteri çok kızgın");
  REQUIRE_OK(test.Call<v1::TicketMessage>("AddTicketNote", note));
  CHECK(test.Search("iade") == "İADE talebi;");
  CHECK(test.Search("KIRIK urun") == "İADE talebi;");
  CHECK(test.Search("kızgın musteri") == "Kargo;");
  CHECK(test.Search("kızgın", kStorefront).empty());
  CHECK(test.Search("merhaba iade").empty());
  CHECK(test.Search("%%").empty());
  v1::ListTicketsRequest list;
  list.set_query("a");
  CHECK_STATUS_IS(test.List(list).status(), StatusCode::kInvalidArgument, "query");
  list.clear_query();
  list.set_filter("priority = HIGH AND tags:\"kırık\" AND custom_fields.beden = XL AND state = NEW");
  CHECK(test.Subjects(list) == "İADE talebi;");
  list.set_filter("");
  list.set_contact_id(person.ToString());
  CHECK(test.Subjects(list) == "İADE talebi;");
  list.clear_contact_id();
  list.set_order_by("number desc");
  list.set_page_size(1);
  ESNAF_REQUIRE_VALUE(const auto page, test.List(list));
  CHECK(page.tickets(0).subject() == "Kargo");
  list.set_page_token(page.next_page_token());
  CHECK(test.Subjects(list) == "İADE talebi;");
}

TEST_CASE("a key of one store sees no other store's tickets") {
  SupportUnderTest test;
  const std::string id = test.Open().id();
  const testing::ClientCallOptions german{
      .metadata = {{"esnaf-caller-kind", "staff"}, {"esnaf-actor", "key:2"}, {"esnaf-stores", "de"}}};
  v1::GetTicketRequest get;
  get.set_id(id);
  CHECK(test.Call<v1::Ticket>("GetTicket", get, german).status().code() == StatusCode::kNotFound);
  CHECK(test.Reply(id, "x", german).status().code() == StatusCode::kNotFound);
  CHECK(test.Subjects({}, german).empty());
  CHECK(ErrorReason(test.Call<v1::Ticket>("CreateTicket", test.Request("S"), german).status()) == "STORE_NOT_IN_SCOPE");
}

TEST_CASE("a person's tickets are summed up") {
  SupportUnderTest test;
  const std::string person = Uuid::NewV7(test.clock.Now()).ToString();
  v1::CreateTicketRequest request = test.Request("Biri");
  request.mutable_ticket()->set_contact_id(person);
  ESNAF_REQUIRE_VALUE(const auto first, test.Call<v1::Ticket>("CreateTicket", request, kStorefront));
  REQUIRE_OK(test.Call<v1::Ticket>("CreateTicket", request, kStorefront));
  test.clock.Advance(61min);
  test.Tick();
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", first.id()));
  v1::GetContactSupportSummaryRequest ask;
  ask.set_contact_id(person);
  ESNAF_REQUIRE_VALUE(const auto sums, test.Call<v1::ContactSupportSummary>("GetContactSupportSummary", ask));
  CHECK(sums.ticket_count() == 2);
  CHECK(sums.open_ticket_count() == 1);
  CHECK(sums.breached_ticket_count() == 2);
  REQUIRE(sums.open_tickets_size() == 1);
  CHECK(sums.open_tickets(0).id() != first.id());
  ask.set_contact_id(Uuid::NewV7(test.clock.Now()).ToString());
  CHECK(test.Call<v1::ContactSupportSummary>("GetContactSupportSummary", ask)->ticket_count() == 0);
}

}  // namespace
}  // namespace esnaf::support

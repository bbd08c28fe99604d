// Goal: each conversation of a source is one ticket whatever order its messages come in, each message has one effect,
// answers reach the source's adapter once, and calls are in the log and say in their tickets what they should.
#include "services/support/inbound/inbound_service.h"

#include <atomic>
#include <thread>

#include "services/support/inbound/inbound_store.h"
#include "services/support/inbound/phone_call_service.h"
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using testing::kStaff;
using testing::kStorefront;

struct InboundUnderTest : testing::SupportUnderTest {
  InboundUnderTest() { writer.OnMessage(OfferReply); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& method, const Request& request,
                               const runtime::ClientCallOptions& options = kStorefront) {
    return inbound_server.channel()->Call<Response>("/esnaf.support.v1." + method, request, options);
  }
  v1::InboundMessage Message(const std::string& id, const std::string& text, Time time,
                             v1::InboundDirection direction = v1::INBOUND_DIRECTION_IN) {
    v1::InboundMessage message;
    message.set_store_id("tr");
    message.set_source("instagram");
    message.set_conversation_id("t_1");
    message.set_message_id(id);
    message.mutable_sender()->set_external_id("ig_7");
    message.set_text(text);
    message.set_direction(direction);
    *message.mutable_occur_time() = api::ToProto(time);
    return message;
  }
  v1::InboundMessageResult Take(const v1::InboundMessage& message) {
    clock.Advance(1ms);
    v1::CreateInboundMessageRequest request;
    *request.mutable_message() = message;
    auto taken = Ask<v1::InboundMessageResult>("InboundMessageService/CreateInboundMessage", request);
    REQUIRE_OK(taken);
    return *std::move(taken);
  }
  v1::InboundMessageResult Take(const std::string& id, const std::string& text) {
    return Take(Message(id, text, clock.Now()));
  }
  std::vector<v1::OutboundMessage> Waiting(v1::OutboundState state = v1::OUTBOUND_STATE_UNSPECIFIED) {
    v1::ListOutboundMessagesRequest request;
    request.set_source("instagram");
    request.set_state(state);
    auto page = Ask<v1::ListOutboundMessagesResponse>("InboundMessageService/ListOutboundMessages", request);
    REQUIRE_OK(page);
    return {page->messages().begin(), page->messages().end()};
  }
  absl::StatusOr<v1::OutboundMessage> Ack(const std::string& id, const std::string& external_id = "") {
    v1::AckOutboundMessageRequest request;
    request.set_id(id);
    request.set_external_message_id(external_id);
    return Ask<v1::OutboundMessage>("InboundMessageService/AckOutboundMessage", request);
  }
  absl::StatusOr<v1::OutboundMessage> Fail(const std::string& id, bool permanent = false) {
    v1::FailOutboundMessageRequest request;
    request.set_id(id);
    request.set_reason("user blocked");
    request.set_permanent(permanent);
    return Ask<v1::OutboundMessage>("InboundMessageService/FailOutboundMessage", request);
  }
  // What is said in a ticket, each text followed by a semicolon.
  std::string Texts(const std::string& ticket_id) {
    v1::ListTicketMessagesRequest request;
    request.set_ticket_id(ticket_id);
    auto page = Call<v1::ListTicketMessagesResponse>("ListTicketMessages", request);
    REQUIRE_OK(page);
    std::string texts;
    for (const v1::TicketMessage& message : page->messages()) texts += message.text() + ";";
    return texts;
  }
  void Close(const std::string& ticket_id) {
    REQUIRE_OK(Verb<v1::SolveTicketRequest>("SolveTicket", ticket_id));
    REQUIRE_OK(Verb<v1::CloseTicketRequest>("CloseTicket", ticket_id));
  }
  v1::LogPhoneCallRequest CallRequest(v1::PhoneCallDirection direction, v1::PhoneCallOutcome outcome) {
    v1::LogPhoneCallRequest request;
    v1::PhoneCall& call = *request.mutable_call();
    call.set_store_id("tr");
    call.set_direction(direction);
    call.set_outcome(outcome);
    call.set_phone_number("0532 123 45 67");
    *call.mutable_start_time() = api::ToProto(clock.Now() - 10min);
    call.set_duration_seconds(300);
    call.set_summary("Kargo soruldu");
    return request;
  }
  absl::StatusOr<v1::PhoneCall> Log(const v1::LogPhoneCallRequest& request) {
    clock.Advance(1ms);
    return Ask<v1::PhoneCall>("PhoneCallService/LogPhoneCall", request, kStaff);
  }

  InboundService inbound{writer, requesters};
  PhoneCallService calls{writer, requesters};
  testing::TestServer inbound_server{schema, {inbound.Rpcs(), calls.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("a conversation is one ticket, and each of its messages has one effect") {
  InboundUnderTest test;
  const auto first = test.Take("m_1", "Kırmızı var mı?");
  CHECK(first.outcome() == v1::INBOUND_OUTCOME_TICKET);
  const auto second = test.Take("m_2", "Beden 38");
  CHECK(second.outcome() == v1::INBOUND_OUTCOME_MESSAGE);
  CHECK(second.ticket_id() == first.ticket_id());
  const auto again = test.Take("m_2", "Beden 38");
  CHECK(again.repeated());
  CHECK(again.ticket_message_id() == second.ticket_message_id());
  CHECK(test.Texts(first.ticket_id()) == "Kırmızı var mı?;Beden 38;");
  v1::InboundMessage other = test.Message("m_3", "Başka", test.clock.Now());
  other.set_conversation_id("t_2");
  CHECK(test.Take(other).outcome() == v1::INBOUND_OUTCOME_TICKET);
}

TEST_CASE("a message that comes late is put at its time, and what was said after it stays said after it") {
  InboundUnderTest test;
  const Time start = test.clock.Now();
  test.clock.Advance(60min);
  const auto answer = test.Take(test.Message("m_2", "Var", start + 20min, v1::INBOUND_DIRECTION_OUT));
  const v1::Ticket begun = test.Get(answer.ticket_id());
  CHECK(begun.state() == v1::TICKET_STATE_OPEN);
  CHECK(api::FromProto(begun.create_time(), "t").value() == start + 20min);
  const auto question = test.Take(test.Message("m_1", "Var mı?", start + 10min));
  CHECK(question.ticket_id() == answer.ticket_id());
  CHECK(test.Texts(answer.ticket_id()) == "Var mı?;Var;");
  const v1::Ticket ticket = test.Get(answer.ticket_id());
  CHECK(api::FromProto(ticket.last_customer_time(), "t").value() == start + 10min);
  CHECK(api::FromProto(ticket.last_agent_time(), "t").value() == start + 20min);
  test.Take(test.Message("m_0", "Merhaba", start));
  CHECK(api::FromProto(test.Get(answer.ticket_id()).last_customer_time(), "t").value() == start + 10min);
}

TEST_CASE("a batch is taken in the order of its messages' times, and what is wrong with one spares the others") {
  InboundUnderTest test;
  const Time now = test.clock.Now();
  v1::BatchCreateInboundMessagesRequest request;
  *request.add_messages() = test.Message("m_2", "iki", now - 1min);
  *request.add_messages() = test.Message("", "adsız", now);
  *request.add_messages() = test.Message("m_1", "bir", now - 2min);
  ESNAF_REQUIRE_VALUE(const auto response, test.Ask<v1::BatchCreateInboundMessagesResponse>(
                                               "InboundMessageService/BatchCreateInboundMessages", request));
  REQUIRE(response.results_size() == 3);
  CHECK(response.results(2).outcome() == v1::INBOUND_OUTCOME_TICKET);
  CHECK(response.results(0).outcome() == v1::INBOUND_OUTCOME_MESSAGE);
  CHECK(response.results(1).error().message().find("messages[1].message_id") != std::string::npos);
  CHECK(test.Texts(response.results(0).ticket_id()) == "bir;iki;");
  request.clear_messages();
  const auto empty =
      test.Ask<v1::BatchCreateInboundMessagesResponse>("InboundMessageService/BatchCreateInboundMessages", request);
  CHECK_STATUS_IS(empty.status(), StatusCode::kInvalidArgument, "messages");
}

TEST_CASE("a customer opens a solved ticket again, and of a closed one a ticket that follows it") {
  InboundUnderTest test;
  const auto first = test.Take("m_1", "Soru");
  REQUIRE_OK(test.Verb<v1::SolveTicketRequest>("SolveTicket", first.ticket_id()));
  CHECK(test.Take("m_2", "Hâlâ").ticket_id() == first.ticket_id());
  CHECK(test.Get(first.ticket_id()).reopen_count() == 1);
  test.Close(first.ticket_id());
  const auto elsewhere = test.Take(test.Message("m_x", "Bilginize", test.clock.Now(), v1::INBOUND_DIRECTION_OUT));
  CHECK(elsewhere.outcome() == v1::INBOUND_OUTCOME_NOTE);
  const auto follow_up = test.Take("m_3", "Yine");
  CHECK(follow_up.outcome() == v1::INBOUND_OUTCOME_FOLLOW_UP);
  CHECK(test.Get(follow_up.ticket_id()).follow_up_of_id() == first.ticket_id());
  CHECK(test.Take("m_4", "Daha").ticket_id() == follow_up.ticket_id());
}

TEST_CASE("what is spam takes nothing in, and nothing is lost of who said so") {
  InboundUnderTest test;
  const auto first = test.Take("m_1", "Ucuz takipçi");
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", first.ticket_id()));
  CHECK(test.Take("m_2", "Ucuz takipçi").outcome() == v1::INBOUND_OUTCOME_IGNORED);
  CHECK(test.Get(first.ticket_id()).message_count() == 1);
}

TEST_CASE("a customer is known by his number, and by what he was in other conversations") {
  InboundUnderTest test;
  v1::InboundMessage message = test.Message("m_1", "Soru", test.clock.Now());
  message.mutable_sender()->set_customer_number("42");
  const auto first = test.Take(message);
  const std::string contact = testing::FakeContacts::ContactOf("42").ToString();
  CHECK(test.Get(first.ticket_id()).contact_id() == contact);
  v1::InboundMessage other = test.Message("m_2", "Soru", test.clock.Now());
  other.set_conversation_id("t_2");
  CHECK(test.Get(test.Take(other).ticket_id()).contact_id() == contact);
}

TEST_CASE("while contacts is away the message is taken, and linked later") {
  InboundUnderTest test;
  test.contacts->SetAway(true);
  v1::InboundMessage message = test.Message("m_1", "Soru", test.clock.Now());
  message.mutable_sender()->set_email("ayse@example.com");
  CHECK(test.Get(test.Take(message).ticket_id()).contact_id().empty());
  CHECK(test.schema.Sql("SELECT count(*) FROM ticket_requester")[0].Get<std::int64_t>(0) == 1);
}

TEST_CASE("what agents answer is offered until it is delivered, and its copy is known") {
  InboundUnderTest test;
  const auto question = test.Take("m_1", "Var mı?");
  REQUIRE_OK(test.Reply(question.ticket_id(), "Var"));
  const auto waiting = test.Waiting();
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].text() == "Var");
  CHECK(waiting[0].conversation_id() == "t_1");
  CHECK(waiting[0].recipient_external_id() == "ig_7");
  CHECK(waiting[0].answered_message_id() == "m_1");
  CHECK_OK(test.Ack(waiting[0].id(), "m_2"));
  CHECK_OK(test.Ack(waiting[0].id(), "m_2"));
  CHECK(test.Waiting().empty());
  const auto echo = test.Take(test.Message("m_2", "Var", test.clock.Now(), v1::INBOUND_DIRECTION_OUT));
  CHECK(echo.repeated());
  CHECK(echo.outcome() == v1::INBOUND_OUTCOME_ECHO);
  CHECK(test.Texts(question.ticket_id()) == "Var mı?;Var;");
  CHECK(ErrorReason(test.Fail(waiting[0].id()).status()) == "OUTBOUND_STATE");
  CHECK(test.Ack(Uuid::NewV7(test.clock.Now()).ToString()).status().code() == StatusCode::kNotFound);
}

TEST_CASE("the copy of an answer may come before the adapter says that it was delivered") {
  InboundUnderTest test;
  const auto question = test.Take("m_1", "Var mı?");
  REQUIRE_OK(test.Reply(question.ticket_id(), "Var"));
  const auto echo = test.Take(test.Message("m_2", "Var", test.clock.Now(), v1::INBOUND_DIRECTION_OUT));
  CHECK(echo.outcome() == v1::INBOUND_OUTCOME_ECHO);
  CHECK(test.Waiting().empty());
  CHECK(test.Get(question.ticket_id()).message_count() == 2);
  CHECK_OK(test.Ack(test.Waiting(v1::OUTBOUND_STATE_DELIVERED)[0].id(), "m_2"));
}

TEST_CASE("the copy of an answer that is just being acknowledged is known once that is done") {
  InboundUnderTest test;
  const auto question = test.Take("m_1", "Var mı?");
  REQUIRE_OK(test.Reply(question.ticket_id(), "Var"));
  const std::string id = test.Waiting()[0].id();
  absl::StatusOr<v1::InboundMessageResult> echo;
  std::thread source;
  std::atomic<bool> done = false;
  // The acknowledgement has written everything, and commits only when the copy waits for it.
  REQUIRE_OK(test.schema.connection().Run({}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(std::optional<OutboundMessage> sent, LockOutbound(tx, *Uuid::Parse(id)));
    sent->state = OutboundState::kDelivered;
    ESNAF_RETURN_IF_ERROR(UpdateOutbound(tx, *sent));
    ESNAF_RETURN_IF_ERROR(InsertInbound(tx, {.conversation = sent->conversation,
                                             .message_id = "m_2",
                                             .outcome = InboundOutcome::kEcho,
                                             .ticket_id = sent->ticket_id,
                                             .ticket_message_id = sent->id,
                                             .create_time = test.clock.Now()})
                              .status());
    v1::CreateInboundMessageRequest request;
    *request.mutable_message() = test.Message("m_2", "Var", test.clock.Now(), v1::INBOUND_DIRECTION_OUT);
    source = std::thread([&test, &echo, &done, request] {
      echo = test.Ask<v1::InboundMessageResult>("InboundMessageService/CreateInboundMessage", request);
      done = true;
    });
    for (bool waits = false; !waits && !done;) {
      ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                             tx.ExecuteDynamic("SELECT count(*) FROM pg_locks WHERE NOT granted", {}));
      waits = rows[0].Get<std::int64_t>(0) > 0;
    }
    return absl::OkStatus();
  }));
  source.join();
  REQUIRE_OK(echo);
  CHECK(echo->outcome() == v1::INBOUND_OUTCOME_ECHO);
  CHECK(test.Texts(question.ticket_id()) == "Var mı?;Var;");
}

TEST_CASE("what the firm writes elsewhere, notes, and replies in other tickets are offered to nobody") {
  InboundUnderTest test;
  const auto question = test.Take("m_1", "Var mı?");
  test.Take(test.Message("m_2", "Var", test.clock.Now(), v1::INBOUND_DIRECTION_OUT));
  REQUIRE_OK(test.Reply(test.Open().id(), "Yolda"));
  v1::AddTicketNoteRequest note;
  note.set_id(question.ticket_id());
  note.mutable_message()->set_text("Depoya sor");
  REQUIRE_OK(test.Call<v1::TicketMessage>("AddTicketNote", note));
  CHECK(test.Waiting().empty());
}

TEST_CASE("an answer that cannot be delivered is tried again, and in the end its ticket says so") {
  InboundUnderTest test;
  const auto question = test.Take("m_1", "Var mı?");
  REQUIRE_OK(test.Reply(question.ticket_id(), "Var"));
  const std::string id = test.Waiting()[0].id();
  ESNAF_REQUIRE_VALUE(const auto failed, test.Fail(id));
  CHECK(failed.state() == v1::OUTBOUND_STATE_WAITING);
  CHECK(test.Waiting().empty());
  CHECK(test.Waiting(v1::OUTBOUND_STATE_WAITING).size() == 1);
  test.clock.Advance(30s);
  CHECK(test.Waiting().size() == 1);
  for (int i = 1; i < kMostAttempts; ++i) REQUIRE_OK(test.Fail(id));
  CHECK(test.Waiting(v1::OUTBOUND_STATE_FAILED).size() == 1);
  CHECK(test.Texts(question.ticket_id()) == "Var mı?;Var;Mesaj iletilemedi (instagram): user blocked;");
  CHECK(ErrorReason(test.Ack(id).status()) == "OUTBOUND_STATE");
  REQUIRE_OK(test.Reply(question.ticket_id(), "Orada mısınız?"));
  CHECK(test.Fail(test.Waiting()[0].id(), true)->state() == v1::OUTBOUND_STATE_FAILED);
}

TEST_CASE("keys that are limited to other stores take nothing in and are offered nothing") {
  InboundUnderTest test;
  const auto question = test.Take("m_1", "Var mı?");
  REQUIRE_OK(test.Reply(question.ticket_id(), "Var"));
  runtime::ClientCallOptions other = kStorefront;
  other.metadata.emplace_back("esnaf-stores", "de");
  v1::CreateInboundMessageRequest request;
  *request.mutable_message() = test.Message("m_9", "Soru", test.clock.Now());
  CHECK(test.Ask<v1::InboundMessageResult>("InboundMessageService/CreateInboundMessage", request, other)
            .status()
            .code() == StatusCode::kPermissionDenied);
  v1::ListOutboundMessagesRequest list;
  list.set_source("instagram");
  ESNAF_REQUIRE_VALUE(const auto page, test.Ask<v1::ListOutboundMessagesResponse>(
                                           "InboundMessageService/ListOutboundMessages", list, other));
  CHECK(page.messages().empty());
  v1::AckOutboundMessageRequest ack;
  ack.set_id(test.Waiting()[0].id());
  CHECK(test.Ask<v1::OutboundMessage>("InboundMessageService/AckOutboundMessage", ack, other).status().code() ==
        StatusCode::kNotFound);
}

TEST_CASE("a call makes a ticket that begins when it rang and is answered when they hung up") {
  InboundUnderTest test;
  const auto request = test.CallRequest(v1::PHONE_CALL_DIRECTION_INBOUND, v1::PHONE_CALL_OUTCOME_ANSWERED);
  const Time start = test.clock.Now() - 10min;
  ESNAF_REQUIRE_VALUE(const auto logged, test.Log(request));
  CHECK(logged.phone_number() == "+905321234567");
  CHECK(logged.agent() == "user:ayse");
  const v1::Ticket ticket = test.Get(logged.ticket_id());
  CHECK(ticket.channel() == contacts::v1::CHANNEL_PHONE);
  CHECK(ticket.contact_id() == testing::FakeContacts::ContactOf("+905321234567").ToString());
  CHECK(api::FromProto(ticket.create_time(), "t").value() == start);
  CHECK(ticket.state() == v1::TICKET_STATE_OPEN);
  REQUIRE(ticket.deadlines(0).has_met_time());
  CHECK(api::FromProto(ticket.deadlines(0).met_time(), "t").value() == start + 5min);
  CHECK(test.Texts(ticket.id()) == "[Telefonla aradı];[Telefon görüşmesi, 5 dk 0 sn]\nKargo soruldu;");
}

TEST_CASE("a customer who reached nobody waits for an answer, and an attempt to call him back is none") {
  InboundUnderTest test;
  ESNAF_REQUIRE_VALUE(const auto missed,
                      test.Log(test.CallRequest(v1::PHONE_CALL_DIRECTION_INBOUND, v1::PHONE_CALL_OUTCOME_NO_ANSWER)));
  auto back = test.CallRequest(v1::PHONE_CALL_DIRECTION_OUTBOUND, v1::PHONE_CALL_OUTCOME_BUSY);
  back.mutable_call()->set_ticket_id(missed.ticket_id());
  REQUIRE_OK(test.Log(back));
  CHECK_FALSE(test.Get(missed.ticket_id()).deadlines(0).has_met_time());
  CHECK(test.Get(missed.ticket_id()).state() == v1::TICKET_STATE_NEW);
  back.mutable_call()->set_outcome(v1::PHONE_CALL_OUTCOME_ANSWERED);
  ESNAF_REQUIRE_VALUE(const auto reached, test.Log(back));
  CHECK(reached.ticket_id() == missed.ticket_id());
  CHECK(test.Get(missed.ticket_id()).deadlines(0).has_met_time());
}

TEST_CASE("a call about a closed ticket opens one that follows it, and one about spam is only noted") {
  InboundUnderTest test;
  auto request = test.CallRequest(v1::PHONE_CALL_DIRECTION_OUTBOUND, v1::PHONE_CALL_OUTCOME_ANSWERED);
  ESNAF_REQUIRE_VALUE(const auto first, test.Log(request));
  test.Close(first.ticket_id());
  request.mutable_call()->set_ticket_id(first.ticket_id());
  ESNAF_REQUIRE_VALUE(const auto again, test.Log(request));
  CHECK(test.Get(again.ticket_id()).follow_up_of_id() == first.ticket_id());
  REQUIRE_OK(test.Verb<v1::MarkTicketSpamRequest>("MarkTicketSpam", again.ticket_id()));
  request.mutable_call()->set_ticket_id(again.ticket_id());
  request.mutable_call()->set_direction(v1::PHONE_CALL_DIRECTION_INBOUND);
  ESNAF_REQUIRE_VALUE(const auto noted, test.Log(request));
  CHECK(noted.ticket_id() == again.ticket_id());
  CHECK(test.Get(again.ticket_id()).state() == v1::TICKET_STATE_SPAM);
  CHECK(test.Get(again.ticket_id()).message_count() == 2);
}

TEST_CASE("a key that is limited to a store logs a call of its ticket without naming the store") {
  InboundUnderTest test;
  auto request = test.CallRequest(v1::PHONE_CALL_DIRECTION_INBOUND, v1::PHONE_CALL_OUTCOME_NO_ANSWER);
  ESNAF_REQUIRE_VALUE(const auto missed, test.Log(request));
  request.mutable_call()->clear_store_id();
  const auto as = [&](const char* store) {
    runtime::ClientCallOptions options = kStaff;
    options.metadata.emplace_back("esnaf-stores", store);
    return test.Ask<v1::PhoneCall>("PhoneCallService/LogPhoneCall", request, options);
  };
  CHECK(as("tr").status().code() == StatusCode::kPermissionDenied);
  request.mutable_call()->set_ticket_id(missed.ticket_id());
  ESNAF_REQUIRE_VALUE(const auto logged, as("tr"));
  CHECK(logged.store_id() == "tr");
  CHECK(as("de").status().code() == StatusCode::kNotFound);
}

TEST_CASE("a call is logged once, goes where its ticket goes on, and is found in the log") {
  InboundUnderTest test;
  auto request = test.CallRequest(v1::PHONE_CALL_DIRECTION_INBOUND, v1::PHONE_CALL_OUTCOME_VOICEMAIL);
  request.mutable_call()->set_external_id("pbx-1");
  ESNAF_REQUIRE_VALUE(const auto first, test.Log(request));
  CHECK(test.Log(request)->id() == first.id());
  CHECK(test.Get(first.ticket_id()).message_count() == 1);
  test.Close(first.ticket_id());
  request.mutable_call()->set_external_id("pbx-2");
  request.mutable_call()->set_ticket_id(first.ticket_id());
  ESNAF_REQUIRE_VALUE(const auto follow_up, test.Log(request));
  CHECK(test.Get(follow_up.ticket_id()).follow_up_of_id() == first.ticket_id());
  request.mutable_call()->set_external_id("pbx-3");
  request.mutable_call()->set_ticket_id(Uuid::NewV7(test.clock.Now()).ToString());
  CHECK(test.Log(request).status().code() == StatusCode::kNotFound);
  request.mutable_call()->set_ticket_id("x");
  CHECK_STATUS_IS(test.Log(request).status(), StatusCode::kInvalidArgument, "call.ticket_id");
  request = test.CallRequest(v1::PHONE_CALL_DIRECTION_UNSPECIFIED, v1::PHONE_CALL_OUTCOME_ANSWERED);
  CHECK_STATUS_IS(test.Log(request).status(), StatusCode::kInvalidArgument, "call.direction");
  v1::ListPhoneCallsRequest list;
  list.set_filter("outcome = VOICEMAIL AND ticket_id = \"" + first.ticket_id() + "\"");
  ESNAF_REQUIRE_VALUE(const auto page,
                      test.Ask<v1::ListPhoneCallsResponse>("PhoneCallService/ListPhoneCalls", list, kStaff));
  REQUIRE(page.calls_size() == 1);
  v1::GetPhoneCallRequest get;
  get.set_id(first.id());
  CHECK(test.Ask<v1::PhoneCall>("PhoneCallService/GetPhoneCall", get, kStaff)->SerializeAsString() ==
        page.calls(0).SerializeAsString());
}

}  // namespace
}  // namespace esnaf::support

// Goal: what a source brings is read with every mistake named, and is said in a ticket as its customer or the firm
// wrote it.
#include "services/support/inbound/inbound_message.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/api/convert.h"
#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;

const Time kNow = *ParseRfc3339("2026-11-23T09:00:00Z");

v1::InboundMessage Good() {
  v1::InboundMessage message;
  message.set_store_id("tr");
  message.set_source("instagram");
  message.set_conversation_id("t_1");
  message.set_message_id("m_1");
  message.mutable_sender()->set_external_id("ig_7");
  message.mutable_sender()->set_name("Ayşe");
  message.set_text("Bu elbise\nkırmızı var mı?");
  *message.mutable_occur_time() = api::ToProto(kNow - std::chrono::minutes(3));
  return message;
}

absl::Status Mistake(const v1::InboundMessage& message) {
  FieldViolations violations;
  InboundFromProto(message, "message", kNow, violations);
  return violations.ToStatus();
}

InboundMessage Read(const v1::InboundMessage& message) {
  FieldViolations violations;
  InboundMessage read = InboundFromProto(message, "message", kNow, violations);
  REQUIRE(violations.empty());
  return read;
}

TEST_CASE("a message becomes a ticket of its channel whose subject is how it begins") {
  v1::InboundMessage given = Good();
  given.set_order_number("1001");
  const InboundMessage message = Read(given);
  const Ticket ticket = TicketOf(message, kNow);
  CHECK(ticket.subject == "instagram: Bu elbise kırmızı var mı?");
  CHECK(ticket.channel == contacts::v1::CHANNEL_SOCIAL);
  CHECK(ticket.custom_fields.at("order_number") == "1001");
  const TicketMessage said = MessageOf(message, ticket, kNow);
  CHECK(said.author == AuthorKind::kCustomer);
  CHECK(said.actor == "source:instagram");
  CHECK(said.create_time == kNow - std::chrono::minutes(3));
  CHECK(IsSourceActor(said.actor));
  CHECK_FALSE(IsSourceActor("user:ayse"));
  given.set_marketplace(true);
  given.set_direction(v1::INBOUND_DIRECTION_OUT);
  CHECK(TicketOf(Read(given), kNow).channel == contacts::v1::CHANNEL_MARKETPLACE);
  CHECK(MessageOf(Read(given), ticket, kNow).author == AuthorKind::kAgent);
}

TEST_CASE("attachments are kept as links and nothing else is taken for one") {
  v1::InboundMessage given = Good();
  given.clear_text();
  given.add_attachment_urls("https://cdn.example/1.jpg");
  CHECK(Read(given).text == "[Ek: https://cdn.example/1.jpg]");
  given.add_attachment_urls("javascript:alert(1)");
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.attachment_urls[1]");
}

TEST_CASE("only the store's own number of a customer proves who he is") {
  v1::InboundMessage given = Good();
  CHECK_FALSE(RequesterOf(Read(given)));
  given.mutable_sender()->set_email(" Ayse@Example.com ");
  given.mutable_sender()->set_phone("0532 123 45 67");
  given.mutable_sender()->set_customer_number("42");
  const auto set = RequesterOf(Read(given));
  REQUIRE(set);
  REQUIRE(set->identities.size() == 3);
  CHECK(set->identities[0].verified);
  CHECK(set->identities[0].store_id == "tr");
  CHECK(set->identities[1].value == "+905321234567");
  CHECK_FALSE(set->identities[1].verified);
  CHECK(set->identities[2].value == "ayse@example.com");
  CHECK_FALSE(set->identities[2].verified);
}

TEST_CASE("what is wrong with a message is named by its field") {
  v1::InboundMessage given = Good();
  given.set_source("Insta gram");
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.source");
  given = Good();
  given.clear_text();
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.text");
  given = Good();
  given.clear_sender();
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.sender.external_id");
  given = Good();
  given.mutable_sender()->set_email("ayse");
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.sender.email");
  given = Good();
  given.clear_store_id();
  given.mutable_sender()->set_customer_number("42");
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.sender.customer_number");
  given = Good();
  *given.mutable_occur_time() = api::ToProto(kNow + std::chrono::minutes(6));
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.occur_time");
  given = Good();
  given.clear_occur_time();
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.occur_time");
  given = Good();
  given.clear_conversation_id();
  given.clear_message_id();
  CHECK_STATUS_IS(Mistake(given), StatusCode::kInvalidArgument, "message.conversation_id");
}

TEST_CASE("answers are offered again after 30 seconds, and each time after four times as long") {
  CHECK(RetryDelay(1) == std::chrono::seconds(30));
  CHECK(RetryDelay(2) == std::chrono::seconds(120));
  CHECK(RetryDelay(7) == std::chrono::seconds(30 * 4096));
}

}  // namespace
}  // namespace esnaf::support

// Goal: what is told and stored of a ticket is what it is.
#include "services/support/tickets/ticket_wire.h"

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

const Time kNow = *ParseRfc3339("2026-11-23T07:00:00.000001Z");

TEST_CASE("what a caller gives of a ticket comes back as it was given") {
  Ticket ticket{.external_id = "f-1",
                .store_id = "tr",
                .subject = "İade",
                .contact_id = Uuid::NewV7(kNow),
                .channel = 4,
                .priority = TicketPriority::kHigh,
                .type = "return",
                .team = "depo",
                .assignee = "user:ali",
                .tags = {"a", "b"},
                .custom_fields = {{"beden", "XL"}},
                .followers = {"user:can"},
                .order_id = Uuid::NewV7(kNow),
                .order_line_id = "1",
                .seller_id = "s",
                .product_id = "p",
                .parent_id = Uuid::NewV7(kNow),
                .follow_up_of_id = Uuid::NewV7(kNow)};
  FieldViolations violations;
  const Ticket read = TicketFromProto(TicketToProto(ticket), violations);
  CHECK_OK(violations.ToStatus());
  CHECK(TicketToProto(read).SerializeAsString() == TicketToProto(ticket).SerializeAsString());
  CHECK(read.contact_id == ticket.contact_id);
  CHECK(read.custom_fields == ticket.custom_fields);
  CHECK(read.follow_up_of_id == ticket.follow_up_of_id);
}

TEST_CASE("of next responses a ticket shows the newest") {
  Ticket ticket;
  ticket.sla.clocks = {{.metric = SlaMetric::kResolution},
                       {.metric = SlaMetric::kNextResponse, .cycle = 1},
                       {.metric = SlaMetric::kNextResponse, .cycle = 2}};
  const v1::Ticket told = TicketToProto(ticket);
  REQUIRE(told.deadlines_size() == 2);
  CHECK(told.deadlines(1).cycle() == 2);
}

TEST_CASE("a message's kind and author are as usual where they are not given") {
  v1::TicketMessage message;
  message.set_text("x");
  FieldViolations violations;
  CHECK(MessageFromProto(message, MessageKind::kInternalNote, AuthorKind::kAgent, violations).kind ==
        MessageKind::kInternalNote);
  CHECK(violations.empty());
  message.set_author(v1::TICKET_AUTHOR_SYSTEM);
  message.set_channel(static_cast<contacts::v1::Channel>(99));
  MessageFromProto(message, MessageKind::kReply, AuthorKind::kAgent, violations);
  CHECK(ErrorFields(violations.ToStatus()).size() == 2);
}

}  // namespace
}  // namespace esnaf::support

// Goal: a macro says and does what it says, all or nothing, and its preview does nothing.
#include "services/support/support_under_test.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using testing::SupportUnderTest;

v1::CreateMacroRequest Request(const std::string& id) {
  v1::CreateMacroRequest request;
  request.mutable_macro()->set_id(id);
  request.mutable_macro()->set_display_name(id);
  return request;
}
absl::StatusOr<v1::Macro> Create(SupportUnderTest& test, const v1::CreateMacroRequest& request) {
  return test.CallOther<v1::Macro>("MacroService/CreateMacro", request);
}
v1::Ticket OpenOfSomebody(SupportUnderTest& test) {
  v1::CreateTicketRequest request = test.Request("Kargo");
  request.mutable_ticket()->set_contact_id(Uuid::FromName("test", "ayse").ToString());
  auto ticket = test.Call<v1::Ticket>("CreateTicket", request, testing::kStorefront);
  REQUIRE_OK(ticket);
  return *std::move(ticket);
}
v1::CreateMacroRequest Solved() {
  v1::CreateMacroRequest request = Request("solved");
  request.mutable_macro()->set_text("Merhaba {{contact.given_name}}, #{{ticket.number}} çözüldü. {{agent.name}}");
  request.mutable_macro()->add_actions()->set_add_tag("cozuldu");
  request.mutable_macro()->add_actions()->set_state(v1::TICKET_STATE_SOLVED);
  return request;
}

TEST_CASE("a macro is shown first, then says its text and does its actions") {
  SupportUnderTest test;
  REQUIRE_OK(Create(test, Solved()));
  const v1::Ticket ticket = OpenOfSomebody(test);
  const std::string text = absl::StrCat("Merhaba Ayşe, #", ticket.number(), " çözüldü. ayse");
  v1::PreviewMacroRequest preview;
  preview.set_id(ticket.id());
  preview.set_macro_id("solved");
  ESNAF_REQUIRE_VALUE(const auto shown, test.CallOther<v1::PreviewMacroResponse>("MacroService/PreviewMacro", preview));
  CHECK(shown.text() == text);
  CHECK(shown.ticket().state() == v1::TICKET_STATE_SOLVED);
  CHECK(test.Get(ticket.id()).etag() == ticket.etag());
  v1::ApplyMacroRequest apply;
  apply.set_id(ticket.id());
  apply.set_macro_id("solved");
  apply.set_etag(ticket.etag());
  apply.set_request_id("apply-1");
  ESNAF_REQUIRE_VALUE(const auto applied, test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply));
  CHECK(applied.message().text() == text);
  CHECK(applied.message().kind() == v1::TICKET_MESSAGE_KIND_REPLY);
  CHECK(applied.ticket().SerializeAsString() == test.Get(ticket.id()).SerializeAsString());
  CHECK(applied.ticket().tags(0) == "cozuldu");
  CHECK(applied.ticket().deadlines(0).has_met_time());
  ESNAF_REQUIRE_VALUE(const auto again, test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply));
  CHECK(again.message().id() == applied.message().id());
  apply.set_request_id("apply-2");
  CHECK(ErrorReason(test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply).status()) ==
        "ETAG_MISMATCH");
}

TEST_CASE("a macro that cannot be done says nothing either") {
  SupportUnderTest test;
  REQUIRE_OK(Create(test, Solved()));
  const v1::Ticket whole = OpenOfSomebody(test);
  v1::UpdateTicketRequest part;
  part.mutable_ticket()->set_id(test.Open("Parça").id());
  part.mutable_ticket()->set_parent_id(whole.id());
  REQUIRE_OK(test.Call<v1::Ticket>("UpdateTicket", part));
  v1::ApplyMacroRequest apply;
  apply.set_id(whole.id());
  apply.set_macro_id("solved");
  CHECK(ErrorReason(test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply).status()) == "OPEN_PARTS");
  CHECK(test.Get(whole.id()).message_count() == 1);
  test.contacts->SetAway(true);
  CHECK(test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply).status().code() ==
        StatusCode::kUnavailable);
  apply.set_macro_id("none");
  CHECK(test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply).status().code() ==
        StatusCode::kNotFound);
}

TEST_CASE("an agent's own text takes the place of the macro's, and asks nobody") {
  SupportUnderTest test;
  REQUIRE_OK(Create(test, Solved()));
  test.contacts->SetAway(true);
  v1::ApplyMacroRequest apply;
  apply.set_id(test.Open().id());
  apply.set_macro_id("solved");
  apply.set_text("Hallettik {{agent.name}}");
  CHECK(test.CallOther<v1::ApplyMacroResponse>("MacroService/ApplyMacro", apply)->message().text() ==
        "Hallettik {{agent.name}}");
}

TEST_CASE("what is wrong with a macro is named when it is saved") {
  SupportUnderTest test;
  CHECK_STATUS_IS(Create(test, Request("empty")).status(), StatusCode::kInvalidArgument, "macro");
  v1::CreateMacroRequest request = Request("secret");
  request.mutable_macro()->set_text("{{contact.password}}");
  CHECK_STATUS_IS(Create(test, request).status(), StatusCode::kInvalidArgument, "contact.password");
  request.mutable_macro()->set_text("");
  request.mutable_macro()->add_actions()->set_add_tag("");
  CHECK_STATUS_IS(Create(test, request).status(), StatusCode::kInvalidArgument, "macro.actions[0]");
}

}  // namespace
}  // namespace esnaf::support

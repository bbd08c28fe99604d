// Goal: a form that cannot work is refused by the field's name; what was filled in is read by the form and by nothing
// else; and nothing that somebody types proves who he is.
#include "services/support/forms/form.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;
using Kind = FormMistake::Kind;

v1::TicketForm Form() {
  v1::TicketForm form;
  form.set_id("iletisim");
  form.set_store_id("tr");
  form.set_team("destek");
  form.add_tags("web");
  form.add_fields()->set_kind(v1::TICKET_FORM_FIELD_KIND_EMAIL);
  form.mutable_fields(0)->set_required(true);
  form.add_fields()->set_kind(v1::TICKET_FORM_FIELD_KIND_MESSAGE);
  v1::TicketFormField& type = *form.add_fields();
  type.set_kind(v1::TICKET_FORM_FIELD_KIND_TYPE);
  type.add_options()->set_value("return");
  v1::TicketFormField& custom = *form.add_fields();
  custom.set_kind(v1::TICKET_FORM_FIELD_KIND_CUSTOM);
  custom.set_key("branch");
  form.add_fields()->set_kind(v1::TICKET_FORM_FIELD_KIND_PHONE);
  return form;
}

absl::Status Mistake(const v1::TicketForm& form) {
  FieldViolations violations;
  CheckForm(form, violations);
  return violations.ToStatus();
}

TEST_CASE("a form that cannot work is refused by the name of what is wrong") {
  CHECK_OK(Mistake(Form()));
  v1::TicketForm form = Form();
  form.set_id("İletişim");
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.id");
  form = Form();
  form.mutable_fields()->DeleteSubrange(1, 1);
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.fields");
  form = Form();
  form.mutable_fields(2)->clear_options();
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.fields[2].options");
  form = Form();
  form.mutable_fields(3)->set_key("requester_email");
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.fields[3].key");
  form.mutable_fields(3)->set_key("Şube");
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.fields[3].key");
  form = Form();
  form.mutable_fields(0)->set_key("mail");
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.fields[0].key");
  form = Form();
  *form.add_fields() = form.fields(1);
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.fields[5].key");
  form = Form();
  form.add_allowed_origins("https://shop.example/path");
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.allowed_origins[0]");
  form = Form();
  form.mutable_guard()->set_most_per_address(0);
  CHECK_STATUS_IS(Mistake(form), StatusCode::kInvalidArgument, "form.guard.most_per_address");
}

TEST_CASE("what was filled in is read by the form, and each mistake is told by its key") {
  std::vector<FormMistake> mistakes;
  const FilledForm filled = ReadFilled(Form(),
                                       {{"email", " Ayse@Example.com "},
                                        {"message", "Kargom\nnerede?"},
                                        {"type", "return"},
                                        {"branch", "Kadıköy"},
                                        {"phone", "0532 123 45 67"}},
                                       mistakes);
  CHECK(mistakes.empty());
  const Ticket ticket = TicketOf(Form(), filled, Uuid::FromName("test", "ticket"));
  CHECK(ticket.subject == "Kargom nerede?");
  CHECK(ticket.channel == contacts::v1::CHANNEL_WEB_FORM);
  CHECK(ticket.team == "destek");
  CHECK(ticket.type == "return");
  CHECK(ticket.custom_fields.at("branch") == "Kadıköy");
  CHECK(ticket.custom_fields.at("requester_email") == "ayse@example.com");
  CHECK(ticket.custom_fields.at("requester_phone") == "+905321234567");

  ReadFilled(Form(),
             {{"email", "ayse"}, {"type", "refund"}, {"phone", "12"}, {"branch", std::string(1001, 'x')}, {"x", "y"}},
             mistakes);
  std::map<std::string, Kind> kinds;
  for (const FormMistake& mistake : mistakes) kinds[mistake.key] = mistake.kind;
  CHECK(kinds == std::map<std::string, Kind>{{"email", Kind::kNoEmail},
                                             {"message", Kind::kMissing},
                                             {"type", Kind::kNoOption},
                                             {"phone", Kind::kNoPhone},
                                             {"branch", Kind::kTooLong},
                                             {"x", Kind::kUnknown}});
}

TEST_CASE("nothing that somebody types proves who he is") {
  const auto set = RequesterOf({.email = "ayse@example.com", .phone = "+905321234567", .name = "Ayşe"});
  REQUIRE(set);
  CHECK(set->display_name == "Ayşe");
  for (const identity::Identity& identity : set->identities) CHECK_FALSE(identity.verified);
  CHECK_FALSE(RequesterOf({.name = "Ayşe"}));
}

TEST_CASE("what is short may be said by several people, what is long is the same by whomever") {
  const FilledForm one{.message = "Kargom nerede?", .email = "a@example.com"};
  const FilledForm other{.message = "KARGOM  nerede?", .email = "b@example.com"};
  CHECK(SameContent(Form(), one) != SameContent(Form(), other));
  CHECK(SameContent(Form(), one) == SameContent(Form(), {.message = "kargom nerede?", .email = "a@example.com"}));
  const std::string text(100, 'x');
  CHECK(SameContent(Form(), {.message = text, .email = "a@example.com"}) ==
        SameContent(Form(), {.message = text, .email = "b@example.com"}));
}

}  // namespace
}  // namespace esnaf::support

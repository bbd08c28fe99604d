#include "services/contacts/contact_wire.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"
#include "services/contacts/consent_wire.h"
#include "services/contacts/interaction_wire.h"

namespace esnaf::contacts {
namespace {

Time GenerateTime() { return Time(std::chrono::seconds(*rc::gen::inRange<std::int64_t>(0, 4'000'000'000))); }

Contact GenerateContact() {
  const auto text = [] { return *rc::gen::string<std::string>(); };
  Contact contact{.id = Uuid::NewV7(GenerateTime()),
                  .given_name = text(),
                  .family_name = text(),
                  .display_name = "shown " + text(),
                  .company_name = text(),
                  .identities = {{{IdentityKind::kStoreCustomer, text(), text()}, true},
                                 {{IdentityKind::kEmail, "", text()}, *rc::gen::arbitrary<bool>()}},
                  .addresses = {{text(), text(), text(), text(), text(), text()}},
                  .tags = {text()},
                  .locale = text()};
  contact.custom_fields = {{"a", text()},
                           {"b", *rc::gen::arbitrary<double>()},
                           {"c", *rc::gen::arbitrary<bool>()},
                           {"d", ParseDate("2026-02-28").value()},
                           {"e", Money{*rc::gen::arbitrary<std::int64_t>(), Currency::Parse("TRY").value()}},
                           {"f", std::vector<std::string>{text(), text()}}};
  contact.lifecycle_stage = text();
  contact.owner = text();
  contact.create_time = GenerateTime();
  contact.update_time = GenerateTime();
  return contact;
}

TEST_CASE("what a caller may set of a contact survives the wire") {
  REQUIRE(rc::check("contact to proto and back", [] {
    const Contact contact = GenerateContact();
    FieldViolations violations;
    const Contact back = FromProto(ToProto(contact), violations);
    RC_ASSERT(violations.empty());
    RC_ASSERT(SameContent(contact, back));
  }));
}

TEST_CASE("a contact on the wire shows its name, version and times") {
  Contact contact{.given_name = "Ayşe", .family_name = "Yılmaz", .version = 12};
  contact.delete_time = Time(std::chrono::seconds(5));
  const v1::Contact proto = ToProto(contact);
  CHECK(proto.display_name() == "Ayşe Yılmaz");
  CHECK(proto.etag() == "12");
  CHECK(proto.delete_time().seconds() == 5);
  contact.delete_time.reset();
  CHECK_FALSE(ToProto(contact).has_delete_time());
}

TEST_CASE("custom values that cannot be read are named") {
  v1::Contact proto;
  (*proto.mutable_custom_fields())["empty"];
  (*proto.mutable_custom_fields())["since"].set_date("2026-02-30");
  (*proto.mutable_custom_fields())["budget"].mutable_money()->set_currency_code("lira");
  FieldViolations violations;
  FromProto(proto, violations);
  auto fields = ErrorFields(violations.ToStatus());
  std::sort(fields.begin(), fields.end());
  REQUIRE(fields.size() == 3);
  CHECK(fields[0].first == "contact.custom_fields.budget.money.currency_code");
  CHECK(fields[1].first == "contact.custom_fields.empty");
  CHECK(fields[2].first == "contact.custom_fields.since.date");
}

TEST_CASE("a consent survives the wire") {
  REQUIRE(rc::check("consent to proto and back", [] {
    const auto text = [] { return *rc::gen::string<std::string>(); };
    const Time now = GenerateTime();
    const Consent consent{.purpose = text(),
                          .channel = static_cast<ConsentChannel>(*rc::gen::inRange(0, 6)),
                          .status = static_cast<ConsentStatus>(*rc::gen::inRange(0, 3)),
                          .legal_basis = static_cast<LegalBasis>(*rc::gen::inRange(0, 5)),
                          .source = static_cast<ConsentSource>(*rc::gen::inRange(0, 14)),
                          .recipient = text(),
                          .recipient_type = static_cast<ConsentRecipientType>(*rc::gen::inRange(0, 3)),
                          .brand_code = text(),
                          .text_version = text(),
                          .consent_time = GenerateTime(),
                          .proof = text(),
                          .create_time = now};
    FieldViolations violations;
    RC_ASSERT(FromProto(ToProto(consent), now, violations) == consent);
    RC_ASSERT(violations.empty());
  }));
}

TEST_CASE("an interaction survives the wire, and without a time it happens now") {
  const Time now = Time(std::chrono::hours(1000));
  const Interaction interaction{.channel = Channel::kPhone,
                                .direction = Direction::kInbound,
                                .external_id = "call-1",
                                .thread_id = "t",
                                .actor = "selin",
                                .subject = "s",
                                .body = "b",
                                .attachments = {{"a.pdf", "application/pdf", 12, "s3://x"}},
                                .occur_time = Time(std::chrono::hours(999)),
                                .call_outcome = "answered",
                                .call_duration = Duration(61'500'000),
                                .create_time = now};
  FieldViolations violations;
  CHECK(FromProto(ToProto(interaction), now, violations) == interaction);
  CHECK(FromProto(v1::Interaction(), now, violations).occur_time == now);
  CHECK(violations.empty());
  v1::Interaction bad;
  bad.mutable_occur_time()->set_nanos(-1);
  bad.mutable_call_duration()->set_seconds(std::numeric_limits<std::int64_t>::max());
  FromProto(bad, now, violations);
  CHECK(ErrorFields(violations.ToStatus()).size() == 2);
}

}  // namespace
}  // namespace esnaf::contacts

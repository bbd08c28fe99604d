#include "services/contacts/consent.h"

#include <rapidcheck.h>

#include <set>

#include "libs/testing/catch.h"
#include "services/contacts/interaction.h"

namespace esnaf::contacts {
namespace {

const Time kNow = ParseRfc3339("2026-05-01T12:00:00Z").value();

Consent Given() {
  return {
      .purpose = "marketing", .channel = ConsentChannel::kEposta, .status = ConsentStatus::kOnay, .consent_time = kNow};
}

std::string BadFields(const Consent& consent) {
  FieldViolations violations;
  NormalizeConsent(consent, kNow, violations);
  std::string fields;
  for (const auto& [field, problem] : ErrorFields(violations.ToStatus())) fields += field + ";";
  return fields;
}

TEST_CASE("what is left out of a consent is filled in") {
  FieldViolations violations;
  const Consent consent = NormalizeConsent(Given(), kNow, violations);
  CHECK(violations.empty());
  CHECK(consent.legal_basis == LegalBasis::kConsent);
  CHECK(consent.recipient_type == ConsentRecipientType::kBireysel);
}

TEST_CASE("the recipient is normalized as its channel asks") {
  FieldViolations violations;
  Consent consent = Given();
  consent.recipient = "Ayse@Example.com";
  CHECK(NormalizeConsent(consent, kNow, violations).recipient == "ayse@example.com");
  consent.channel = ConsentChannel::kMesaj;
  consent.recipient = "0532 123 45 67";
  CHECK(NormalizeConsent(consent, kNow, violations).recipient == "+905321234567");
  CHECK(violations.empty());
  consent.recipient = "ayse@example.com";
  CHECK(BadFields(consent) == "consent.recipient;");
}

TEST_CASE("a consent without purpose, channel or status is refused, and so is one of the future") {
  CHECK(BadFields(Given()).empty());
  CHECK(BadFields({.consent_time = kNow}) == "consent.purpose;consent.channel;consent.status;");
  Consent consent = Given();
  consent.consent_time = kNow + kClockTolerance;
  CHECK(BadFields(consent).empty());
  consent.consent_time += Duration(1);
  CHECK(BadFields(consent) == "consent.consent_time;");
  consent = Given();
  consent.source = static_cast<ConsentSource>(14);
  CHECK(BadFields(consent) == "consent.source;");
}

TEST_CASE("the latest line of each purpose, channel, recipient and brand holds") {
  Consent early = Given(), late = Given(), other_channel = Given();
  early.consent_time = kNow - std::chrono::hours(2);
  late.consent_time = kNow - std::chrono::hours(1);
  late.status = ConsentStatus::kRet;
  other_channel.channel = ConsentChannel::kArama;
  // The order of arrival does not matter: a form of yesterday may come in today.
  CHECK(StateOf({late, early, other_channel}, kNow) == std::vector<Consent>{other_channel, late});
  CHECK(StateOf({late, early}, kNow - std::chrono::minutes(90)) == std::vector<Consent>{early});
  CHECK(StateOf({late, early}, kNow - std::chrono::hours(3)).empty());
}

TEST_CASE("of two lines of one moment the one recorded last holds") {
  Consent first = Given(), second = Given();
  second.status = ConsentStatus::kRet;
  second.create_time = Time(Duration(1));
  CHECK(StateOf({first, second}, kNow) == std::vector<Consent>{second});
  CHECK(StateOf({second, first}, kNow) == std::vector<Consent>{second});
}

TEST_CASE("the state does not depend on the order of the ledger") {
  REQUIRE(rc::check("state is a function of the set of lines", [] {
    std::vector<Consent> ledger;
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) {
      Consent consent = Given();
      consent.id = Uuid::FromName("consent", std::to_string(i));
      consent.channel = static_cast<ConsentChannel>(*rc::gen::inRange(1, 4));
      consent.status = static_cast<ConsentStatus>(*rc::gen::inRange(1, 3));
      consent.consent_time = Time(std::chrono::minutes(*rc::gen::inRange(0, 5)));
      consent.create_time = Time(std::chrono::minutes(*rc::gen::inRange(0, 3)));
      ledger.push_back(consent);
    }
    const std::vector<Consent> state = StateOf(ledger, kNow);
    std::reverse(ledger.begin(), ledger.end());
    RC_ASSERT(StateOf(ledger, kNow) == state);
    std::set<ConsentChannel> channels;
    for (const Consent& consent : ledger) channels.insert(consent.channel);
    RC_ASSERT(state.size() == channels.size());
  }));
}

TEST_CASE("the timeline says in words what was allowed") {
  CHECK(EntryOf(Given()).summary == "İzin verdi: e-posta, marketing");
  Consent refused = Given();
  refused.status = ConsentStatus::kRet;
  CHECK(EntryOf(refused).summary == "İzni reddetti: e-posta, marketing");
}

}  // namespace
}  // namespace esnaf::contacts

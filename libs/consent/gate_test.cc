// Goal: where contacts is away, slow or answers for other people, nothing commercial is sent.
#include "libs/consent/gate.h"

#include "esnaf/contacts/v1/consents.pb.h"
#include "libs/base/uuid.h"
#include "libs/testing/catch.h"

namespace esnaf::consent {
namespace {

namespace cv1 = contacts::v1;

const Time kNow = ParseRfc3339("2026-05-01T12:00:00Z").value();
const Time kDeadline = kNow + std::chrono::seconds(2);

// Answers with the consents of each person by id; nothing holds for others.
class FakeContacts final : public runtime::Channel {
 public:
  absl::Status CallErased(std::string_view, const google::protobuf::Message& request,
                          google::protobuf::Message& response, const runtime::ClientCallOptions& options) override {
    ++calls;
    timeout = options.timeout;
    if (!failure.ok()) return failure;
    auto& answer = dynamic_cast<cv1::BatchGetConsentStatesResponse&>(response);
    for (const std::string& id : dynamic_cast<const cv1::BatchGetConsentStatesRequest&>(request).contact_ids()) {
      *answer.add_states() = states[id];
    }
    for (int i = 0; i < lost; ++i) answer.mutable_states()->RemoveLast();
    return absl::OkStatus();
  }
  absl::Status ReadStream(std::string_view, const google::protobuf::Message&, const google::protobuf::Message&,
                          const std::function<bool(const google::protobuf::Message&)>&, const std::function<bool()>&,
                          const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no stream is read here");
  }
  absl::Status WriteStream(std::string_view, const google::protobuf::Message&,
                           const std::function<bool(google::protobuf::Message&)>&, google::protobuf::Message&,
                           const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no stream is written here");
  }

  std::map<std::string, cv1::ConsentState> states;
  absl::Status failure;
  int lost = 0;
  int calls = 0;
  std::chrono::milliseconds timeout{};
};

std::string IdOf(int number) { return Uuid::FromName("contact", std::to_string(number)).ToString(); }

Sending MailTo(int number, MessageClass message_class = MessageClass::kCommercial) {
  return {.contact_id = IdOf(number),
          .message = {.message_class = message_class, .channel = Channel::kEposta, .address = "a@example.com"}};
}

cv1::ConsentState Say(cv1::ConsentStatus status) {
  cv1::ConsentState state;
  cv1::Consent& consent = *state.add_consents();
  consent.set_purpose("marketing");
  consent.set_channel(cv1::CONSENT_CHANNEL_EPOSTA);
  consent.set_status(status);
  return state;
}

struct GateUnderTest {
  std::shared_ptr<FakeContacts> contacts = std::make_shared<FakeContacts>();
  ManualClock clock{kNow};
  std::vector<Reason> Decide(const std::vector<Sending>& sendings) {
    std::vector<Reason> reasons;
    for (const Decision& decision : Gate(contacts, clock).Decide(sendings, kDeadline)) {
      reasons.push_back(decision.reason);
    }
    return reasons;
  }
};

using Reasons = std::vector<Reason>;

TEST_CASE("each message is decided by what holds of its own person") {
  GateUnderTest gate;
  gate.contacts->states[IdOf(1)] = Say(cv1::CONSENT_STATUS_ONAY);
  gate.contacts->states[IdOf(2)] = Say(cv1::CONSENT_STATUS_RET);
  CHECK(gate.Decide({MailTo(3), MailTo(2), MailTo(9, MessageClass::kTransactional), MailTo(1)}) ==
        Reasons{Reason::kNoConsent, Reason::kRefused, Reason::kTransactional, Reason::kConsent});
  CHECK(gate.contacts->timeout == std::chrono::seconds(2));
}

TEST_CASE("a status that this program does not know is no consent") {
  GateUnderTest gate;
  gate.contacts->states[IdOf(1)] = Say(static_cast<cv1::ConsentStatus>(7));
  CHECK(gate.Decide({MailTo(1)}) == Reasons{Reason::kRefused});
}

TEST_CASE("nothing commercial is sent while contacts is away, and what is transactional does not ask it") {
  GateUnderTest gate;
  gate.contacts->states[IdOf(1)] = Say(cv1::CONSENT_STATUS_ONAY);
  gate.contacts->failure = absl::UnavailableError("away");
  CHECK(gate.Decide({MailTo(1), MailTo(1, MessageClass::kTransactional)}) ==
        Reasons{Reason::kUnknownState, Reason::kTransactional});
  gate.contacts->calls = 0;
  CHECK(gate.Decide({MailTo(1, MessageClass::kTransactional)}) == Reasons{Reason::kTransactional});
  CHECK(gate.contacts->calls == 0);
}

TEST_CASE("an answer that is not whole, a time that is over and no contacts at all refuse") {
  GateUnderTest gate;
  for (const int i : {1, 2}) gate.contacts->states[IdOf(i)] = Say(cv1::CONSENT_STATUS_ONAY);
  gate.contacts->lost = 1;
  CHECK(gate.Decide({MailTo(1), MailTo(2)}) == Reasons{Reason::kUnknownState, Reason::kUnknownState});
  gate.contacts->lost = 0;
  CHECK(gate.Decide({MailTo(1)}) == Reasons{Reason::kConsent});
  gate.clock.Set(kDeadline);
  CHECK(gate.Decide({MailTo(1)}) == Reasons{Reason::kUnknownState});
  CHECK(Gate(nullptr, gate.clock).Decide({MailTo(1)}, kDeadline + std::chrono::seconds(9))[0].detail ==
        "contacts is not configured");
}

TEST_CASE("one who names no contact is refused and does not spoil the others") {
  GateUnderTest gate;
  gate.contacts->states[IdOf(1)] = Say(cv1::CONSENT_STATUS_ONAY);
  Sending nobody = MailTo(1);
  nobody.contact_id = "";
  CHECK(gate.Decide({nobody, MailTo(1)}) == Reasons{Reason::kUnknownState, Reason::kConsent});
}

TEST_CASE("many people are asked for a thousand at a time") {
  GateUnderTest gate;
  gate.contacts->states[IdOf(2000)] = Say(cv1::CONSENT_STATUS_ONAY);
  std::vector<Sending> sendings;
  for (int i = 0; i <= 2000; ++i) sendings.push_back(MailTo(i));
  const Reasons reasons = gate.Decide(sendings);
  REQUIRE(reasons.size() == 2001);
  CHECK(std::count(reasons.begin(), reasons.end(), Reason::kNoConsent) == 2000);
  CHECK(reasons.back() == Reason::kConsent);
  CHECK(gate.contacts->calls == 3);
}

}  // namespace
}  // namespace esnaf::consent

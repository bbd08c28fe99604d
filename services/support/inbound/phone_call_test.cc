// Goal: what a call says follows from who dialled and what became of it, and what is wrong with one is named.
#include "services/support/inbound/phone_call.h"

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using absl::StatusCode;

const Time kNow = *ParseRfc3339("2026-11-23T09:00:00Z");

PhoneCall Call(CallDirection direction, CallOutcome outcome) {
  return {.direction = direction,
          .outcome = outcome,
          .phone_number = "+905321234567",
          .start_time = kNow - std::chrono::minutes(10),
          .duration = std::chrono::seconds(200),
          .summary = "Kargo yarın teslim edilecek.",
          .agent = "user:ayse",
          .create_time = kNow};
}

TEST_CASE("a customer who is talked to asks when he dials, and has his answer when they hang up") {
  const auto messages = MessagesOf(Call(CallDirection::kInbound, CallOutcome::kAnswered), kNow);
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].author == AuthorKind::kCustomer);
  CHECK(messages[0].create_time == kNow - std::chrono::minutes(10));
  CHECK(messages[1].author == AuthorKind::kAgent);
  CHECK(messages[1].kind == MessageKind::kReply);
  CHECK(messages[1].create_time == kNow - std::chrono::seconds(400));
  CHECK(messages[1].text == "[Telefon görüşmesi, 3 dk 20 sn]\nKargo yarın teslim edilecek.");
}

TEST_CASE("a call of the firm answers where people talked, and is a note for the firm where they did not") {
  const auto talked = MessagesOf(Call(CallDirection::kOutbound, CallOutcome::kAnswered), kNow);
  REQUIRE(talked.size() == 1);
  CHECK(talked[0].kind == MessageKind::kReply);
  CHECK(talked[0].author == AuthorKind::kAgent);
  for (const CallOutcome outcome :
       {CallOutcome::kNoAnswer, CallOutcome::kBusy, CallOutcome::kVoicemail, CallOutcome::kFailed}) {
    const auto missed = MessagesOf(Call(CallDirection::kOutbound, outcome), kNow);
    REQUIRE(missed.size() == 1);
    CHECK(missed[0].kind == MessageKind::kInternalNote);
    const auto unheard = MessagesOf(Call(CallDirection::kInbound, outcome), kNow);
    REQUIRE(unheard.size() == 1);
    CHECK(unheard[0].kind == MessageKind::kReply);
    CHECK(unheard[0].author == AuthorKind::kCustomer);
  }
}

TEST_CASE("nothing is said in the future, whatever another clock says") {
  PhoneCall call = Call(CallDirection::kInbound, CallOutcome::kAnswered);
  call.start_time = kNow + std::chrono::minutes(1);
  for (const TicketMessage& message : MessagesOf(call, kNow)) CHECK(message.create_time == kNow);
}

TEST_CASE("what is wrong with a call is named by its field") {
  const auto mistake = [](PhoneCall call) {
    FieldViolations violations;
    CheckPhoneCall(call, kNow, violations);
    return violations.ToStatus();
  };
  const PhoneCall good = Call(CallDirection::kInbound, CallOutcome::kVoicemail);
  CHECK_OK(mistake(good));
  PhoneCall call = good;
  call.summary = " ";
  CHECK_STATUS_IS(mistake(call), StatusCode::kInvalidArgument, "call.summary");
  call = good;
  call.start_time = kNow + std::chrono::minutes(6);
  CHECK_STATUS_IS(mistake(call), StatusCode::kInvalidArgument, "call.start_time");
  call = good;
  call.duration = std::chrono::seconds(-1);
  CHECK_STATUS_IS(mistake(call), StatusCode::kInvalidArgument, "call.duration_seconds");
  call = good;
  call.recording_url = "http://kayit.example/1";
  CHECK_STATUS_IS(mistake(call), StatusCode::kInvalidArgument, "call.recording_url");
  call = good;
  call.external_id = std::string(201, 'x');
  CHECK_STATUS_IS(mistake(call), StatusCode::kInvalidArgument, "call.external_id");
}

}  // namespace
}  // namespace esnaf::support

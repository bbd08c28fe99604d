#include "services/support/inbound/phone_call.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxUrlBytes = 2000;
constexpr std::size_t kMaxSummaryBytes = 16 * 1024;
constexpr std::chrono::hours kLongest{24};

void CheckName(const std::string& text, const std::string& field, FieldViolations& violations) {
  if (text.size() > kMaxNameBytes || !IsCleanUtf8(text)) {
    violations.Add(field, absl::StrCat("is no clean UTF-8 of at most ", kMaxNameBytes, " bytes"));
  }
}

std::string LengthText(std::chrono::seconds duration) {
  return absl::StrCat(duration.count() / 60, " dk ", duration.count() % 60, " sn");
}

// As agents and the requester read it.
std::string HeadOf(const PhoneCall& call) {
  const bool inbound = call.direction == CallDirection::kInbound;
  switch (call.outcome) {
    case CallOutcome::kAnswered:
      return absl::StrCat("[Telefon görüşmesi, ", LengthText(call.duration), "]");
    case CallOutcome::kNoAnswer:
      return inbound ? "[Telefonla aradı, yanıt verilmedi]" : "[Telefonla arandı, yanıt vermedi]";
    case CallOutcome::kBusy:
      return inbound ? "[Telefonla aradı, hat meşguldü]" : "[Telefonla arandı, hat meşguldü]";
    case CallOutcome::kVoicemail:
      return inbound ? "[Sesli mesaj bıraktı]" : "[Sesli mesaj bırakıldı]";
    case CallOutcome::kFailed:
      return inbound ? "[Telefonla aradı, bağlantı kurulamadı]" : "[Telefonla arandı, bağlantı kurulamadı]";
  }
  return {};
}

}  // namespace

bool IsHttpsUrl(const std::string& text) {
  constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme) || text.size() == kScheme.size() || text.size() > kMaxUrlBytes) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void CheckPhoneCall(const PhoneCall& call, Time now, FieldViolations& violations) {
  CheckName(call.external_id, "call.external_id", violations);
  CheckName(call.agent, "call.agent", violations);
  if (call.start_time > now + kClockSkew) violations.Add("call.start_time", "is in the future");
  if (call.duration < std::chrono::seconds(0) || call.duration > kLongest) {
    violations.Add("call.duration_seconds", "is not 0 to 86400");
  }
  if (!call.recording_url.empty() && !IsHttpsUrl(call.recording_url)) {
    violations.Add("call.recording_url", absl::StrCat("is no https address of at most ", kMaxUrlBytes, " bytes"));
  }
  if (call.summary.size() > kMaxSummaryBytes || !IsCleanUtf8(call.summary)) {
    violations.Add("call.summary", absl::StrCat("is no clean UTF-8 of at most ", kMaxSummaryBytes, " bytes"));
  } else if (call.outcome == CallOutcome::kVoicemail && Trim(call.summary).empty()) {
    violations.Add("call.summary", "is empty, and tells what the message said");
  }
}

std::vector<TicketMessage> MessagesOf(const PhoneCall& call, Time now) {
  const Time start = std::min(call.start_time, now);
  const Time end = std::min(call.start_time + call.duration, now);
  TicketMessage said{.id = Uuid::NewV7(now),
                     .actor = call.agent,
                     .text = HeadOf(call),
                     .channel = contacts::v1::CHANNEL_PHONE,
                     .create_time = end};
  if (!Trim(call.summary).empty()) absl::StrAppend(&said.text, "\n", call.summary);
  if (call.direction == CallDirection::kInbound && call.outcome != CallOutcome::kAnswered) {
    said.author = AuthorKind::kCustomer;
    return {said};
  }
  if (call.outcome != CallOutcome::kAnswered) {
    // Whoever was not reached has no answer.
    said.kind = MessageKind::kInternalNote;
    return {said};
  }
  if (call.direction == CallDirection::kOutbound) return {said};
  TicketMessage asked = said;
  asked.id = Uuid::NewV7(now);
  asked.author = AuthorKind::kCustomer;
  asked.text = "[Telefonla aradı]";
  asked.create_time = start;
  return {asked, said};
}

std::string SubjectOf(const PhoneCall& call) {
  return call.direction == CallDirection::kInbound ? "Telefon: müşteri aradı" : "Telefon: müşteri arandı";
}

}  // namespace esnaf::support

#pragma once

// A phone call, and what it says in its ticket.
#include <optional>
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

// The numbers are those of the contract, and stored.
enum class CallDirection { kInbound = 1, kOutbound = 2 };
enum class CallOutcome { kAnswered = 1, kNoAnswer = 2, kBusy = 3, kVoicemail = 4, kFailed = 5 };

struct PhoneCall {
  Uuid id;
  std::string external_id;
  std::string store_id;
  Uuid ticket_id;
  Uuid ticket_message_id;
  std::optional<Uuid> contact_id;
  CallDirection direction = CallDirection::kInbound;
  CallOutcome outcome = CallOutcome::kAnswered;
  std::string phone_number;  // E.164
  Time start_time;
  std::chrono::seconds duration{0};
  std::string recording_url;
  std::string summary;
  std::string agent;
  Time create_time;
};

// How far ahead of ours a source's clock may be.
inline constexpr std::chrono::minutes kClockSkew{5};

// Whether it is an https address of at most 2000 bytes.
bool IsHttpsUrl(const std::string& text);

// Adds what is wrong, by the names of the contract below `call`.
void CheckPhoneCall(const PhoneCall& call, Time now, FieldViolations& violations);

// What the call says, in the order in which it was said, each without its ticket: of one in which the customer dialled
// and people talked his question and the firm's answer. At least one.
std::vector<TicketMessage> MessagesOf(const PhoneCall& call, Time now);
// The subject of a ticket that nobody gave one.
std::string SubjectOf(const PhoneCall& call);

}  // namespace esnaf::support

#pragma once

// Forms as a firm sets them up, and what somebody fills in. A form is kept as the message of the contract that it is.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "esnaf/support/v1/forms.pb.h"
#include "libs/base/error.h"
#include "libs/base/uuid.h"
#include "libs/identity/identity.h"
#include "services/support/forms/spam_guard.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

// Adds what is wrong, by the names of the contract below `form`.
void CheckForm(const v1::TicketForm& form, FieldViolations& violations);

// By what its value is sent: that of its kind, or its own.
std::string KeyOf(const v1::TicketFormField& field);
SpamLimits LimitsOf(const v1::TicketFormGuard& guard);

// What is wrong with what was filled in.
struct FormMistake {
  enum class Kind { kMissing, kTooLong, kNoEmail, kNoPhone, kNoOption, kUnknown };
  std::string key;
  Kind kind = Kind::kMissing;
};
const char* DescriptionOf(FormMistake::Kind kind);

struct FilledForm {
  std::string subject;
  std::string message;
  std::string email;  // normalized
  std::string phone;  // E.164
  std::string name;
  std::string order_number;
  std::string type;
  std::map<std::string, std::string> custom;
};
using FormValues = std::map<std::string, std::string>;  // by key
FilledForm ReadFilled(const v1::TicketForm& form, const FormValues& values, std::vector<FormMistake>& mistakes);

// The ticket that it makes, without its requester.
Ticket TicketOf(const v1::TicketForm& form, const FilledForm& filled, const Uuid& id);
// Whom to ask contacts for: what somebody types proves nothing. None where he does not say who he is.
std::optional<identity::IdentitySet> RequesterOf(const FilledForm& filled);
// What two forms have in common that say the same. What is short may be said by several people, each for himself.
std::string SameContent(const v1::TicketForm& form, const FilledForm& filled);

}  // namespace esnaf::support

#pragma once

// What the variables of macros' texts stand for.
#include <map>
#include <optional>
#include <string>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "services/support/tickets/ticket.h"

namespace esnaf::support {

// By name. Without a contact those of it are absent; an agent without a name has none.
std::map<std::string, std::string> MacroValues(const Ticket& ticket,
                                               const std::optional<contacts::v1::Contact>& contact,
                                               const std::string& agent);

}  // namespace esnaf::support

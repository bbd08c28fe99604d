#include "services/support/macros/macro_values.h"

namespace esnaf::support {

std::map<std::string, std::string> MacroValues(const Ticket& ticket,
                                               const std::optional<contacts::v1::Contact>& contact,
                                               const std::string& agent) {
  std::map<std::string, std::string> values{{"ticket.number", absl::StrCat(ticket.number)},
                                            {"ticket.subject", ticket.subject},
                                            {"ticket.assignee", ticket.assignee},
                                            {"ticket.team", ticket.team},
                                            // `user:ayse` is ayse.
                                            {"agent.name", agent.substr(agent.find(':') + 1)}};
  if (contact) {
    values["contact.given_name"] = contact->given_name();
    values["contact.family_name"] = contact->family_name();
    values["contact.display_name"] = contact->display_name();
  }
  return values;
}

}  // namespace esnaf::support

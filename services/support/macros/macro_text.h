#pragma once

// The text of a macro: `Merhaba {{contact.given_name|müşterimiz}}, {{ticket.number}} numaralı talebiniz...`. What a
// variable stands for is put in as it is and never read again, so nobody's name can bring a variable in.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::support {

struct MacroPart {
  std::string text;      // as it is; of a variable what is said where it is empty
  std::string variable;  // empty: none
  bool operator==(const MacroPart&) const = default;
};

// INVALID_ARGUMENT saying what is wrong, for a variable that there is not or braces that are not closed.
absl::StatusOr<std::vector<MacroPart>> ParseMacroText(std::string_view text);

// Whether the text names what only contacts knows.
bool NamesContact(const std::vector<MacroPart>& parts);

// With what the variables stand for, by name; one that is absent is empty.
std::string RenderMacroText(const std::vector<MacroPart>& parts, const std::map<std::string, std::string>& values);

}  // namespace esnaf::support

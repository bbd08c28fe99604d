#include "services/support/macros/macro_text.h"

#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr std::string_view kVariables[] = {"ticket.number",        "ticket.subject",     "ticket.assignee",
                                           "ticket.team",          "contact.given_name", "contact.family_name",
                                           "contact.display_name", "agent.name"};

}  // namespace

absl::StatusOr<std::vector<MacroPart>> ParseMacroText(std::string_view text) {
  std::vector<MacroPart> parts;
  while (!text.empty()) {
    const std::size_t open = text.find("{{");
    if (open != 0) parts.push_back({std::string(text.substr(0, open)), ""});
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return absl::InvalidArgumentError("has braces that are not closed");
    const std::string_view inside = text.substr(open + 2, close - open - 2);
    const std::size_t bar = inside.find('|');
    const std::string name(Trim(inside.substr(0, bar)));
    if (std::find(std::begin(kVariables), std::end(kVariables), name) == std::end(kVariables)) {
      return absl::InvalidArgumentError(absl::StrCat("names no variable: ", name));
    }
    parts.push_back({bar == std::string_view::npos ? "" : std::string(Trim(inside.substr(bar + 1))), name});
    text.remove_prefix(close + 2);
  }
  return parts;
}

bool NamesContact(const std::vector<MacroPart>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [](const MacroPart& part) { return part.variable.starts_with("contact."); });
}

std::string RenderMacroText(const std::vector<MacroPart>& parts, const std::map<std::string, std::string>& values) {
  std::string rendered;
  for (const MacroPart& part : parts) {
    const auto value = part.variable.empty() ? values.end() : values.find(part.variable);
    rendered += value != values.end() && !value->second.empty() ? value->second : part.text;
  }
  return rendered;
}

}  // namespace esnaf::support

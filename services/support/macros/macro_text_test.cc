#include "services/support/macros/macro_text.h"

#include <rapidcheck.h>

#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

std::string Render(std::string_view text, const std::map<std::string, std::string>& values) {
  const auto parts = ParseMacroText(text);
  REQUIRE_OK(parts);
  return RenderMacroText(*parts, values);
}

TEST_CASE("variables stand for what they name, or for what is said instead") {
  const std::map<std::string, std::string> values{{"contact.given_name", "Ayşe"}, {"ticket.number", "42"}};
  CHECK(Render("Merhaba {{contact.given_name}}, #{{ ticket.number }}", values) == "Merhaba Ayşe, #42");
  CHECK(Render("{{contact.given_name|müşterimiz}}", values) == "Ayşe");
  CHECK(Render("Merhaba {{contact.given_name|değerli müşterimiz}}", {}) == "Merhaba değerli müşterimiz");
  CHECK(Render("{{contact.given_name}}", {}).empty());
  CHECK(Render("", values).empty());
}

TEST_CASE("unknown variables and open braces are refused") {
  CHECK_STATUS_IS(ParseMacroText("{{contact.password}}").status(), absl::StatusCode::kInvalidArgument,
                  "contact.password");
  CHECK_STATUS_IS(ParseMacroText("{{}}").status(), absl::StatusCode::kInvalidArgument, "no variable");
  CHECK_STATUS_IS(ParseMacroText("{{ticket.number").status(), absl::StatusCode::kInvalidArgument, "not closed");
}

TEST_CASE("a value is never read again") {
  CHECK(Render("{{contact.given_name}}", {{"contact.given_name", "{{agent.name}}"}, {"agent.name", "Ali"}}) ==
        "{{agent.name}}");
}

TEST_CASE("text without braces stays as it is") {
  CHECK(rc::check([](const std::string& text) {
    if (text.find("{{") == std::string::npos) RC_ASSERT(Render(text, {}) == text);
  }));
}

TEST_CASE("only contacts knows the contact") {
  CHECK(NamesContact(*ParseMacroText("a {{contact.family_name}}")));
  CHECK_FALSE(NamesContact(*ParseMacroText("{{ticket.number}} contact.family_name")));
}

}  // namespace
}  // namespace esnaf::support

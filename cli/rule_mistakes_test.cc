#include "cli/rule_mistakes.h"

#include "libs/testing/catch.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

v1::RuleMistake Mistake(int line, int column, int length, const std::string& message) {
  v1::RuleMistake mistake;
  mistake.set_line(line);
  mistake.set_column(column);
  mistake.set_length(length);
  mistake.set_message(message);
  return mistake;
}

TEST_CASE("a caret stands under the mistake, in characters, whatever stands before it") {
  v1::ParseRuleResponse parsed;
  *parsed.add_mistakes() = Mistake(1, 16, 3, "expected AND");
  CHECK(RenderMistakes("city = \"İzmir\" or", parsed) ==
        "  city = \"İzmir\" or\n"
        "                 ^~~\n"
        "line 1, column 16: expected AND\n");
  *parsed.mutable_mistakes(0) = Mistake(2, 2, 1, "wrong");
  parsed.mutable_mistakes(0)->set_suggestion("right");
  CHECK(RenderMistakes("a AND\n\tb", parsed) ==
        "  \tb\n"
        "  \t^\n"
        "line 2, column 2: wrong; did you mean right?\n");
  // Behind the end.
  *parsed.mutable_mistakes(0) = Mistake(1, 4, 1, "expected a value");
  CHECK(RenderMistakes("a =", parsed) == "  a =\n     ^\nline 1, column 4: expected a value\n");
}

TEST_CASE("a mistake without a place names its part") {
  v1::ParseRuleResponse parsed;
  *parsed.add_mistakes() = Mistake(0, 0, 0, "is empty");
  parsed.mutable_mistakes(0)->set_path("rule.group.rules");
  CHECK(RenderMistakes("", parsed) == "rule.group.rules: is empty\n");
}

TEST_CASE("an explanation is a tree of what holds") {
  v1::ExplainedClause all;
  all.set_text("orders.count > 1 AND contact.city = \"x\"");
  v1::ExplainedClause& count = *all.add_clauses();
  count.set_text("orders.count > 1");
  count.set_holds(true);
  count.set_value("3");
  count.set_fact_count(3);
  v1::ExplainedClause& city = *all.add_clauses();
  city.set_text("contact.city = \"x\"");
  city.set_absent(true);
  CHECK(RenderClause(all) ==
        "✗ orders.count > 1 AND contact.city = \"x\"\n"
        "  ✓ orders.count > 1   (is 3)   [3 facts]\n"
        "  ✗ contact.city = \"x\"   (absent)\n");
}

}  // namespace
}  // namespace esnaf::cli

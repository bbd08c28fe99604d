#include "cli/rule_mistakes.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "libs/base/absl_compat.h"

namespace esnaf::cli {
namespace {

namespace v1 = segmentation::v1;

// As wide as the first characters of a line, tabs kept, so that what stands under it is in its column.
std::string Indent(std::string_view line, int characters) {
  std::string indent;
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    if (characters-- <= 0) break;
    indent += c == '\t' ? '\t' : ' ';
  }
  if (characters > 0) indent.append(static_cast<std::size_t>(characters), ' ');
  return indent;
}

std::string SentenceOf(const v1::RuleMistake& mistake) {
  std::string sentence = mistake.message();
  if (!mistake.suggestion().empty() && sentence.find("did you mean") == std::string::npos) {
    sentence += "; did you mean " + mistake.suggestion() + "?";
  }
  return sentence;
}

void AppendClause(const v1::ExplainedClause& clause, std::size_t depth, std::string& out) {
  out.append(2 * depth, ' ').append(clause.holds() ? "✓ " : "✗ ").append(clause.text());
  if (clause.absent()) {
    out += "   (absent)";
  } else if (!clause.value().empty()) {
    out += "   (is " + clause.value() + ")";
  }
  if (clause.fact_count() > 0) out += absl::StrCat("   [", clause.fact_count(), " facts]");
  out += '\n';
  for (const v1::ExplainedClause& part : clause.clauses()) AppendClause(part, depth + 1, out);
}

}  // namespace

std::string RenderMistakes(std::string_view text, const v1::ParseRuleResponse& parsed) {
  const std::vector<std::string> lines = absl::StrSplit(ToAbsl(text), '\n');
  std::string out;
  for (const v1::RuleMistake& mistake : parsed.mistakes()) {
    if (mistake.line() < 1 || mistake.line() > static_cast<int>(lines.size())) {
      out += mistake.path() + ": " + SentenceOf(mistake) + "\n";
      continue;
    }
    const std::string& line = lines[static_cast<std::size_t>(mistake.line() - 1)];
    out += "  " + line + "\n  " + Indent(line, mistake.column() - 1) + "^";
    out.append(static_cast<std::size_t>(std::max(0, mistake.length() - 1)), '~');
    out += absl::StrCat("\nline ", mistake.line(), ", column ", mistake.column(), ": ", SentenceOf(mistake), "\n");
  }
  return out;
}

std::string RenderClause(const v1::ExplainedClause& clause) {
  std::string out;
  AppendClause(clause, 0, out);
  return out;
}

}  // namespace esnaf::cli

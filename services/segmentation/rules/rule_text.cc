#include "services/segmentation/rules/rule_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "libs/base/text.h"
#include "services/segmentation/rules/rule_check.h"
#include "services/segmentation/rules/rule_parser.h"

namespace esnaf::segmentation {
namespace {

// How many characters start in a piece of UTF-8.
int CharactersIn(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TextMistake MistakeAt(std::string_view text, Span span, std::string message, std::string suggestion,
                      std::string path = {}) {
  const std::string_view before = text.substr(0, span.offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 where there is none
  TextMistake mistake;
  mistake.message = std::move(message);
  mistake.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  mistake.column = 1 + CharactersIn(before.substr(line_start));
  // A part that spans lines is marked to the end of its first.
  const std::string_view part = text.substr(span.offset, span.size);
  mistake.length = std::max(1, CharactersIn(part.substr(0, part.find('\n'))));
  mistake.path = std::move(path);
  mistake.suggestion = std::move(suggestion);
  return mistake;
}

using SpanMap = std::map<std::string, Span>;

void MapCondition(const Condition& condition, const RuleSpans& spans, const std::string& path, SpanMap& map) {
  map[path] = spans.whole;
  map[path + ".operator"] = spans.op;
  for (const char* operand : {".attribute", ".aggregate", ".membership", ".sample"})
    map[path + operand] = spans.operand;
  for (std::size_t i = 0; i < spans.values.size(); ++i) map[absl::StrCat(path, ".values[", i, "]")] = spans.values[i];
  if (!std::holds_alternative<AggregateOperand>(condition.operand)) return;
  for (std::size_t i = 0; i < spans.parts.size(); ++i) {
    const RuleSpans& filter = spans.parts[i];
    const std::string filter_path = absl::StrCat(path, ".aggregate.filters[", i, "]");
    map[filter_path] = filter.whole;
    map[filter_path + ".field"] = filter.operand;
    map[filter_path + ".operator"] = filter.op;
    for (std::size_t j = 0; j < filter.values.size(); ++j) {
      map[absl::StrCat(filter_path, ".values[", j, "]")] = filter.values[j];
    }
  }
}

void MapRule(const Rule& rule, const RuleSpans& spans, const std::string& path, SpanMap& map) {
  map[path] = spans.whole;
  if (const Condition* condition = rule.condition()) return MapCondition(*condition, spans, path + ".condition", map);
  const Group& group = *rule.group();
  for (std::size_t i = 0; i < group.rules.size(); ++i) {
    MapRule(group.rules[i], spans.parts[i], absl::StrCat(path, ".group.rules[", i, "]"), map);
  }
}

// Where a part stands, or the nearest around it.
Span Locate(const SpanMap& map, std::string path) {
  while (true) {
    if (const auto found = map.find(path); found != map.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos) return {};
    path.resize(cut);
  }
}

}  // namespace

ParsedRule ParseRule(std::string_view text, const Catalogue& catalogue) {
  ParsedRule parsed;
  if (text.size() > kMaxRuleSourceBytes) {
    parsed.mistakes.push_back({absl::StrCat("the text is longer than ", kMaxRuleSourceBytes, " bytes")});
    return parsed;
  }
  if (!IsCleanUtf8(text)) {
    parsed.mistakes.push_back({"the text is no clean UTF-8"});
    return parsed;
  }
  RuleParser parser(text, catalogue);
  RuleSpans spans;
  std::optional<Rule> rule = parser.ParseAll(spans);
  if (!rule) {
    const SyntaxMistake& mistake = parser.mistake();
    parsed.mistakes.push_back(MistakeAt(text, mistake.span, mistake.message, mistake.suggestion));
    return parsed;
  }
  std::vector<RuleMistake> mistakes = CheckRule(*rule, catalogue);
  if (mistakes.empty()) {
    parsed.rule = std::move(rule);
    return parsed;
  }
  SpanMap map;
  MapRule(*rule, spans, "rule", map);
  for (RuleMistake& mistake : mistakes) {
    const Span span = Locate(map, mistake.path);
    parsed.mistakes.push_back(
        MistakeAt(text, span, std::move(mistake.message), std::move(mistake.suggestion), std::move(mistake.path)));
  }
  std::stable_sort(parsed.mistakes.begin(), parsed.mistakes.end(), [](const TextMistake& a, const TextMistake& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return parsed;
}

std::string Describe(const TextMistake& mistake) {
  std::string text = absl::StrCat("line ", mistake.line, ", column ", mistake.column, ": ", mistake.message);
  if (!mistake.suggestion.empty() && mistake.message.find("did you mean") == std::string::npos) {
    text += "; did you mean " + mistake.suggestion + "?";
  }
  return text;
}

}  // namespace esnaf::segmentation

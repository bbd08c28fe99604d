#pragma once

// Reads the text form of rules (docs/rules.md has the language), for example
//   orders.count(last 90d) >= 2 AND NOT contact.tags HAS "vip"
// AND and OR do not mix without parentheses, so that nobody has to know which binds tighter.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

inline constexpr std::size_t kMaxRuleSourceBytes = 64 << 10;

// A mistake in a text, and where it is.
struct TextMistake {
  std::string message;
  // In characters, counted from 1. A mistake at the end stands one column behind the last character.
  int line = 1;
  int column = 1;
  int length = 1;
  // The part of the tree as in RuleMistake; empty where the text gives no tree.
  std::string path;
  // What may have been meant in the place of what is wrong; empty where nothing is near.
  std::string suggestion;
};

struct ParsedRule {
  // Absent where there is a mistake.
  std::optional<Rule> rule;
  // In the order of the text. A mistake of syntax is alone.
  std::vector<TextMistake> mistakes;
};

// Reads a rule and checks it as CheckRule does. Never fails otherwise, whatever the bytes.
ParsedRule ParseRule(std::string_view text, const Catalogue& catalogue);

// `line 2, column 14: <message>`, and what may have been meant.
std::string Describe(const TextMistake& mistake);

}  // namespace esnaf::segmentation

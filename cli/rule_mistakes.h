#pragma once

// Shows where the mistakes of a rule are.
#include <string>
#include <string_view>

#include "esnaf/segmentation/v1/segments.pb.h"

namespace esnaf::cli {

// For each mistake its line of the text with a caret under what is wrong, then what is wrong and what may have been
// meant:
//
//   tags HAS "vip" AND contact.cty = "x"
//                      ^~~~~~~~~~~
//   line 1, column 20: there is no attribute "contact.cty"; did you mean "contact.city"?
//
// A mistake without a place (of a tree) names its part instead.
std::string RenderMistakes(std::string_view text, const segmentation::v1::ParseRuleResponse& parsed);

// A rule with each of its groups on lines of its own, indented.
std::string RenderClause(const segmentation::v1::ExplainedClause& clause);

}  // namespace esnaf::cli

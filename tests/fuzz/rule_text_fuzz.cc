// Any bytes are a rule or mistakes, and what is printed of a rule reads back as the same rule. libFuzzer calls this.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "services/segmentation/rules/rule_print.h"
#include "services/segmentation/rules/rule_text.h"
#include "services/segmentation/rules/test_rules.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esnaf::segmentation;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParsedRule parsed = ParseRule(text, TestCatalogue());
  if (!parsed.rule) {
    if (parsed.mistakes.empty()) std::abort();
    for (const TextMistake& mistake : parsed.mistakes) {
      if (mistake.line < 1 || mistake.column < 1 || mistake.length < 1 || mistake.message.empty()) std::abort();
    }
    return 0;
  }
  const std::string printed = PrintRule(*parsed.rule);
  const ParsedRule again = ParseRule(printed, TestCatalogue());
  if (!again.rule || *again.rule != *parsed.rule || PrintRule(*again.rule) != printed) std::abort();
  return 0;
}

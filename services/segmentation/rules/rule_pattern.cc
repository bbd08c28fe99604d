#include "services/segmentation/rules/rule_pattern.h"

#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

absl::StatusOr<std::unique_ptr<re2::RE2>> CompilePattern(std::string_view pattern) {
  if (pattern.size() > static_cast<std::size_t>(kMaxPatternBytes)) {
    return absl::InvalidArgumentError(absl::StrCat("is longer than ", kMaxPatternBytes, " bytes"));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  // Repetitions multiply: (a{1,100}){1,100} is short and would be huge. This is enough for some twenty thousand steps,
  // a few dozen letters of any alphabet (\p{L}{1,40}), and for RE2 to stay on its fast path on texts of this trade.
  constexpr std::int64_t kMostBytes = 1 << 20;
  options.set_max_mem(kMostBytes);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(absl::StrCat("is no regular expression of RE2: ", compiled->error()));
  }
  return compiled;
}

}  // namespace esnaf::segmentation

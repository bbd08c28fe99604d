#include "libs/base/json_shape.h"

#include <string>

namespace esnaf {

absl::Status CheckJsonShape(std::string_view text, const JsonBounds& bounds) {
  int depth = 0;
  std::int64_t values = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    // Each value but the first of a list is behind one of these; names are counted too.
    if (c == ',' || c == ':' || c == '[' || c == '{') ++values;
    if (depth > bounds.most_levels) {
      return absl::InvalidArgumentError("is nested more than " + std::to_string(bounds.most_levels) + " levels deep");
    }
    if (values > bounds.most_millions_of_values * 1'000'000) {
      return absl::InvalidArgumentError("has more than " + std::to_string(bounds.most_millions_of_values) +
                                        " million values");
    }
  }
  return absl::OkStatus();
}

}  // namespace esnaf

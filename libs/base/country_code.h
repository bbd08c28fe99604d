#pragma once

#include <string_view>

namespace esnaf {

// Whether the text has the form of an ISO 3166-1 alpha-2 code: two letters in upper case.
inline bool IsCountryCode(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() == 2 && upper(text[0]) && upper(text[1]);
}

}  // namespace esnaf

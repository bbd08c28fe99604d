#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace esnaf {

// A part of an address's query, percent-decoded, with `+` as a space. What is no escape stays as it is, as browsers do.
std::string DecodeQueryPart(std::string_view text);

// The names and values of what a form sends, `application/x-www-form-urlencoded`, in their order.
std::vector<std::pair<std::string, std::string>> DecodeForm(std::string_view body);

}  // namespace esnaf

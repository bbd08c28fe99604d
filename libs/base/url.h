#pragma once

#include <string>
#include <string_view>

namespace esnaf {

// A part of an address's query, percent-decoded, with `+` as a space. What is no escape stays as it is, as browsers do.
std::string DecodeQueryPart(std::string_view text);

}  // namespace esnaf

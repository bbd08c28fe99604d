#pragma once

#include <string>
#include <string_view>

namespace esnaf {

// The text as it stands in HTML, between tags or in a quoted attribute.
std::string EscapeHtml(std::string_view text);

}  // namespace esnaf

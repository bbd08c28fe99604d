#pragma once

// Text of any kind of mail program as clean UTF-8.
#include <string>
#include <string_view>

namespace esnaf::mail {

// The bytes read in a charset, with U+FFFD for what it does not have, without NUL and other control characters, and
// with \n at the end of lines. A charset that is not given or not known is UTF-8 where the bytes are that, else
// windows-1254.
std::string CleanText(std::string_view bytes, const std::string& charset);
// The same of what is UTF-8 already, in one line with single spaces.
std::string CleanLine(std::string_view text);

}  // namespace esnaf::mail

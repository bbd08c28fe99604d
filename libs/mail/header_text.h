#pragma once

// Text in headers (RFC 2047). GMime's own reading and writing loses the end of long subjects: it joins words that are
// padded each, and folds within characters.
#include <string>
#include <string_view>

namespace esnaf::mail {

// What a header's value says, in one line of clean UTF-8; `raw` as it stands in the mail.
std::string DecodeHeader(std::string_view raw);
// The value in ASCII with " " before it and folded by "\n ", words of at most 75 bytes, characters never cut.
std::string EncodeHeader(std::string_view text);

}  // namespace esnaf::mail

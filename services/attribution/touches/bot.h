#pragma once

// Which visitors are programs.
#include <string_view>

namespace esnaf::attribution {

// Whether a browser's name for itself is that of a crawler, a monitor, a preview of a messenger, a library or a browser
// without a window: it holds a word of the list in bot.cc, whatever the case, or is a word of nothing but a library. An
// empty name is no sign: back ends often know none.
bool IsBot(std::string_view user_agent);

}  // namespace esnaf::attribution

#pragma once

// /esnaf.js, the script by which pages of the shop record touches (esnaf.js in this folder; the build embeds it).
#include <string_view>

#include "services/gateway/http_exchange.h"

namespace esnaf::gateway {

// The script's text. Generated.
std::string_view BrowserScript();

// The answer to a page that loads it; 304 without a body where the page has this very script already.
HttpResponse BrowserScriptPage(std::string_view if_none_match);

}  // namespace esnaf::gateway

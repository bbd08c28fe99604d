#pragma once

// The scripts that pages of the shop load, which the build embeds from this folder: /esnaf.js, by which they record
// touches, and /esnaf-chat.js, by which visitors talk with the desk; and the page that has nothing but the latter.
#include <string_view>

#include "services/gateway/http_exchange.h"

namespace esnaf::gateway {

// The scripts' texts. Generated.
std::string_view BrowserScript();
std::string_view ChatScript();

// The answer to a page that loads one; 304 without a body where the page has this very script already.
HttpResponse BrowserScriptPage(std::string_view script, std::string_view if_none_match);

// The page /chat/{store}, which tells nothing but the store's name and loads the chat's script.
HttpResponse ChatPage(std::string_view store_id, std::string_view accept_language);

}  // namespace esnaf::gateway

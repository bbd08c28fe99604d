#include "services/gateway/browser_script.h"

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/store_id.h"

namespace esnaf::gateway {

HttpResponse BrowserScriptPage(std::string_view script, std::string_view if_none_match) {
  const std::string etag = absl::StrCat("\"", Sha256Hex(script).substr(0, 32), "\"");
  HttpResponse response{.headers = {{"ETag", etag},
                                    {"Cache-Control", "public, max-age=3600"},
                                    {"Access-Control-Allow-Origin", "*"},
                                    {"Cross-Origin-Resource-Policy", "cross-origin"},
                                    {"X-Content-Type-Options", "nosniff"}},
                        .content_type = "text/javascript; charset=utf-8",
                        .body = std::string(script)};
  if (if_none_match.find(etag) != std::string_view::npos || if_none_match == "*") {
    response.status = 304;
    response.content_type.clear();
    response.body.clear();
  }
  return response;
}

HttpResponse ChatPage(std::string_view store_id, std::string_view accept_language) {
  if (!IsStoreId(store_id)) return {.status = 404, .content_type = "text/plain; charset=utf-8", .body = "404\n"};
  const bool english = accept_language.substr(0, 2) == "en";
  const char* const title = english ? "Live chat" : "Canlı destek";
  return {.headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}},
          .content_type = "text/html; charset=utf-8",
          .body = absl::StrCat(
              "<!doctype html>\n<html lang=\"", english ? "en" : "tr",
              "\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
              title, "</title>\n</head>\n<body>\n<script src=\"/esnaf-chat.js\" data-page data-store=\"",
              std::string(store_id), "\"></script>\n<noscript>", title, ": JavaScript</noscript>\n</body>\n</html>\n")};
}

}  // namespace esnaf::gateway

#include "services/gateway/browser_script.h"

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"

namespace esnaf::gateway {

HttpResponse BrowserScriptPage(std::string_view if_none_match) {
  static const std::string kEtag = absl::StrCat("\"", Sha256Hex(BrowserScript()).substr(0, 32), "\"");
  HttpResponse response{.headers = {{"ETag", kEtag},
                                    {"Cache-Control", "public, max-age=3600"},
                                    {"Access-Control-Allow-Origin", "*"},
                                    {"Cross-Origin-Resource-Policy", "cross-origin"},
                                    {"X-Content-Type-Options", "nosniff"}},
                        .content_type = "text/javascript; charset=utf-8",
                        .body = std::string(BrowserScript())};
  if (if_none_match.find(kEtag) != std::string_view::npos || if_none_match == "*") {
    response.status = 304;
    response.content_type.clear();
    response.body.clear();
  }
  return response;
}

}  // namespace esnaf::gateway

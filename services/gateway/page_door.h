#pragma once

// What the doors of pages that support makes have in common: the gateway hands a request on without an API key, and
// answers the page that comes back.
#include <grpcpp/support/byte_buffer.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"
#include "libs/base/time.h"
#include "services/gateway/http_exchange.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

// What the gateway itself has to say, to a customer in either language.
std::string PlainPage(const char* turkish, const char* english);
inline std::string BusyPage() {
  return PlainPage("Lütfen biraz sonra yeniden deneyin.", "Please try again in a moment.");
}

// Whether it is made of letters, digits, `-` and `_`, one at least and at most `most`.
bool IsPathName(std::string_view text, std::size_t most);

// What of a header or query can be a string of a message and means anything to a page: plain ASCII, at most 200 bytes.
std::string PlainText(std::string_view text);

// A page that nothing keeps and that nobody else is told of; `policy` is what its Content-Security-Policy allows
// besides its own form and style.
HttpResponse HtmlResponse(int http_status, std::string html, std::string_view policy, const std::string& request_id);

// Calls a method of support; `answered` is told on a thread of gRPC whether it was answered, and with what.
using PageAnswered = std::function<void(bool ok, const grpc::ByteBuffer& response, const std::string& request_id)>;
void AskForPage(Upstreams& upstreams, const Clock& clock, std::chrono::milliseconds deadline, const char* method,
                const google::protobuf::Message& proto, const HttpRequest& request,
                const std::shared_ptr<HttpExchange>& exchange, PageAnswered answered);

}  // namespace esnaf::gateway

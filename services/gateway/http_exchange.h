#pragma once

// An HTTP request and its answer, apart from the server that carries them.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace esnaf::gateway {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string verb;
  std::string path;     // undecoded, without the query
  std::string query;    // undecoded, without the `?`
  HttpHeaders headers;  // names in lower case
  std::string body;
  std::string peer;
  // Empty where there is none.
  std::string_view Header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  // What proxies wrote about who sent the request, the last one's word at the end.
  std::string ForwardedFor() const {
    std::string all;
    for (const auto& [key, value] : headers) {
      if (key == "x-forwarded-for") all += (all.empty() ? "" : ",") + value;
    }
    return all;
  }
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string content_type = "application/json";
  std::string body;
};

// The answering side of one request. Everything may be called from any thread; Respond once, or BeginStream, any number
// of Write one after another, and EndStream.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual void Respond(HttpResponse response) = 0;
  virtual void BeginStream(HttpResponse head) = 0;
  // `written` is told on the HTTP thread whether the client took it.
  virtual void Write(std::string text, std::function<void(bool ok)> written) = 0;
  virtual void EndStream() = 0;
  // Called once, on the HTTP thread, where the client goes away before it is answered.
  virtual void OnClosed(std::function<void()> closed) = 0;
  // Runs work on the HTTP thread.
  virtual void Post(std::function<void()> work) = 0;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void Handle(HttpRequest request, std::shared_ptr<HttpExchange> exchange) = 0;
  // The answer to what is no HTTP, or too large; the code is a canonical one.
  virtual HttpResponse Reject(int http_status, int code, const std::string& message) = 0;
};

}  // namespace esnaf::gateway

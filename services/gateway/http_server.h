#pragma once

// An HTTP/1.1 server with limits on everything: connections, sizes, and the time that a client may take.
#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "services/gateway/http_exchange.h"

namespace esnaf::gateway {

struct HttpServerOptions {
  std::string listen;  // `127.0.0.1:7080`
  int threads = 1;
  int most_connections = 1024;
  std::size_t most_header_bytes = 16 * 1024;
  std::size_t most_body_bytes = 4 * 1024 * 1024;
  std::chrono::milliseconds idle_timeout{75'000};  // between requests
  std::chrono::milliseconds read_timeout{20'000};  // of one request, from its first byte
  std::chrono::milliseconds write_timeout{20'000};
  std::chrono::milliseconds drain{3'000};
};

class HttpServer {
 public:
  // The handler outlives the server.
  HttpServer(HttpServerOptions options, HttpHandler& handler);
  ~HttpServer();
  absl::Status Start();
  // Takes nothing new, waits for the requests under way, and ends the rest.
  void Stop();
  int port() const;

 private:
  std::shared_ptr<struct HttpServerState> impl_;
};

}  // namespace esnaf::gateway

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/runtime/metrics.h"

namespace esnaf::runtime {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;
using Answer = std::function<Response(const Request&)>;

constexpr std::chrono::seconds kRequestTimeout{5};

// One connection: reads a request, answers, and again until the client closes or is silent for too long.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(Tcp::socket socket, const Answer& answer) : stream_(std::move(socket)), answer_(answer) {}

  void Read() {
    request_ = {};
    stream_.expires_after(kRequestTimeout);
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->Write();
    });
  }

 private:
  void Write() {
    response_ = answer_(request_);
    stream_.expires_after(kRequestTimeout);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->Read();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  Request request_;
  Response response_;
  const Answer& answer_;
};

class BeastMetricsServer final : public MetricsServer {
 public:
  BeastMetricsServer(const Metrics& metrics, std::function<absl::Status()> healthy)
      : answer_([&metrics, healthy = std::move(healthy)](const Request& request) {
          return Respond(request, metrics, healthy);
        }) {}

  ~BeastMetricsServer() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  int port() const override { return port_; }

  absl::Status Listen(const std::string& host, unsigned short port) {
    beast::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return absl::InvalidArgumentError(absl::StrCat("metrics-listen: ", host, " is no IP address"));
    const Tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(absl::StrCat("metrics-listen: cannot listen: ", error.message()));
    port_ = acceptor_.local_endpoint().port();
    Accept();
    thread_ = std::thread([this] { context_.run(); });
    return absl::OkStatus();
  }

 private:
  static Response Respond(const Request& request, const Metrics& metrics,
                          const std::function<absl::Status()>& healthy) {
    Response response{http::status::ok, request.version()};
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.keep_alive(request.keep_alive());
    if (request.method() != http::verb::get) {
      response.result(http::status::method_not_allowed);
      response.set(http::field::allow, "GET");
    } else if (request.target() == "/metrics") {
      response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
      response.body() = metrics.Expose();
    } else if (request.target() == "/healthz") {
      const absl::Status status = healthy();
      if (!status.ok()) response.result(http::status::service_unavailable);
      response.body() = status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n");
    } else {
      response.result(http::status::not_found);
      response.body() = "there are /metrics and /healthz\n";
    }
    response.prepare_payload();
    return response;
  }

  void Accept() {
    acceptor_.async_accept([this](beast::error_code error, Tcp::socket socket) {
      if (error) LogWarning("the metrics server could not accept", {{"error", error.message()}});
      if (!error) std::make_shared<Session>(std::move(socket), answer_)->Read();
      Accept();
    });
  }

  const Answer answer_;
  asio::io_context context_{1};
  Tcp::acceptor acceptor_{context_};
  int port_ = 0;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& listen, const Metrics& metrics,
                                                                    std::function<absl::Status()> healthy) {
  const std::size_t colon = listen.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(listen.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("metrics-listen: `", listen, "` is not written as address:port"));
  }
  auto server = std::make_unique<BeastMetricsServer>(metrics, std::move(healthy));
  ESNAF_RETURN_IF_ERROR(server->Listen(listen.substr(0, colon), static_cast<unsigned short>(port)));
  return server;
}

}  // namespace esnaf::runtime

#include "services/gateway/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <map>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/log.h"

namespace esnaf::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kDrainPoll{5};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class HttpSession;

struct HttpServerState : std::enable_shared_from_this<HttpServerState> {
  HttpServerState(HttpServerOptions o, HttpHandler& h)
      : options(std::move(o)), handler(h), context(options.threads), acceptor(context) {}

  void Accept();
  void Register(const std::shared_ptr<HttpSession>& session);
  void Forget(HttpSession* session);
  std::vector<std::shared_ptr<HttpSession>> Sessions();

  const HttpServerOptions options;
  HttpHandler& handler;
  asio::io_context context;
  tcp::acceptor acceptor;
  std::vector<std::thread> threads;
  int port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<int> answering{0};  // requests that wait for their answer
  std::mutex mutex;
  std::map<HttpSession*, std::weak_ptr<HttpSession>> sessions;
};

// One connection: reads a request, lets it be answered, and goes on. Its handlers run on a strand.
class HttpSession final : public HttpExchange, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<HttpServerState> server, tcp::socket socket)
      : server_(std::move(server)), options_(server_->options), stream_(std::move(socket)) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    const tcp::endpoint remote = stream_.socket().remote_endpoint(ignored);
    peer_ = absl::StrCat(remote.address().to_string(ignored), ":", remote.port());
  }
  ~HttpSession() override { server_->Forget(this); }

  void Start() {
    Post([self = shared_from_this()] { self->ReadHeader(); });
  }

  // The server stops: a connection that waits for a request ends now, one that is being answered afterwards.
  void EndWhenIdle() {
    Post([self = shared_from_this()] {
      if (!self->answering_) self->Close();
    });
  }
  // Cancels what the request waits for.
  void Abandon() {
    Post([self = shared_from_this()] { self->ClientGone(); });
  }
  void End() {
    Post([self = shared_from_this()] { self->Close(); });
  }

  void Respond(HttpResponse response) override {
    Post([self = shared_from_this(), response = std::move(response)]() mutable {
      self->WriteResponse(std::move(response));
    });
  }
  void BeginStream(HttpResponse head) override {
    Post([self = shared_from_this(), head = std::move(head)]() { self->WriteStreamHead(head); });
  }
  void Write(std::string text, std::function<void(bool)> written) override {
    Post([self = shared_from_this(), text = std::move(text), written = std::move(written)]() mutable {
      self->WriteChunk(std::move(text), std::move(written));
    });
  }
  void EndStream() override {
    Post([self = shared_from_this()] { self->WriteLastChunk(); });
  }
  void OnClosed(std::function<void()> closed) override {
    Post([self = shared_from_this(), closed = std::move(closed)]() mutable {
      if (!self->answering_) return;
      self->closed_ = std::move(closed);
      if (self->gone_) self->ClientGone();
    });
  }
  void Post(std::function<void()> work) override { asio::dispatch(stream_.get_executor(), std::move(work)); }

 private:
  void ReadHeader() {
    if (server_->stopping) return Close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(options_.most_header_bytes));
    parser_->body_limit(options_.most_body_bytes);
    stream_.expires_after(buffer_.size() > 0 ? options_.read_timeout : options_.idle_timeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, std::size_t) { self->OnHeader(error); });
  }

  void OnHeader(error_code error) {
    if (error) return OnReadError(error);
    keep_alive_ = parser_->get().keep_alive();
    stream_.expires_after(options_.read_timeout);
    if (Lower(View(parser_->get()[http::field::expect])) == "100-continue") return SendContinue();
    ReadBody();
  }

  void SendContinue() {
    static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->Close();
      self->ReadBody();
    });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->OnReadError(error);
      self->Handle();
    });
  }

  // What cannot be read is answered where the client still listens, and the connection ends.
  void OnReadError(error_code error) {
    if (error == http::error::end_of_stream || error == beast::error::timeout ||
        error == asio::error::operation_aborted || error == asio::error::connection_reset ||
        error == asio::error::eof || error == http::error::partial_message) {
      return Close();
    }
    keep_alive_ = false;
    answering_ = true;
    ++server_->answering;
    const int kInvalid = static_cast<int>(absl::StatusCode::kInvalidArgument);
    if (error == http::error::body_limit) {
      return WriteResponse(server_->handler.Reject(
          413, kInvalid, absl::StrCat("the body is larger than ", options_.most_body_bytes, " bytes")));
    }
    if (error == http::error::header_limit) {
      return WriteResponse(server_->handler.Reject(
          431, kInvalid, absl::StrCat("the headers are larger than ", options_.most_header_bytes, " bytes")));
    }
    WriteResponse(server_->handler.Reject(400, kInvalid, "this is no HTTP/1.1 request"));
  }

  void Handle() {
    auto message = parser_->release();
    HttpRequest request;
    request.verb = std::string(View(message.method_string()));
    const std::string_view target = View(message.target());
    const std::size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    if (question < target.size()) request.query = target.substr(question + 1);
    for (const auto& field : message) {
      request.headers.emplace_back(Lower(View(field.name_string())), std::string(View(field.value())));
    }
    request.body = std::move(message.body());
    request.peer = peer_;
    head_only_ = request.verb == "HEAD";
    answering_ = true;
    ++server_->answering;
    stream_.expires_never();
    WatchForClose();
    server_->handler.Handle(std::move(request), shared_from_this());
  }

  // While a request is answered nobody reads; becoming readable means the next request, or that the client has left.
  void WatchForClose() {
    if (watching_) return;
    watching_ = true;
    stream_.socket().async_wait(
        tcp::socket::wait_read,
        asio::bind_executor(stream_.get_executor(), [self = shared_from_this()](error_code error) {
          self->watching_ = false;
          if (error || !self->answering_) return;
          char byte;
          const ssize_t got = recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) self->ClientGone();
        }));
  }

  void ClientGone() {
    gone_ = true;
    if (auto closed = std::exchange(closed_, nullptr)) closed();
  }

  void WriteResponse(HttpResponse response) {
    auto message = std::make_shared<http::response<http::string_body>>();
    FillHead(response, *message);
    message->body() = std::move(response.body);
    message->prepare_payload();
    if (head_only_) message->body().clear();
    stream_.expires_after(options_.write_timeout);
    http::async_write(stream_, *message,
                      [self = shared_from_this(), message](error_code error, std::size_t) { self->Answered(!error); });
  }

  template <typename Message>
  void FillHead(const HttpResponse& response, Message& message) {
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    if (server_->stopping) keep_alive_ = false;
    message.keep_alive(keep_alive_);
    if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message.set(name, value);
  }

  void WriteStreamHead(const HttpResponse& head) {
    auto message = std::make_shared<http::response<http::empty_body>>();
    FillHead(head, *message);
    message->chunked(true);
    auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
    stream_.expires_after(options_.write_timeout);
    writing_ = true;
    http::async_write_header(stream_, *serializer,
                             [self = shared_from_this(), message, serializer](error_code error, std::size_t) {
                               self->writing_ = false;
                               if (error) self->gone_ = true;
                               self->WriteNext();
                             });
  }

  // A chunk that comes while the head is still being written waits for it.
  void WriteChunk(std::string text, std::function<void(bool)> written) {
    pending_.push_back({std::move(text), std::move(written)});
    WriteNext();
  }
  void WriteLastChunk() {
    WriteChunk({}, [this](bool ok) { Answered(ok); });
  }

  void WriteNext() {
    if (writing_ || pending_.empty()) return;
    auto chunk = std::make_shared<PendingChunk>(std::move(pending_.front()));
    pending_.erase(pending_.begin());
    if (gone_) {
      chunk->written(false);
      return WriteNext();
    }
    writing_ = true;
    // The chunk without text is the last one.
    chunk->framed =
        chunk->text.empty() ? "0\r\n\r\n" : absl::StrCat(absl::Hex(chunk->text.size()), "\r\n", chunk->text, "\r\n");
    stream_.expires_after(options_.write_timeout);
    asio::async_write(stream_, asio::buffer(chunk->framed),
                      [self = shared_from_this(), chunk](error_code error, std::size_t) {
                        self->writing_ = false;
                        self->stream_.expires_never();
                        if (error) self->gone_ = true;
                        chunk->written(!error);
                        self->WriteNext();
                      });
  }

  void Answered(bool ok) {
    if (!answering_) return;
    answering_ = false;
    closed_ = nullptr;
    --server_->answering;
    if (!ok || !keep_alive_ || gone_) return Close();
    ReadHeader();
  }

  // Ends the timers too.
  void Close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  struct PendingChunk {
    std::string text;
    std::function<void(bool)> written;
    std::string framed;
  };

  const std::shared_ptr<HttpServerState> server_;
  const HttpServerOptions& options_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string peer_;
  bool keep_alive_ = true;
  bool head_only_ = false;
  bool answering_ = false;
  bool watching_ = false;
  bool gone_ = false;
  bool writing_ = false;
  std::vector<PendingChunk> pending_;
  std::function<void()> closed_;
};

void HttpServerState::Accept() {
  acceptor.async_accept(asio::make_strand(context), [self = shared_from_this()](error_code error, tcp::socket socket) {
    if (self->stopping) return;
    if (!error) {
      std::size_t open = 0;
      {
        std::lock_guard lock(self->mutex);
        open = self->sessions.size();
      }
      if (open < static_cast<std::size_t>(self->options.most_connections)) {
        auto session = std::make_shared<HttpSession>(self, std::move(socket));
        self->Register(session);
        session->Start();
      }
    }
    self->Accept();
  });
}

void HttpServerState::Register(const std::shared_ptr<HttpSession>& session) {
  std::lock_guard lock(mutex);
  sessions.emplace(session.get(), session);
}

void HttpServerState::Forget(HttpSession* session) {
  std::lock_guard lock(mutex);
  sessions.erase(session);
}

std::vector<std::shared_ptr<HttpSession>> HttpServerState::Sessions() {
  std::vector<std::shared_ptr<HttpSession>> alive;
  std::lock_guard lock(mutex);
  for (const auto& [pointer, weak] : sessions) {
    if (auto session = weak.lock()) alive.push_back(std::move(session));
  }
  return alive;
}

HttpServer::HttpServer(HttpServerOptions options, HttpHandler& handler)
    : impl_(std::make_shared<HttpServerState>(std::move(options), handler)) {}

HttpServer::~HttpServer() { Stop(); }

absl::Status HttpServer::Start() {
  const std::string& listen = impl_->options.listen;
  const std::size_t colon = listen.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(listen.substr(colon + 1), &port) || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", listen, ": it is no address:port"));
  }
  error_code error;
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const asio::ip::address address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
  if (!error) impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot listen on ", listen, ": ", error.message()));
  impl_->port = impl_->acceptor.local_endpoint().port();
  impl_->Accept();
  for (int i = 0; i < impl_->options.threads; ++i) {
    impl_->threads.emplace_back([impl = impl_] { impl->context.run(); });
  }
  return absl::OkStatus();
}

void HttpServer::Stop() {
  if (impl_->stopping.exchange(true)) return;
  asio::post(impl_->context, [impl = impl_] {
    error_code ignored;
    impl->acceptor.close(ignored);
  });
  const auto wait_until_answered = [this](std::chrono::steady_clock::time_point until) {
    while (impl_->answering > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kDrainPoll);
  };
  if (!impl_->threads.empty()) {
    for (const auto& session : impl_->Sessions()) session->EndWhenIdle();
    wait_until_answered(std::chrono::steady_clock::now() + impl_->options.drain);
    for (const auto& session : impl_->Sessions()) session->Abandon();
    // The upstream calls are cancelled now; their answers come at once.
    wait_until_answered(std::chrono::steady_clock::now() + impl_->options.drain);
    for (const auto& session : impl_->Sessions()) session->End();
  }
  // Without a socket left there is nothing to wait for, and the threads return.
  for (std::thread& thread : impl_->threads) thread.join();
}

int HttpServer::port() const { return impl_->port; }

}  // namespace esnaf::gateway

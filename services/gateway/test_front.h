#pragma once

// A gateway between fake services and a raw client, for tests.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "esnaf/api/v1/consumers.pb.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/runtime/grpc_wire.h"
#include "libs/testing/catch.h"
#include "services/gateway/front.h"

namespace esnaf::gateway::testing {

using Metadata = std::multimap<std::string, std::string>;

inline grpc::ByteBuffer ToBytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}
inline std::string ToText(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.DumpToSingleSlice(&slice).ok()) return {};
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

// What a fake service answers.
struct Reply {
  std::vector<std::string> messages = {""};
  grpc::Status status;
  bool hang = false;   // until the call is cancelled
  bool echo = false;   // each request at once
  bool early = false;  // with the status, without reading the requests to their end
  bool quiet = false;  // without remembering the requests
};

// Answers any method of any service from bytes, and remembers what it was told.
class FakeService final : public grpc::CallbackGenericService {
 public:
  using Handler = std::function<Reply(const std::string& method)>;

  FakeService() {
    // Without this answer the gateway would count the service as unreachable.
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(this);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
  }
  ~FakeService() override { Stop(); }
  void Stop() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void SetHandler(Handler handler) {
    std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }
  // What the gateway is told that looks after the health of services; such calls are not remembered.
  void SetConsumers(const api::v1::ListConsumersResponse& consumers) {
    std::lock_guard lock(mutex_);
    consumers_ = consumers.SerializeAsString();
  }
  // Of the last call.
  Metadata metadata() {
    std::lock_guard lock(mutex_);
    return metadata_;
  }
  std::string method() {
    std::lock_guard lock(mutex_);
    return method_;
  }
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  std::chrono::system_clock::time_point deadline() {
    std::lock_guard lock(mutex_);
    return deadline_;
  }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  // Waits until a call was cancelled.
  bool WaitForCancel() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return cancelled_ > 0; });
  }

 private:
  class FakeCall final : public grpc::ServerGenericBidiReactor {
   public:
    FakeCall(FakeService& service, grpc::GenericCallbackServerContext* context, Reply reply)
        : service_(service), context_(context), reply_(std::move(reply)) {
      context_->AddTrailingMetadata("esnaf-position", "orders:e1.42");
      if (reply_.early) {
        Finish(reply_.status);
      } else {
        StartRead(&request_);
      }
    }
    void OnReadDone(bool ok) override {
      if (ok) {
        if (!reply_.quiet) {
          std::lock_guard lock(service_.mutex_);
          service_.requests_.push_back(ToText(request_));
        }
        if (!reply_.echo) return StartRead(&request_);
        echo_ = request_;
        return StartWrite(&echo_);
      }
      if (reply_.echo) return Finish(reply_.status);
      if (!reply_.hang) WriteNext();
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return Finish(grpc::Status(grpc::StatusCode::CANCELLED, "gone"));
      if (reply_.echo) return StartRead(&request_);
      WriteNext();
    }
    void OnCancel() override {
      if (!reply_.hang) return;
      {
        std::lock_guard lock(service_.mutex_);
        ++service_.cancelled_;
        service_.changed_.notify_all();
      }
      Finish(grpc::Status(grpc::StatusCode::CANCELLED, "cancelled"));
    }
    void OnDone() override { delete this; }

   private:
    void WriteNext() {
      if (!reply_.status.ok() && reply_.messages == std::vector<std::string>{""}) return Finish(reply_.status);
      if (next_ == reply_.messages.size()) return Finish(reply_.status);
      answer_ = ToBytes(reply_.messages[next_++]);
      StartWrite(&answer_);
    }
    FakeService& service_;
    grpc::GenericCallbackServerContext* const context_;
    const Reply reply_;
    std::size_t next_ = 0;
    grpc::ByteBuffer request_, echo_, answer_;
  };

  // Nobody's call: those on behalf of somebody say whose.
  static bool IsHealthPoll(const grpc::GenericCallbackServerContext& context) {
    return context.method() == "/esnaf.api.v1.ConsumerService/ListConsumers" &&
           !context.client_metadata().contains("esnaf-actor");
  }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    Reply reply;
    {
      std::lock_guard lock(mutex_);
      if (IsHealthPoll(*context)) {
        return new FakeCall(*this, context, Reply{.messages = {consumers_}, .quiet = true});
      }
      ++calls_;
      method_ = context->method();
      deadline_ = context->deadline();
      requests_.clear();
      metadata_.clear();
      for (const auto& [key, value] : context->client_metadata()) {
        metadata_.emplace(runtime::AsView(key), runtime::AsView(value));
      }
      if (handler_) reply = handler_(method_);
    }
    return new FakeCall(*this, context, std::move(reply));
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  Handler handler_;
  std::string consumers_;
  Metadata metadata_;
  std::string method_;
  std::vector<std::string> requests_;
  std::chrono::system_clock::time_point deadline_;
  int calls_ = 0;
  int cancelled_ = 0;
  std::condition_variable changed_;
};

struct GrpcAnswer {
  grpc::Status status;
  std::string response;
  Metadata trailing;
  std::string reason() const { return ErrorReason(runtime::FromGrpc(status)); }
};

// One unary call by bytes.
inline GrpcAnswer CallGrpc(grpc::GenericStub& stub, const std::string& method, const std::string& request,
                           const Metadata& metadata,
                           std::chrono::milliseconds timeout = std::chrono::milliseconds(20'000)) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  const grpc::ByteBuffer sent = ToBytes(request);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, method, {}, &sent, &response,
                 [&](grpc::Status status) { done.set_value(std::move(status)); });
  GrpcAnswer answer;
  answer.status = done.get_future().get();
  answer.response = ToText(response);
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    answer.trailing.emplace(runtime::AsView(key), runtime::AsView(value));
  }
  return answer;
}

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  nlohmann::json Json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  // Of an error.
  std::string Reason() const {
    const nlohmann::json json = Json();
    if (!json.is_object() || !json.contains("error")) return "";
    for (const auto& detail : json["error"]["details"]) {
      if (detail.contains("reason")) return detail["reason"];
    }
    return "";
  }
};

// One HTTP connection, kept alive.
class HttpClient {
 public:
  explicit HttpClient(int port) : socket_(context_) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)});
  }
  HttpAnswer Send(const std::string& verb, const std::string& target, const Metadata& headers = {},
                  const std::string& body = {}) {
    namespace http = boost::beast::http;
    http::request<http::string_body> request;
    request.method_string(verb);
    request.target(target);
    request.version(11);
    request.set(http::field::host, "localhost");
    for (const auto& [name, value] : headers) request.set(name, value);
    request.body() = body;
    request.prepare_payload();
    http::write(socket_, request);
    return Read();
  }
  void Raw(const std::string& bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
  HttpAnswer Read() {
    namespace http = boost::beast::http;
    http::response_parser<http::string_body> parser;
    parser.body_limit(64 * 1024 * 1024);
    boost::beast::error_code error;
    http::read(socket_, buffer_, parser, error);
    HttpAnswer answer;
    if (error) return answer;
    answer.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
      std::string name(field.name_string().data(), field.name_string().size());
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = std::string(field.value().data(), field.value().size());
    }
    answer.body = parser.get().body();
    return answer;
  }
  // Whether the server has ended the connection.
  bool Ended() {
    char byte;
    boost::beast::error_code error;
    socket_.read_some(boost::asio::buffer(&byte, 1), error);
    return error == boost::asio::error::eof || error == boost::asio::error::connection_reset;
  }
  void Close() { socket_.close(); }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

// The gateway itself, over one fake service that stands for all.
class TestFront {
 public:
  explicit TestFront(RouteTable routes, FrontOptions options = {}) {
    options.grpc_listen = "127.0.0.1:0";
    options.http_listen = "127.0.0.1:0";
    for (std::string& address : options.upstreams) {
      if (address.empty()) address = service.address();
    }
    front_ = std::make_unique<Front>(std::move(options), std::move(routes), keys, metrics, SystemClock(), audit);
    REQUIRE_OK(front_->Start());
    channel_ =
        grpc::CreateChannel("127.0.0.1:" + std::to_string(front_->grpc_port()), grpc::InsecureChannelCredentials());
    stub_ = std::make_unique<grpc::GenericStub>(channel_);
  }

  // Adds a key and gives its secret.
  std::string AddKey(KeyKind kind, std::vector<std::string> scopes, std::function<void(StoredKey&)> edit = {}) {
    const std::string number = std::to_string(stored_.size());
    const Secret secret = MakeSecret(Sha256(number));
    StoredKey key;
    key.key.id = Uuid::FromName("test", number);
    key.key.kind = kind;
    key.key.scopes = std::move(scopes);
    key.secret_hash = secret.hash;
    if (edit) edit(key);
    stored_.push_back(std::move(key));
    keys.Replace(stored_);
    return secret.text;
  }
  void RevokeKeys() { keys.Replace({}); }
  static Metadata Bearer(const std::string& secret, Metadata more = {}) {
    more.emplace("authorization", "Bearer " + secret);
    return more;
  }
  grpc::GenericStub& stub() { return *stub_; }
  HttpClient Http() { return HttpClient(front_->http_port()); }
  Front& front() { return *front_; }

  FakeService service;
  KeyCache keys;
  runtime::Metrics metrics;
  AuditBuffer audit;

 private:
  std::vector<StoredKey> stored_;
  std::unique_ptr<Front> front_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<grpc::GenericStub> stub_;
};

}  // namespace esnaf::gateway::testing

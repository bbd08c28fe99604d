#include "libs/runtime/server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/runtime/grpc_options.h"
#include "libs/runtime/server_call.h"
#include "libs/runtime/server_core.h"

namespace esnaf::runtime {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

// What generated code would be: the methods of one service, answered from bytes.
class BoundService final : public grpc::Service {
 public:
  BoundService(ServerCore& core, RpcService service) : service_(std::move(service)) {
    for (const RpcMethod& rpc : service_.methods()) {
      methods_.push_back(std::make_unique<BoundMethod>(core, service_.full_name(), rpc));
      AddMethod(new grpc::internal::RpcServiceMethod(methods_.back()->path.c_str(), TypeOf(rpc.kind), nullptr));
      MarkMethodRawCallback(static_cast<int>(methods_.size()) - 1, MakeHandler(*methods_.back()));
    }
  }

  const RpcService& service() const { return service_; }

 private:
  static grpc::internal::RpcMethod::RpcType TypeOf(RpcKind kind) {
    switch (kind) {
      case RpcKind::kServerStream:
        return grpc::internal::RpcMethod::SERVER_STREAMING;
      case RpcKind::kClientStream:
        return grpc::internal::RpcMethod::CLIENT_STREAMING;
      case RpcKind::kUnary:
        break;
    }
    return grpc::internal::RpcMethod::NORMAL_RPC;
  }

  static grpc::internal::MethodHandler* MakeHandler(BoundMethod& method) {
    using Bytes = grpc::ByteBuffer;
    switch (method.rpc.kind) {
      case RpcKind::kServerStream:
        return new grpc::internal::CallbackServerStreamingHandler<Bytes, Bytes>(
            [&method](grpc::CallbackServerContext* context, const Bytes* request) {
              return AnswerServerStream(method, context, request);
            });
      case RpcKind::kClientStream:
        return new grpc::internal::CallbackClientStreamingHandler<Bytes, Bytes>(
            [&method](grpc::CallbackServerContext* context, Bytes* response) {
              return AnswerClientStream(method, context, response);
            });
      case RpcKind::kUnary:
        break;
    }
    return new grpc::internal::CallbackUnaryHandler<Bytes, Bytes>(
        [&method](grpc::CallbackServerContext* context, const Bytes* request, Bytes* response) {
          return AnswerUnary(method, context, request, response);
        });
  }

  const RpcService service_;
  std::vector<std::unique_ptr<BoundMethod>> methods_;
};

// A polling thread of gRPC that sees nothing for a second sleeps for 100 ms outside its poller, and the next call waits
// for it. A call to ourselves, several times a second, keeps it awake.
class Heartbeat {
 public:
  explicit Heartbeat(grpc::Server& server)
      : stub_(server.InProcessChannel(grpc::ChannelArguments())), thread_([this] { Run(); }) {}

  ~Heartbeat() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  static constexpr std::chrono::milliseconds kPeriod{300};

  void Run() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kPeriod, [this] { return stopping_; })) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
      const grpc::Slice nothing;
      const grpc::ByteBuffer request(&nothing, 1);
      grpc::ByteBuffer response;
      bool answered = false;
      lock.unlock();
      // Whatever the answer is, the poller woke for it.
      stub_.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response, [&](const grpc::Status&) {
        std::lock_guard done(mutex_);
        answered = true;
        changed_.notify_all();
      });
      lock.lock();
      changed_.wait(lock, [&] { return answered; });
    }
  }

  grpc::GenericStub stub_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

bool IsUnix(const std::string& listen) { return listen.compare(0, kUnixPrefix.size(), kUnixPrefix) == 0; }
std::string UnixPath(const std::string& listen) { return listen.substr(kUnixPrefix.size()); }

// Removes the socket that a killed process left behind. UNAVAILABLE where somebody listens at it.
absl::Status RemoveStaleSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("the path of the socket is too long: ", path));
  }
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) return absl::UnavailableError(absl::StrCat(path, " is there and is no socket"));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return absl::UnavailableError("no socket can be made");
  const bool taken = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(probe);
  if (taken) return absl::UnavailableError(absl::StrCat(path, " is in use by another process"));
  if (unlink(path.c_str()) != 0) return absl::UnavailableError(absl::StrCat(path, " cannot be removed"));
  return absl::OkStatus();
}

void EnableReflection() {
  static std::once_flag once;
  std::call_once(once, [] { grpc::reflection::InitProtoReflectionServerBuilderPlugin(); });
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions options, const Clock& clock, Metrics& metrics, const std::string& epoch, PositionGate* gate)
      : core(std::move(options), clock, metrics, epoch, gate) {}

  ServerCore core;
  std::vector<std::unique_ptr<BoundService>> services;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<Heartbeat> heartbeat;
  int port = 0;
  std::mutex shutdown_mutex;
};

Server::Server(ServerOptions options, const Clock& clock, Metrics& metrics, const std::string& epoch,
               PositionGate* gate) {
  // Debian's build looks for lock cycles at every absl::Mutex, which costs time and on Debian 13 can abort.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  impl_ = std::make_unique<Impl>(std::move(options), clock, metrics, epoch, gate);
}

Server::~Server() { Shutdown(); }

void Server::Add(RpcService service) {
  impl_->services.push_back(std::make_unique<BoundService>(impl_->core, std::move(service)));
}

void Server::OnEvents(std::function<void(std::uint64_t xact)> callback) { impl_->core.on_events = std::move(callback); }

absl::Status Server::Start() {
  const ServerOptions& options = impl_->core.options;
  for (const auto& bound : impl_->services) ESNAF_RETURN_IF_ERROR(bound->service().CheckAgainstContract());
  if (IsUnix(options.listen)) ESNAF_RETURN_IF_ERROR(RemoveStaleSocket(UnixPath(options.listen)));
  grpc::EnableDefaultHealthCheckService(true);
  if (options.reflection) EnableReflection();

  grpc::ServerBuilder builder;
  SetServerOptions({.max_message_bytes = options.max_message_bytes}, builder);
  for (const auto& bound : impl_->services) builder.RegisterService(bound.get());
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &impl_->port);
  impl_->core.pool.Start();
  impl_->server = builder.BuildAndStart();
  if (impl_->server == nullptr) {
    return absl::UnavailableError(absl::StrCat("the server cannot listen on ", options.listen));
  }
  SetServing(false);
  // Only processes of the same user may connect.
  if (IsUnix(options.listen)) chmod(UnixPath(options.listen).c_str(), S_IRUSR | S_IWUSR);
  impl_->heartbeat = std::make_unique<Heartbeat>(*impl_->server);
  return absl::OkStatus();
}

int Server::port() const { return impl_->port; }

std::string Server::address() const {
  const std::string& listen = impl_->core.options.listen;
  if (IsUnix(listen)) return listen;
  std::string host = listen.substr(0, listen.rfind(':'));
  // Whoever listens on all interfaces is reached by the loopback.
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return absl::StrCat(host, ":", impl_->port);
}

void Server::SetServing(bool serving) {
  if (impl_->server == nullptr) return;
  grpc::HealthCheckServiceInterface* health = impl_->server->GetHealthCheckService();
  health->SetServingStatus("", serving);
  for (const auto& bound : impl_->services) health->SetServingStatus(bound->service().full_name(), serving);
}

void Server::Shutdown() {
  std::lock_guard lock(impl_->shutdown_mutex);
  if (impl_->server != nullptr) {
    SetServing(false);
    impl_->core.stopping = true;
    impl_->heartbeat.reset();
    // Takes no new call, waits for those under way, cancels what is left after the drain, and returns when every call
    // is answered. The workers go on meanwhile, since the answers come from them.
    impl_->server->Shutdown(std::chrono::system_clock::now() + impl_->core.options.drain);
    if (IsUnix(impl_->core.options.listen)) unlink(UnixPath(impl_->core.options.listen).c_str());
  }
  impl_->core.streams.Join();
  impl_->core.pool.Stop();
  impl_->server.reset();
}

}  // namespace esnaf::runtime

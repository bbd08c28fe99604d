#include "services/gateway/front.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/runtime/grpc_options.h"
#include "services/gateway/grpc_proxy.h"
#include "services/gateway/http_gateway.h"
#include "services/gateway/http_server.h"
#include "services/gateway/upstream_health.h"

namespace esnaf::gateway {
namespace {

constexpr int kMostMetadataBytes = 16 * 1024;
constexpr int kMostStreamsOfConnection = 1000;

}  // namespace

struct Front::Impl {
  Impl(FrontOptions o, RouteTable r, const KeyCache& keys, runtime::Metrics& m, const Clock& clock, AuditBuffer& audit)
      : options(std::move(o)),
        routes(std::move(r)),
        metrics(m),
        gatekeeper(keys, clock, options.most_in_flight),
        upstreams(options.upstreams, options.upstream_connections),
        streams(gatekeeper, options.stream_recheck),
        chats(options.trusted_proxies),
        recorder(routes, metrics, clock, audit, options.access_log),
        door{routes,
             gatekeeper,
             upstreams,
             recorder,
             streams,
             chats,
             clock,
             options.default_deadline,
             options.max_deadline},
        proxy(door),
        health(upstreams),
        hooks({options.hook_owners, options.hook_rate, options.trusted_proxies, options.default_deadline}, upstreams,
              metrics, clock),
        surveys({options.survey_rate, options.trusted_proxies, options.default_deadline}, upstreams, metrics, clock),
        forms({options.form_rate, options.trusted_proxies, options.default_deadline}, upstreams, metrics, clock),
        http(door, keys, metrics, health, hooks, surveys, forms) {}

  const FrontOptions options;
  const RouteTable routes;
  runtime::Metrics& metrics;
  Gatekeeper gatekeeper;
  Upstreams upstreams;
  StreamWatch streams;
  ChatOpenings chats;
  CallRecorder recorder;
  const Door door;
  GrpcProxy proxy;
  UpstreamHealth health;
  HookDoor hooks;
  SurveyDoor surveys;
  FormDoor forms;
  HttpGateway http;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<HttpServer> http_server;
  int grpc_port = 0;
  std::mutex stop_mutex;
};

Front::Front(FrontOptions options, RouteTable routes, const KeyCache& keys, runtime::Metrics& metrics,
             const Clock& clock, AuditBuffer& audit)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(routes), keys, metrics, clock, audit)) {}

Front::~Front() { Stop(); }

absl::Status Front::Start() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  runtime::SetServerOptions(
      {.max_message_bytes = impl_->options.max_message_bytes, .max_metadata_bytes = kMostMetadataBytes}, builder);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostStreamsOfConnection);
  impl_->proxy.Register(builder);
  builder.AddListeningPort(impl_->options.grpc_listen, grpc::InsecureServerCredentials(), &impl_->grpc_port);
  impl_->server = builder.BuildAndStart();
  if (impl_->server == nullptr) {
    return absl::UnavailableError(absl::StrCat("the gateway cannot listen on ", impl_->options.grpc_listen));
  }
  const HttpServerOptions http_options{.listen = impl_->options.http_listen,
                                       .threads = impl_->options.http_threads,
                                       .most_connections = impl_->options.most_http_connections,
                                       .most_body_bytes = static_cast<std::size_t>(impl_->options.max_message_bytes),
                                       .drain = impl_->options.drain};
  impl_->http_server = std::make_unique<HttpServer>(http_options, impl_->http);
  ESNAF_RETURN_IF_ERROR(impl_->http_server->Start());
  impl_->streams.Start();
  impl_->health.Start();
  LogInfo("the gateway is open", {{"grpc_port", impl_->grpc_port}, {"http_port", impl_->http_server->port()}});
  return absl::OkStatus();
}

void Front::Stop() {
  std::lock_guard lock(impl_->stop_mutex);
  impl_->health.Stop();
  if (impl_->http_server != nullptr) impl_->http_server->Stop();
  if (impl_->server != nullptr) {
    impl_->server->GetHealthCheckService()->SetServingStatus(false);
    impl_->server->Shutdown(std::chrono::system_clock::now() + impl_->options.drain);
    impl_->server.reset();
  }
  impl_->http_server.reset();
  impl_->streams.Stop();
}

int Front::grpc_port() const { return impl_->grpc_port; }
int Front::http_port() const { return impl_->http_server == nullptr ? 0 : impl_->http_server->port(); }
Upstreams& Front::upstreams() { return impl_->upstreams; }

}  // namespace esnaf::gateway

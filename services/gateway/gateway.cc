#include "services/gateway/gateway.h"

#include "esnaf/migrations/gateway.h"
#include "services/gateway/api_key_service.h"
#include "services/gateway/audit_service.h"
#include "services/gateway/customer_card_service.h"
#include "services/gateway/front.h"
#include "services/gateway/hook_service.h"
#include "services/gateway/key_registry.h"
#include "services/gateway/operations_service.h"

namespace esnaf::gateway {
namespace {

constexpr std::chrono::milliseconds kReloadPeriod{1000};
constexpr std::chrono::milliseconds kOperationsTimeout{2000};

absl::StatusOr<FrontOptions> ReadOptions(const runtime::Config& config) {
  FrontOptions options;
  options.grpc_listen = config.Text("grpc-listen");
  options.http_listen = config.Text("http-listen");
  options.upstreams = {config.Text("contacts-address"),     config.Text("orders-address"),
                       config.Text("segmentation-address"), config.Text("attribution-address"),
                       config.Text("support-address"),      config.Text("listen")};
  ESNAF_ASSIGN_OR_RETURN(options.upstream_connections, config.Integer("upstream-connections", 1, 64));
  ESNAF_ASSIGN_OR_RETURN(options.most_in_flight, config.Integer("most-in-flight", 1, 1'000'000));
  ESNAF_ASSIGN_OR_RETURN(options.max_message_bytes, config.Integer("max-message-bytes", 1024, 1 << 30));
  ESNAF_ASSIGN_OR_RETURN(options.http_threads, config.Integer("http-threads", 1, 64));
  ESNAF_ASSIGN_OR_RETURN(options.most_http_connections, config.Integer("http-connections", 1, 1'000'000));
  ESNAF_ASSIGN_OR_RETURN(options.access_log, config.Boolean("access-log"));
  ESNAF_ASSIGN_OR_RETURN(options.hook_owners, ParseHookOwners(config.Text("hook-connectors")));
  ESNAF_ASSIGN_OR_RETURN(options.hook_rate, config.Integer("hook-rate", 0, 1'000'000));
  ESNAF_ASSIGN_OR_RETURN(options.trusted_proxies, TrustedProxies::Parse(config.Text("trusted-proxies")));
  ESNAF_ASSIGN_OR_RETURN(options.survey_rate, config.Integer("survey-rate", 0, 1'000'000));
  ESNAF_ASSIGN_OR_RETURN(options.form_rate, config.Integer("form-rate", 0, 1'000'000));
  ESNAF_ASSIGN_OR_RETURN(options.default_deadline, config.Interval("call-deadline"));
  ESNAF_ASSIGN_OR_RETURN(options.max_deadline, config.Interval("call-max-deadline"));
  ESNAF_ASSIGN_OR_RETURN(options.drain, config.Interval("drain"));
  return options;
}

absl::Status Build(runtime::App& app) {
  ESNAF_ASSIGN_OR_RETURN(const FrontOptions options, ReadOptions(app.config()));
  ESNAF_ASSIGN_OR_RETURN(const std::chrono::milliseconds card_timeout, app.config().Interval("card-timeout"));
  ESNAF_ASSIGN_OR_RETURN(RouteTable routes, RouteTable::BuildLinked());
  auto& keys = app.Make<KeyCache>();
  auto& registry = app.Make<KeyRegistry>(keys);
  auto& audit = app.Make<AuditBuffer>();
  {
    postgres::Connection connection(app.database());
    ESNAF_RETURN_IF_ERROR(BootstrapAdminKey(connection, app.config().Text("admin-key-file"), app.clock()));
    ESNAF_RETURN_IF_ERROR(registry.Reload(connection));
  }
  app.AddWorker("api-keys", kReloadPeriod,
                [&registry](postgres::Connection& connection) { return registry.Reload(connection); });
  // Stopped after the front, so that the last calls are written too.
  app.AddBackground(std::make_unique<AuditWriter>(audit, app.database()));
  auto front = std::make_unique<Front>(options, std::move(routes), keys, app.metrics(), app.clock(), audit);
  app.AddRpcs(app.Make<ApiKeyService>(registry).Rpcs());
  app.AddRpcs(app.Make<AuditService>().Rpcs());
  app.AddRpcs(app.Make<CustomerCardService>(front->upstreams(), card_timeout).Rpcs());
  app.AddRpcs(app.Make<OperationsService>(front->upstreams(), kOperationsTimeout).Rpcs());
  app.AddRpcs(app.Make<HookService>(options.hook_owners, front->upstreams(), kOperationsTimeout).Rpcs());
  app.AddBackground(std::move(front));
  return absl::OkStatus();
}

}  // namespace

runtime::ServiceDefinition Definition() {
  return {
      .name = "gateway",
      .migrations = {&migrations::gateway()},
      .components = {"gateway"},
      .keys =
          {
              {"grpc-listen", "127.0.0.1:7070", "Where callers reach the gateway over gRPC."},
              {"http-listen", "127.0.0.1:7080", "Where callers reach the gateway over HTTP."},
              {"contacts-address", "", "Where the service contacts listens.", true},
              {"orders-address", "", "Where the service orders listens.", true},
              {"segmentation-address", "", "Where the service segmentation listens.", true},
              {"attribution-address", "", "Where the service attribution listens.", true},
              {"support-address", "", "Where the service support listens.", true},
              {"admin-key-file", "", "Where the secret of the first admin key is written at the first start.", true},
              {"upstream-connections", "1", "Connections to each service."},
              {"most-in-flight", "2048", "Calls under way at a time; more are refused."},
              {"http-threads", "1", "Threads that serve HTTP."},
              {"http-connections", "1024", "Open HTTP connections; more are closed at once."},
              {"hook-connectors", "google_lead_form=contacts,meta_lead_ads=contacts,shopify=orders,woocommerce=orders",
               "Which service owns what is posted to /hooks/<connector>/<store>."},
              {"hook-rate", "100", "Requests a second from one address to one hook; 0: any."},
              {"trusted-proxies", "",
               "Addresses and networks of proxies before the gateway, such as 10.0.0.0/8: their X-Forwarded-For says "
               "who sends."},
              {"survey-rate", "20", "Requests a second from one address to survey links; 0: any."},
              {"form-rate", "20", "Requests a second from one address to pages of forms; 0: any."},
              {"access-log", "false", "Whether each call is logged."},
              {"call-deadline", "15s", "The deadline of a caller's unary call that brings none."},
              {"call-max-deadline", "60s", "The latest deadline that a caller's unary call may bring."},
              {"card-timeout", "2s", "How long a part of a customer card is waited for."},
          },
      .build = Build};
}

}  // namespace esnaf::gateway

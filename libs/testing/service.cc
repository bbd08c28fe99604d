#include "libs/testing/service.h"

#include "libs/testing/catch.h"

namespace esnaf::testing {

TestServer::TestServer(TestSchema& schema, std::vector<runtime::RpcService> services, TestServerOptions options)
    : epoch_(schema.Sql("SELECT epoch FROM schema_identity")[0].Get<std::string>(0)) {
  runtime::ServerOptions server_options;
  server_options.service_name = options.name;
  server_options.listen = "127.0.0.1:0";
  server_options.database = schema.options();
  server_options.workers = options.workers;
  server_ =
      std::make_unique<runtime::Server>(std::move(server_options), *options.clock, metrics_, epoch_, options.gate);
  for (runtime::RpcService& service : services) server_->Add(std::move(service));
  if (options.on_events) server_->OnEvents(std::move(options.on_events));
  REQUIRE_OK(server_->Start());
  server_->SetServing(true);
  channel_ = runtime::Channel::Open(server_->address());
}

TestServer::~TestServer() {
  channel_.reset();
  server_->Shutdown();
}

}  // namespace esnaf::testing

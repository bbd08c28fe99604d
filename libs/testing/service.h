#pragma once

// A server of handlers under test, reached over a real connection as other services reach it.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/runtime/channel.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/server.h"
#include "libs/testing/postgres.h"

namespace esnaf::testing {

struct TestServerOptions {
  std::string name = "test";  // in positions: `<name>:<epoch>.<xact>`
  const Clock* clock = &SystemClock();
  runtime::PositionGate* gate = nullptr;
  // Called after each commit that wrote events.
  std::function<void(std::uint64_t xact)> on_events;
  int workers = 4;
};

class TestServer {
 public:
  // Serves on a free loopback port until destroyed. The schema needs the migrations and the component `runtime` besides
  // those of the handlers; its `schema_identity` gives the epoch. Fails the test where the server does not start.
  TestServer(TestSchema& schema, std::vector<runtime::RpcService> services, TestServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Shared by all callers of this server.
  std::shared_ptr<runtime::Channel> channel() const { return channel_; }
  std::string address() const { return server_->address(); }
  const std::string& epoch() const { return epoch_; }
  runtime::Server& server() { return *server_; }
  runtime::Metrics& metrics() { return metrics_; }

 private:
  runtime::Metrics metrics_;
  std::string epoch_;
  std::unique_ptr<runtime::Server> server_;
  std::shared_ptr<runtime::Channel> channel_;
};

}  // namespace esnaf::testing

#pragma once

// An EchoService without a database, and a channel to it, for the tests of this folder.
#include <future>
#include <memory>
#include <string>

#include "libs/runtime/channel.h"
#include "libs/runtime/server.h"
#include "libs/runtime/test_contract.h"
#include "libs/testing/catch.h"

namespace esnaf::runtime {

struct EchoServer {
  explicit EchoServer(ServerOptions server_options = {}, PositionGate* gate = nullptr, bool together = false)
      : options(std::move(server_options)) {
    if (options.service_name.empty()) options.service_name = "echo";
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    options.has_database = false;
    server = std::make_unique<Server>(options, SystemClock(), metrics, "", gate);
    server->Add(handlers.Bind(together));
  }

  // The handlers are set before.
  void Start() {
    REQUIRE_OK(server->Start());
    channel = Channel::Open(server->address());
  }

  absl::StatusOr<std::string> Echo(const std::string& text, const ClientCallOptions& call_options = {}) {
    ESNAF_ASSIGN_OR_RETURN(const StringValue answer, channel->Call<StringValue>(kEcho, Text(text), call_options));
    return answer.value();
  }
  std::future<absl::StatusOr<std::string>> EchoLater(const std::string& text, ClientCallOptions call_options = {}) {
    return std::async(std::launch::async, [this, text, call_options] { return Echo(text, call_options); });
  }

  ServerOptions options;
  EchoHandlers handlers;
  Metrics metrics;
  std::unique_ptr<Server> server;
  std::shared_ptr<Channel> channel;
};

// An event that threads wait for.
class Signal {
 public:
  void Set() { promise_.set_value(); }
  void Wait() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

}  // namespace esnaf::runtime

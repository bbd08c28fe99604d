#pragma once

// A gRPC server of RpcServices. Calls are taken by the callback API and handed to a bounded pool of workers, each of
// which owns a connection; a full queue answers RESOURCE_EXHAUSTED at once. Streams have threads of their own.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/postgres/connection.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/rpc_service.h"

namespace esnaf::runtime {

// Lets a read wait until this service has consumed a position; libs/events implements it.
class PositionGate {
 public:
  virtual ~PositionGate() = default;
  // Calls `done` once, on any thread but maybe within this call, with OK when every position of `after`
  // (`orders:<epoch>.<xact>`, comma separated) is consumed, or DEADLINE_EXCEEDED at `deadline`. Positions of services
  // whose events this one does not consume, and its own, count as reached; malformed text is INVALID_ARGUMENT.
  virtual void Await(std::string_view after, Time deadline, std::function<void(absl::Status)> done) = 0;
};

struct ServerOptions {
  std::string service_name;  // `orders`, for positions, logs and metrics
  std::string listen;        // `127.0.0.1:0` or `unix:/path`
  postgres::ConnectionOptions database;
  bool has_database = true;  // false: workers have no connection (calls must not use it)
  int workers = 6;
  int queue_limit = 1024;
  int stream_limit = 64;
  std::chrono::milliseconds default_deadline{5000};
  std::chrono::milliseconds max_deadline{60000};
  std::chrono::milliseconds drain{3000};
  int max_message_bytes = 4 * 1024 * 1024;
  bool reflection = true;
};

class Server {
 public:
  // `epoch` names the producer's data in positions; empty where the service writes no events. `gate` may be null.
  // All pointers outlive the server.
  Server(ServerOptions options, const Clock& clock, Metrics& metrics, const std::string& epoch, PositionGate* gate);
  ~Server();

  void Add(RpcService service);
  // Called after each commit that wrote events, on the worker's thread: wakes the feed.
  void OnEvents(std::function<void(std::uint64_t xact)> callback);
  // FAILED_PRECONDITION where a service does not keep its contract; UNAVAILABLE where it cannot listen.
  absl::Status Start();
  // The port that was bound, for `127.0.0.1:0`.
  int port() const;
  std::string address() const;  // what a Channel opens
  // Answered by grpc.health.v1 for "" and every service.
  void SetServing(bool serving);
  // Not serving, drains, cancels what is left, joins. Safe to call twice.
  void Shutdown();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace esnaf::runtime

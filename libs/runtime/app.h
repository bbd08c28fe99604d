#pragma once

// Makes a well-behaved program of a service. A service's main is:
//
//   int main(int argc, char** argv) {
//     return esnaf::runtime::RunService({.name = "orders",
//                                        .migrations = {&esnaf::migrations::events(), &esnaf::migrations::orders()},
//                                        .components = {"events", "orders"},
//                                        .keys = {...},
//                                        .build = esnaf::orders::Build},
//                                       argc, argv);
//   }
//
// RunService reads the configuration, migrates, starts the server, consumers and workers, reports ready, waits for
// SIGTERM or SIGINT and stops in order: not serving, calls drained, workers, consumers, connections. Exit code 0 after
// a clean stop, 2 for a bad configuration, 1 otherwise.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/postgres/migrate.h"
#include "libs/runtime/channel.h"
#include "libs/runtime/config.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/server.h"

namespace esnaf::runtime {

// Something that runs beside the server from ready until the stop: a consumer, a feed, an accept loop.
class Background {
 public:
  virtual ~Background() = default;
  virtual absl::Status Start() = 0;
  virtual void Stop() = 0;  // returns when its threads have ended
};

// What `build` hangs its parts into. Everything added lives until the program ends, in the order added.
class App {
 public:
  virtual ~App() = default;
  virtual const Config& config() const = 0;
  virtual const Clock& clock() const = 0;
  virtual Metrics& metrics() = 0;
  // Connection options of the service's own schema with all components.
  virtual postgres::ConnectionOptions database() const = 0;
  // The identity of the data in this schema (table schema_identity); empty where the service has no database.
  virtual const std::string& epoch() const = 0;
  // The channel to the service whose address is the key `<name>-address`.
  virtual std::shared_ptr<Channel> channel(std::string_view name) = 0;
  virtual void AddRpcs(RpcService service) = 0;
  virtual void AddBackground(std::unique_ptr<Background> background) = 0;
  // Calls `tick` every `period` on a thread and a connection of its own; a failure is logged and counted, not fatal.
  virtual void AddWorker(std::string name, std::chrono::milliseconds period,
                         std::function<absl::Status(postgres::Connection&)> tick) = 0;
  // Calls back after each commit that wrote events (see Server::OnEvents); also for workers that report by it.
  virtual void OnEvents(std::function<void(std::uint64_t xact)> callback) = 0;
  virtual void NotifyEvents(std::uint64_t xact) = 0;
  virtual void SetPositionGate(PositionGate* gate) = 0;
  virtual PositionGate* position_gate() const = 0;  // null where none was set
  // Keeps an object alive until the end.
  virtual void Own(std::shared_ptr<void> object) = 0;
  template <typename T, typename... Args>
  T& Make(Args&&... args) {
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    Own(object);
    return *object;
  }
};

struct ServiceDefinition {
  std::string name{};
  // Besides those of the runtime itself, in the order to apply: libraries first, the service's own last.
  std::vector<const postgres::MigrationSet*> migrations{};
  // Whose statements every connection prepares, besides those of the runtime itself.
  std::vector<std::string> components{};
  // Besides listen, database, schema, workers, queue-limit, metrics-listen, log-level and the like.
  std::vector<ConfigKey> keys{};
  std::function<absl::Status(App&)> build{};
  bool has_database = true;
};

// A worker's tick that has much to do: takes small steps until one says that nothing is left, but for no longer than
// `longest`, since a program that stops waits for it. The next tick goes on.
absl::Status TakeSteps(std::chrono::milliseconds longest, const std::function<absl::StatusOr<bool>()>& step);

int RunService(const ServiceDefinition& definition, int argc, char** argv);

}  // namespace esnaf::runtime

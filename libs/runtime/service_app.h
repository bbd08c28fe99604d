#pragma once

// The App that RunService hands to a service's `build`, and what runs beside its server. Internal to RunService.
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "libs/runtime/app.h"

namespace esnaf::runtime {

// Calls a function every period on a thread and a connection of its own.
class PeriodicWorker {
 public:
  using Tick = std::function<absl::Status(postgres::Connection&)>;
  PeriodicWorker(std::string name, std::chrono::milliseconds period, postgres::ConnectionOptions database, Tick tick,
                 Metrics& metrics);
  ~PeriodicWorker() { Stop(); }
  void Start();
  void Stop();

 private:
  void Run();
  void Report(const absl::Status& status);

  const std::string name_;
  const std::chrono::milliseconds period_;
  const postgres::ConnectionOptions database_;
  const Tick tick_;
  Metrics::Counter& failures_;
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

// Whether the service can do its work, as the last look at the database found it.
class Health {
 public:
  // Asked by `/healthz`.
  absl::Status Get() const;
  // Answers whether it changed between OK and not OK.
  bool Set(absl::Status status);

 private:
  mutable std::mutex mutex_;
  absl::Status status_ = absl::UnavailableError("starting");
};

class ServiceApp final : public App {
 public:
  ServiceApp(const ServiceDefinition& definition, Config config, ServerOptions server_options);
  ~ServiceApp() override;

  // The epoch is read once the migrations have run.
  void SetEpoch(std::string epoch) { epoch_ = std::move(epoch); }
  absl::Status Start();
  std::string address() const { return server_->address(); }
  // In order: not serving, calls drained, workers, backgrounds. Safe to call twice.
  void Stop();
  Health& health() { return health_; }

  const Config& config() const override { return config_; }
  const Clock& clock() const override { return SystemClock(); }
  Metrics& metrics() override { return metrics_; }
  postgres::ConnectionOptions database() const override { return server_options_.database; }
  const std::string& epoch() const override { return epoch_; }
  std::shared_ptr<Channel> channel(std::string_view name) override;
  void AddRpcs(RpcService service) override { rpcs_.push_back(std::move(service)); }
  void AddBackground(std::unique_ptr<Background> background) override { backgrounds_.push_back(std::move(background)); }
  void AddWorker(std::string name, std::chrono::milliseconds period,
                 std::function<absl::Status(postgres::Connection&)> tick) override;
  void OnEvents(std::function<void(std::uint64_t)> callback) override { on_events_.push_back(std::move(callback)); }
  void NotifyEvents(std::uint64_t xact) override;
  void SetPositionGate(PositionGate* gate) override { gate_ = gate; }
  PositionGate* position_gate() const override { return gate_; }
  void Own(std::shared_ptr<void> object) override { owned_.push_back(std::move(object)); }

 private:
  void AddRuntimeWorkers();
  absl::Status Probe(postgres::Connection& connection);

  const bool has_database_;
  const Config config_;
  ServerOptions server_options_;
  std::string epoch_;
  Metrics metrics_;
  Health health_;
  std::map<std::string, std::shared_ptr<Channel>, std::less<>> channels_;
  std::vector<RpcService> rpcs_;
  std::vector<std::function<void(std::uint64_t)>> on_events_;
  PositionGate* gate_ = nullptr;
  std::vector<std::shared_ptr<void>> owned_;
  std::vector<std::unique_ptr<Background>> backgrounds_;
  std::size_t running_backgrounds_ = 0;
  std::vector<std::unique_ptr<PeriodicWorker>> workers_;
  std::unique_ptr<Server> server_;
};

}  // namespace esnaf::runtime

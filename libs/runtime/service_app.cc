#include "libs/runtime/service_app.h"

#include <exception>

#include "absl/strings/str_cat.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/postgres/statement.h"
#include "libs/runtime/status_text.h"

namespace esnaf::runtime {
namespace {

const postgres::Statement kProbe("runtime", "probe", "SELECT 1");

const postgres::Statement kPruneAnswers("runtime", "prune_answers", R"sql(
  DELETE FROM idempotency WHERE (key, method) IN (
    SELECT key, method FROM idempotency WHERE create_time < $1 ORDER BY create_time LIMIT 5000))sql");

constexpr std::chrono::milliseconds kProbePeriod{1000};
constexpr std::chrono::minutes kPrunePeriod{10};
// How long a repeated call is still recognised.
constexpr std::chrono::hours kAnswerRetention{7 * 24};
// A worker that fails is not tried more often than this.
constexpr std::chrono::milliseconds kFailurePause{1000};

// In portions, so that no transaction becomes long.
absl::Status PruneAnswers(postgres::Connection& connection, Time now) {
  for (;;) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result pruned,
                           connection.Run({.autocommit = true, .deadline = {}}, [&](postgres::Tx& tx) {
                             return tx.Execute(kPruneAnswers, now - kAnswerRetention);
                           }));
    if (pruned.affected_rows() == 0) return absl::OkStatus();
  }
}

}  // namespace

PeriodicWorker::PeriodicWorker(std::string name, std::chrono::milliseconds period, postgres::ConnectionOptions database,
                               Tick tick, Metrics& metrics)
    : name_(std::move(name)),
      period_(period),
      database_(std::move(database)),
      tick_(std::move(tick)),
      failures_(
          metrics.GetCounter("esnaf_worker_failures_total", "Runs of a worker that failed.", {{"worker", name_}})) {}

void PeriodicWorker::Start() {
  thread_ = std::thread([this] { Run(); });
}

void PeriodicWorker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PeriodicWorker::Run() {
  postgres::Connection connection(database_);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    absl::Status status;
    try {
      status = tick_(connection);
    } catch (const std::exception& error) {
      status = absl::InternalError(error.what());
    }
    Report(status);
    lock.lock();
    stop_.wait_for(lock, status.ok() ? period_ : std::max(period_, kFailurePause), [this] { return stopping_; });
  }
}

// Logs when it begins to fail and when it works again, not each time in between.
void PeriodicWorker::Report(const absl::Status& status) {
  if (!status.ok()) failures_.Add();
  if (status.ok() != failing_) return;
  failing_ = !status.ok();
  if (failing_) {
    LogWarning("a worker fails", {{"worker", name_}, {"error", StatusText(status)}});
  } else {
    LogInfo("a worker works again", {{"worker", name_}});
  }
}

absl::Status Health::Get() const {
  std::lock_guard lock(mutex_);
  return status_;
}

bool Health::Set(absl::Status status) {
  std::lock_guard lock(mutex_);
  const bool changed = status.ok() != status_.ok();
  status_ = std::move(status);
  return changed;
}

ServiceApp::ServiceApp(const ServiceDefinition& definition, Config config, ServerOptions server_options)
    : has_database_(definition.has_database), config_(std::move(config)), server_options_(std::move(server_options)) {}

// Parts may use those added before them, so the last goes first.
ServiceApp::~ServiceApp() {
  Stop();
  workers_.clear();
  while (!backgrounds_.empty()) backgrounds_.pop_back();
  rpcs_.clear();
  server_.reset();
  while (!owned_.empty()) owned_.pop_back();
}

std::shared_ptr<Channel> ServiceApp::channel(std::string_view name) {
  auto found = channels_.find(name);
  if (found == channels_.end()) {
    const std::string key = absl::StrCat(std::string(name), "-address");
    found = channels_.emplace(std::string(name), Channel::Open(config_.Text(key))).first;
  }
  return found->second;
}

void ServiceApp::AddWorker(std::string name, std::chrono::milliseconds period,
                           std::function<absl::Status(postgres::Connection&)> tick) {
  postgres::ConnectionOptions database = server_options_.database;
  absl::StrAppend(&database.application_name, "-", name);
  workers_.push_back(
      std::make_unique<PeriodicWorker>(std::move(name), period, std::move(database), std::move(tick), metrics_));
}

void ServiceApp::NotifyEvents(std::uint64_t xact) {
  for (const auto& callback : on_events_) callback(xact);
}

// The server says NOT_SERVING for as long as the database does not answer.
absl::Status ServiceApp::Probe(postgres::Connection& connection) {
  const absl::Status status = connection
                                  .Run({.autocommit = true, .read_only = true, .deadline = {}},
                                       [](postgres::Tx& tx) { return tx.Execute(kProbe); })
                                  .status();
  if (health_.Set(status.ok() ? status : absl::UnavailableError("the database does not answer"))) {
    server_->SetServing(status.ok());
  }
  return status;
}

void ServiceApp::AddRuntimeWorkers() {
  AddWorker("health", kProbePeriod, [this](postgres::Connection& connection) { return Probe(connection); });
  AddWorker("idempotency", kPrunePeriod,
            [this](postgres::Connection& connection) { return PruneAnswers(connection, clock().Now()); });
}

absl::Status ServiceApp::Start() {
  server_ = std::make_unique<Server>(server_options_, clock(), metrics_, epoch_, gate_);
  for (RpcService& rpc : rpcs_) server_->Add(std::move(rpc));
  server_->OnEvents([this](std::uint64_t xact) { NotifyEvents(xact); });
  ESNAF_RETURN_IF_ERROR(server_->Start());
  for (const auto& background : backgrounds_) {
    ESNAF_RETURN_IF_ERROR(background->Start());
    ++running_backgrounds_;
  }
  health_.Set(absl::OkStatus());
  server_->SetServing(true);
  if (has_database_) AddRuntimeWorkers();
  for (const auto& worker : workers_) worker->Start();
  return absl::OkStatus();
}

void ServiceApp::Stop() {
  health_.Set(absl::UnavailableError("stopping"));
  // The probe among the workers would call the server serving again.
  if (server_ != nullptr) server_->Shutdown();
  for (const auto& worker : workers_) worker->Stop();
  while (running_backgrounds_ > 0) backgrounds_[--running_backgrounds_]->Stop();
}

}  // namespace esnaf::runtime

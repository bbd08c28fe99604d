#include "libs/runtime/app.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "esnaf/migrations/runtime.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/runtime/service_app.h"
#include "libs/runtime/status_text.h"

extern char** environ;

namespace esnaf::runtime {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitBadConfiguration = 2;
constexpr std::chrono::seconds kWaitForDatabase{60};

// A copy of the data is not the data: where it finds itself in another place, it becomes an epoch of its own.
const postgres::Statement kClaimEpoch("runtime", "claim_epoch", R"sql(
  WITH here AS (
    SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                     (SELECT oid FROM pg_database WHERE datname = current_database()),
                     current_schema()::regnamespace::oid) AS origin)
  UPDATE schema_identity AS identity
  SET origin = here.origin,
      epoch = CASE WHEN identity.origin = '' THEN identity.epoch
                   ELSE substr(md5(gen_random_uuid()::text), 1, 16) END
  FROM here WHERE identity.origin <> here.origin)sql");

const postgres::Statement kReadEpoch("runtime", "read_epoch", "SELECT epoch FROM schema_identity");

std::vector<ConfigKey> AllKeys(const ServiceDefinition& definition) {
  std::vector<ConfigKey> keys = {
      {"listen", "", "Where the gRPC server listens: 127.0.0.1:7071 or unix:/path.", true},
      {"metrics-listen", "", "Where /metrics and /healthz are served, for example 127.0.0.1:9100. Empty: nowhere."},
      {"log-level", "info", "The least level that is logged: debug, info, warning or error."},
      {"workers", "6", "Threads that answer calls, each with a connection to the database."},
      {"queue-limit", "1024", "Calls that may wait for a worker; more are refused at once."},
      {"stream-limit", "64", "Streams that are answered at a time."},
      {"default-deadline", "5s", "The deadline of a call that brings none."},
      {"max-deadline", "60s", "The latest deadline that a call may bring."},
      {"drain", "3s", "How long calls under way may last when the service stops."},
      {"max-message-bytes", "4194304", "The largest request that is taken."},
      {"reflection", "true", "Whether the server describes its contracts to tools such as grpcurl."},
  };
  if (definition.has_database) {
    keys.push_back(
        {.name = "database",
         .help = "The connection to Postgres, as libpq writes it: host=/run/postgresql dbname=esnaf user=orders.",
         .required = true,
         .secret = true});
    keys.push_back({.name = "schema", .default_value = definition.name, .help = "The service's own schema."});
  }
  keys.insert(keys.end(), definition.keys.begin(), definition.keys.end());
  return keys;
}

absl::StatusOr<Config> LoadConfig(const ServiceDefinition& definition, int argc, char** argv) {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return Config::Load(AllKeys(definition), std::vector<std::string>(argv + 1, argv + argc), environment);
}

absl::StatusOr<LogLevel> ReadLogLevel(const Config& config) {
  const std::string& text = config.Text("log-level");
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  return absl::InvalidArgumentError("--log-level (or ESNAF_LOG_LEVEL) must be debug, info, warning or error");
}

absl::StatusOr<ServerOptions> ReadServerOptions(const ServiceDefinition& definition, const Config& config) {
  ServerOptions options;
  options.service_name = definition.name;
  options.listen = config.Text("listen");
  options.has_database = definition.has_database;
  ESNAF_ASSIGN_OR_RETURN(options.workers, config.Integer("workers", 1, 256));
  ESNAF_ASSIGN_OR_RETURN(options.queue_limit, config.Integer("queue-limit", 1, 1'000'000));
  ESNAF_ASSIGN_OR_RETURN(options.stream_limit, config.Integer("stream-limit", 1, 4096));
  ESNAF_ASSIGN_OR_RETURN(options.default_deadline, config.Interval("default-deadline"));
  ESNAF_ASSIGN_OR_RETURN(options.max_deadline, config.Interval("max-deadline"));
  ESNAF_ASSIGN_OR_RETURN(options.drain, config.Interval("drain"));
  ESNAF_ASSIGN_OR_RETURN(options.max_message_bytes, config.Integer("max-message-bytes", 1024, 1 << 30));
  ESNAF_ASSIGN_OR_RETURN(options.reflection, config.Boolean("reflection"));
  if (definition.has_database) {
    options.database.connection_string = config.Text("database");
    options.database.schema = config.Text("schema");
    options.database.application_name = absl::StrCat("esnaf-", definition.name);
    options.database.components = {"runtime"};
    options.database.components.insert(options.database.components.end(), definition.components.begin(),
                                       definition.components.end());
  }
  return options;
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// False where a signal to stop comes in the meantime.
bool SleepUnlessStopped(std::chrono::milliseconds pause) {
  const sigset_t signals = StopSignals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(pause);
  timespec wait{};
  wait.tv_sec = static_cast<time_t>(seconds.count());
  wait.tv_nsec = static_cast<long>(std::chrono::nanoseconds(pause - seconds).count());
  return sigtimedwait(&signals, nullptr, &wait) < 0;
}

// Postgres may be starting, on another machine or beside us.
absl::Status ConnectPatiently(postgres::Connection& connection) {
  const auto give_up = std::chrono::steady_clock::now() + kWaitForDatabase;
  std::chrono::milliseconds pause{100};
  for (;;) {
    const absl::Status status = connection.Connect();
    if (status.code() != absl::StatusCode::kUnavailable || std::chrono::steady_clock::now() >= give_up) return status;
    LogWarning("waiting for the database", {{"error", StatusText(status)}});
    if (!SleepUnlessStopped(pause)) return absl::CancelledError("stopped while waiting for the database");
    pause = std::min(2 * pause, std::chrono::milliseconds(2000));
  }
}

absl::StatusOr<std::string> ReadEpoch(postgres::Connection& connection) {
  return connection.Run({}, [](postgres::Tx& tx) -> absl::StatusOr<std::string> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result claimed, tx.Execute(kClaimEpoch));
    if (claimed.affected_rows() > 0) LogInfo("the data is in a new place");
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result epoch, tx.Execute(kReadEpoch));
    if (epoch.empty()) return absl::FailedPreconditionError("schema_identity is empty");
    return epoch[0].Get<std::string>(0);
  });
}

// Migrates, and prepares every statement once, so that a wrong one stops the start. Answers the epoch.
absl::StatusOr<std::string> PrepareDatabase(const ServiceDefinition& definition,
                                            const postgres::ConnectionOptions& database) {
  {
    postgres::ConnectionOptions bare = database;
    bare.components.clear();
    // A migration may have to wait for calls of the old version, or work on a large table.
    bare.statement_timeout = std::chrono::hours(1);
    bare.lock_timeout = std::chrono::minutes(1);
    postgres::Connection connection(bare);
    ESNAF_RETURN_IF_ERROR(ConnectPatiently(connection));
    std::vector<const postgres::MigrationSet*> sets = {&migrations::runtime()};
    sets.insert(sets.end(), definition.migrations.begin(), definition.migrations.end());
    ESNAF_RETURN_IF_ERROR(postgres::Migrate(connection, sets));
  }
  postgres::Connection connection(database);
  ESNAF_RETURN_IF_ERROR(ConnectPatiently(connection));
  return ReadEpoch(connection);
}

absl::Status Serve(const ServiceDefinition& definition, Config config, const ServerOptions& options) {
  const std::string metrics_listen = config.Text("metrics-listen");
  ServiceApp app(definition, std::move(config), options);
  std::unique_ptr<MetricsServer> metrics_server;
  if (!metrics_listen.empty()) {
    ESNAF_ASSIGN_OR_RETURN(metrics_server,
                           MetricsServer::Start(metrics_listen, app.metrics(), [&app] { return app.health().Get(); }));
  }
  if (definition.has_database) {
    ESNAF_ASSIGN_OR_RETURN(std::string epoch, PrepareDatabase(definition, options.database));
    app.SetEpoch(std::move(epoch));
  }
  ESNAF_RETURN_IF_ERROR(definition.build(app));
  ESNAF_RETURN_IF_ERROR(app.Start());
  LogInfo("ready", {{"listen", app.address()}, {"epoch", app.epoch()}});

  const sigset_t signals = StopSignals();
  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("stopping", {{"signal", signal}});
  app.Stop();
  LogInfo("stopped");
  return absl::OkStatus();
}

}  // namespace

absl::Status TakeSteps(std::chrono::milliseconds longest, const std::function<absl::StatusOr<bool>()>& step) {
  const auto begun = std::chrono::steady_clock::now();
  for (bool more = true; more && std::chrono::steady_clock::now() - begun < longest;) {
    ESNAF_ASSIGN_OR_RETURN(more, step());
  }
  return absl::OkStatus();
}

int RunService(const ServiceDefinition& definition, int argc, char** argv) {
  // Before any gRPC: Debian's build looks for lock cycles at every absl::Mutex, which costs time and on Debian 13 can
  // abort a sound program.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Threads inherit the mask, so only the sigwait below takes these.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  absl::StatusOr<Config> config = LoadConfig(definition, argc, argv);
  if (config.status().code() == absl::StatusCode::kCancelled) {
    std::fputs(std::string(config.status().message()).c_str(), stdout);
    return 0;
  }
  ConfigureLog(definition.name, LogLevel::kInfo);
  const auto bad = [](const absl::Status& status) {
    LogError("the configuration is wrong", {{"error", std::string(status.message())}});
    return kExitBadConfiguration;
  };
  if (!config.ok()) return bad(config.status());
  const absl::StatusOr<LogLevel> level = ReadLogLevel(*config);
  if (!level.ok()) return bad(level.status());
  ConfigureLog(definition.name, *level);
  const absl::StatusOr<ServerOptions> options = ReadServerOptions(definition, *config);
  if (!options.ok()) return bad(options.status());

  const absl::Status status = Serve(definition, *std::move(config), *options);
  if (status.ok()) return 0;
  if (status.code() == absl::StatusCode::kInvalidArgument) return bad(status);
  LogError("the service ends", {{"error", StatusText(status)}});
  return kExitFailure;
}

}  // namespace esnaf::runtime

// A whole program, run in a thread and stopped by a signal, against a real Postgres that goes away and comes back.
#include "libs/runtime/app.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "libs/runtime/service_app.h"
#include "libs/runtime/test_contract.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::runtime {
namespace {

// The socket of the test's Postgres through a link of its own, so that a test can take it away.
class DatabaseLink {
 public:
  DatabaseLink() {
    // In the folder of the throw-away Postgres, which goes with it, also where a test is killed.
    std::string path = RealFolder() / "app-XXXXXX";
    REQUIRE(mkdtemp(path.data()) != nullptr);
    folder_ = path;
  }
  ~DatabaseLink() { std::filesystem::remove_all(folder_); }

  void Up() { std::filesystem::create_symlink(RealFolder() / kSocket, folder_ / kSocket); }
  // As if the server had stopped: nobody can connect, and who was connected is not any more.
  void Down(testing::TestSchema& schema) {
    std::filesystem::remove(folder_ / kSocket);
    schema.Sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'esnaf-echo%'");
  }
  std::string ConnectionString(const testing::TestSchema& schema) const {
    std::string text = schema.options().connection_string;
    const std::string real = RealFolder().string();
    const std::size_t at = text.find(real);
    REQUIRE(at != std::string::npos);
    return text.replace(at, real.size(), folder_.string());
  }
  std::string Listen() const { return "unix:" + (folder_ / "echo.sock").string(); }

 private:
  static constexpr char kSocket[] = ".s.PGSQL.5432";
  static std::filesystem::path RealFolder() { return std::getenv("ESNAF_TEST_POSTGRES"); }
  std::filesystem::path folder_;
};

// RunService in a thread, with an echo whose handler asks the database.
class Program {
 public:
  explicit Program(const testing::TestSchema& schema, const DatabaseLink& link,
                   std::function<absl::Status(App&)> build = {})
      : link_(link), build_(std::move(build)) {
    handlers_.echo = [](Call& call, const std::string& text) -> absl::StatusOr<std::string> {
      ESNAF_RETURN_IF_ERROR(
          call.Read([&](postgres::Tx& tx) { return tx.ExecuteDynamic("SELECT $1", {text}); }).status());
      return text;
    };
    arguments_ = {"esnaf-echo",
                  "--listen=" + link.Listen(),
                  "--database=" + link.ConnectionString(schema),
                  "--schema=" + schema.name(),
                  "--log-level=error",
                  "--drain=100ms",
                  "--reflection=false"};
    thread_ = std::thread([this] { exit_code_ = Run(arguments_); });
  }
  ~Program() {
    if (thread_.joinable()) Stop();
  }

  int Run(std::vector<std::string>& arguments) {
    ServiceDefinition definition{.name = "echo", .keys = {{.name = "peer-address", .default_value = link_.Listen()}}};
    definition.build = [this](App& app) {
      epoch_ = app.epoch();
      app.AddRpcs(handlers_.Bind());
      return build_ ? build_(app) : absl::OkStatus();
    };
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return RunService(definition, static_cast<int>(argv.size()), argv.data());
  }

  absl::Status Echo(std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    return Channel::Open(link_.Listen())
        ->Call<StringValue>(kEcho, Text("x"), {.timeout = timeout, .retry_unavailable = true})
        .status();
  }

  // Answers the exit code.
  int Stop() {
    pthread_kill(thread_.native_handle(), SIGTERM);
    return Wait();
  }
  int Wait() {
    thread_.join();
    return exit_code_;
  }
  const std::string& epoch() const { return epoch_; }

 private:
  const DatabaseLink& link_;
  const std::function<absl::Status(App&)> build_;
  EchoHandlers handlers_;
  std::vector<std::string> arguments_;
  std::string epoch_;
  int exit_code_ = -1;
  std::thread thread_;
};

testing::TestSchema EmptySchema() { return testing::TestSchema("app", {}, {}); }

TEST_CASE("a program migrates, serves, and stops cleanly") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  link.Up();
  Program program(schema, link);
  CHECK_OK(program.Echo());
  CHECK(schema.Sql("SELECT 1 FROM idempotency").empty());
  CHECK(program.Stop() == 0);
  CHECK_FALSE(std::filesystem::exists(link.Listen().substr(5)));
}

TEST_CASE("the epoch stays as long as the data is where it was") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  link.Up();
  const auto epoch_of_a_run = [&] {
    Program program(schema, link);
    REQUIRE_OK(program.Echo());
    REQUIRE(program.Stop() == 0);
    REQUIRE_FALSE(program.epoch().empty());
    return program.epoch();
  };
  const std::string first = epoch_of_a_run();
  CHECK(epoch_of_a_run() == first);
  // What a restored dump finds: the mark of another place.
  schema.Sql("UPDATE schema_identity SET origin = 'elsewhere/1/2'");
  const std::string restored = epoch_of_a_run();
  CHECK(restored != first);
  CHECK(epoch_of_a_run() == restored);
}

TEST_CASE("a program waits for its database, and heals when it goes away and comes back") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  Program program(schema, link);
  // How it fails depends on how far the call came in that time.
  CHECK_FALSE(program.Echo(std::chrono::milliseconds(50)).ok());
  link.Up();
  CHECK_OK(program.Echo());
  for (int times = 0; times < 2; ++times) {
    link.Down(schema);
    CHECK_FALSE(program.Echo(std::chrono::milliseconds(50)).ok());
    link.Up();
    CHECK_OK(program.Echo());
  }
  CHECK(program.Stop() == 0);
}

TEST_CASE("health says when the database does not answer") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  link.Up();
  std::atomic<ServiceApp*> running = nullptr;
  Program program(schema, link, [&](App& app) {
    running = dynamic_cast<ServiceApp*>(&app);
    return absl::OkStatus();
  });
  REQUIRE_OK(program.Echo());
  const auto wait_for = [&](bool healthy) {
    while (running.load()->health().Get().ok() != healthy) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  wait_for(true);
  link.Down(schema);
  wait_for(false);
  link.Up();
  wait_for(true);
  CHECK(program.Stop() == 0);
}

TEST_CASE("a program that is told to stop while it waits for its database stops") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  // The signal must not come before the program has blocked it for its own thread.
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &before);
  Program program(schema, link);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(program.Stop() == 1);
}

TEST_CASE("workers, backgrounds and events run, and old answers are forgotten") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  link.Up();
  {
    Program once(schema, link);
    REQUIRE_OK(once.Echo());
    REQUIRE(once.Stop() == 0);
  }
  schema.Sql(
      "INSERT INTO idempotency (key, method, fingerprint, response, create_time) "
      "SELECT i::text, 'm', '', '', now() - interval '1 day' * i FROM generate_series(1, 20) AS i");
  struct Recorder final : Background {
    explicit Recorder(std::vector<std::string>& l) : log(l) {}
    absl::Status Start() override {
      log.push_back("start");
      return absl::OkStatus();
    }
    void Stop() override { log.push_back("stop"); }
    std::vector<std::string>& log;
  };
  std::vector<std::string> log;
  std::atomic<int> ticks = 0, failures = 0;
  std::atomic<std::uint64_t> notified = 0;
  std::atomic<bool> peer_answered = false;
  Program program(schema, link, [&](App& app) {
    app.AddBackground(std::make_unique<Recorder>(log));
    app.AddWorker("ticker", std::chrono::milliseconds(1), [&](postgres::Connection& connection) {
      ++ticks;
      return connection.Run({.deadline = {}}, [](postgres::Tx& tx) { return tx.ExecuteDynamic("SELECT 1", {}); })
          .status();
    });
    app.AddWorker("failing", std::chrono::milliseconds(1), [&](postgres::Connection&) -> absl::Status {
      ++failures;
      throw std::runtime_error("always");
    });
    app.AddWorker("caller", std::chrono::milliseconds(1), [&, peer = app.channel("peer")](postgres::Connection&) {
      const absl::Status status = peer->Call<StringValue>(kEcho, Text("x")).status();
      if (status.ok()) peer_answered = true;
      return status;
    });
    app.OnEvents([&](std::uint64_t xact) { notified = xact; });
    app.NotifyEvents(17);
    return absl::OkStatus();
  });
  REQUIRE_OK(program.Echo());
  const auto remembered = [&] { return schema.Sql("SELECT key FROM idempotency").size(); };
  while (ticks < 10 || failures < 2 || !peer_answered || remembered() > 6)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(remembered() == 6);
  CHECK(notified == 17);
  CHECK(program.Stop() == 0);
  CHECK(log == std::vector<std::string>{"start", "stop"});
}

TEST_CASE("a program ends with 2 for a bad configuration and with 1 for what else goes wrong") {
  testing::TestSchema schema = EmptySchema();
  DatabaseLink link;
  link.Up();
  const auto run = [](std::vector<std::string> arguments, absl::Status build = absl::OkStatus(),
                      bool has_database = false) {
    arguments.insert(arguments.begin(), "esnaf-echo");
    arguments.push_back("--log-level=error");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    const ServiceDefinition definition{
        .name = "echo", .build = [&](App&) { return build; }, .has_database = has_database};
    return RunService(definition, static_cast<int>(argv.size()), argv.data());
  };
  CHECK(run({"--help"}) == 0);
  CHECK(run({}) == 2);
  CHECK(run({"--listen=127.0.0.1:0", "--workers=0"}) == 2);
  CHECK(run({"--listen=127.0.0.1:0", "--workers=6", "--drain=soon"}) == 2);
  CHECK(run({"--listen=127.0.0.1:0", "--metrics-listen=nowhere"}) == 2);
  CHECK(run({"--listen=127.0.0.1:0"}, absl::OkStatus(), true) == 2);
  CHECK(run({"--listen=127.0.0.1:0"}, absl::InvalidArgumentError("a key of the service")) == 2);
  CHECK(run({"--listen=127.0.0.1:0"}, absl::InternalError("cannot build")) == 1);
  CHECK(run({"--listen=unix:/nowhere/echo.sock"}) == 1);
  CHECK(run({"--listen=127.0.0.1:0", "--database=" + link.ConnectionString(schema), "--schema=t_no_such_schema"},
            absl::OkStatus(), true) == 1);
}

}  // namespace
}  // namespace esnaf::runtime

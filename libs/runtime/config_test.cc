#include "libs/runtime/config.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::runtime {
namespace {

const std::vector<ConfigKey> kKeys = {
    {.name = "listen", .help = "Where to listen.", .required = true},
    {.name = "queue-limit", .default_value = "1024", .help = "Calls that may wait."},
    {.name = "drain", .default_value = "3s", .help = "How long to drain."},
    {.name = "reflection", .default_value = "true", .help = "Whether to reflect."},
    {.name = "database", .help = "The database.", .secret = true},
};

absl::StatusOr<Config> Load(const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment = {}) {
  return Config::Load(kKeys, arguments, environment);
}

TEST_CASE("flags are read in both forms, and win over the environment, which wins over the default") {
  ESNAF_REQUIRE_VALUE(const Config config, Load({"--listen=127.0.0.1:1", "--drain", "250ms"},
                                                {{"ESNAF_LISTEN", "127.0.0.1:2"}, {"ESNAF_QUEUE_LIMIT", "7"}}));
  CHECK(config.Text("listen") == "127.0.0.1:1");
  CHECK(config.Integer("queue-limit", 1, 10).value() == 7);
  CHECK(config.Interval("drain").value() == std::chrono::milliseconds(250));
  CHECK(config.Boolean("reflection").value());
}

TEST_CASE("a wrong command line is refused and names the flag and its variable") {
  CHECK_STATUS_IS(Load({}), absl::StatusCode::kInvalidArgument, "--listen (or ESNAF_LISTEN) is required");
  CHECK_STATUS_IS(Load({"--listen="}), absl::StatusCode::kInvalidArgument, "--listen");
  CHECK_STATUS_IS(Load({"--listen=x", "--lisen=y"}), absl::StatusCode::kInvalidArgument, "--lisen");
  CHECK_STATUS_IS(Load({"--listen"}), absl::StatusCode::kInvalidArgument, "needs a value");
  CHECK_STATUS_IS(Load({"--listen", "--drain=1s"}), absl::StatusCode::kInvalidArgument, "--listen");
  CHECK_STATUS_IS(Load({"listen=x"}), absl::StatusCode::kInvalidArgument, "`listen=x`");
  CHECK(ErrorMetadataValue(Load({}).status(), "key") == "listen");
}

TEST_CASE("a value of the wrong kind names its key") {
  const auto load = [](const std::string& flag) { return Load({"--listen=x", flag}).value(); };
  for (const char* text : {"0", "11", "ten", "", "1.5", "99999999999999999999"}) {
    CHECK_STATUS_IS(load(std::string("--queue-limit=") + text).Integer("queue-limit", 1, 10),
                    absl::StatusCode::kInvalidArgument, "--queue-limit");
  }
  for (const char* text : {"5", "s", "-5s", "5 s", "1d", "", "99999999999999h"}) {
    CHECK_STATUS_IS(load(std::string("--drain=") + text).Interval("drain"), absl::StatusCode::kInvalidArgument,
                    "--drain");
  }
  CHECK_STATUS_IS(load("--reflection=yes").Boolean("reflection"), absl::StatusCode::kInvalidArgument, "--reflection");
}

TEST_CASE("intervals have four units") {
  const auto interval = [](const std::string& text) {
    return Load({"--listen=x", "--drain=" + text})->Interval("drain").value();
  };
  CHECK(interval("90ms") == std::chrono::milliseconds(90));
  CHECK(interval("90s") == std::chrono::seconds(90));
  CHECK(interval("90m") == std::chrono::minutes(90));
  CHECK(interval("90h") == std::chrono::hours(90));
}

TEST_CASE("a secret comes from a file, and is never printed") {
  char path[] = "/tmp/esnaf-config-test-XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  std::ofstream(path) << "host=db password=hunter2\n";
  for (const auto& config : {Load({"--listen=x", std::string("--database-file=") + path}),
                             Load({"--listen=x"}, {{"ESNAF_DATABASE_FILE", path}})}) {
    REQUIRE_OK(config);
    CHECK(config->Text("database") == "host=db password=hunter2");
    CHECK(config->Describe().find("hunter2") == std::string::npos);
    CHECK(config->Describe().find("database=***\n") != std::string::npos);
    CHECK(config->Describe().find("listen=x\n") != std::string::npos);
  }
  std::remove(path);
  CHECK_STATUS_IS(Load({"--listen=x", std::string("--database-file=") + path}), absl::StatusCode::kInvalidArgument,
                  "--database-file");
}

TEST_CASE("help lists every key") {
  const absl::Status help = Load({"--help"}).status();
  CHECK(help.code() == absl::StatusCode::kCancelled);
  for (const ConfigKey& key : kKeys) CHECK(testing::MessageContains(help, "--" + key.name));
}

}  // namespace
}  // namespace esnaf::runtime

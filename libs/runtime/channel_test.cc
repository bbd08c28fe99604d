#include "libs/runtime/channel.h"

#include <cstdlib>
#include <filesystem>

#include "libs/base/error.h"
#include "libs/runtime/test_server.h"

namespace esnaf::runtime {
namespace {

constexpr auto kFailed = absl::StatusCode::kFailedPrecondition;

TEST_CASE("a call that its contract does not know is refused before it is sent") {
  const auto channel = Channel::Open("127.0.0.1:1");
  const auto call = [&](std::string_view method) { return channel->Call<StringValue>(method, Text("x")).status(); };
  CHECK_STATUS_IS(call("esnaf.test.v1.EchoService/Echo"), kFailed, "is not written as");
  CHECK_STATUS_IS(call("/Echo"), kFailed, "is not written as");
  CHECK_STATUS_IS(call(""), kFailed, "is not written as");
  CHECK_STATUS_IS(call("/esnaf.test.v1.EchoService/Shout"), kFailed, "is in no contract");
  CHECK_STATUS_IS(call("/esnaf.test.v1.NoService/Echo"), kFailed, "is in no contract");
  CHECK_STATUS_IS(call(kCount), kFailed, "another kind of stream");
  CHECK_STATUS_IS(channel->Call<Int64Value>(kEcho, Text("x")), kFailed, "other messages");
  CHECK_STATUS_IS(channel->Call<StringValue>(kEcho, Int64Value()), kFailed, "other messages");
}

TEST_CASE("a method that was called well is still refused when it is called badly") {
  EchoServer echo;
  echo.Start();
  CHECK_OK(echo.Echo("x"));
  CHECK_STATUS_IS(echo.channel->Call<Int64Value>(kEcho, Text("x")), kFailed, "other messages");
  CHECK_OK(echo.Echo("x"));
}

TEST_CASE("an absent server is UNAVAILABLE, at once or after retries within the timeout") {
  const auto channel = Channel::Open("127.0.0.1:1");
  CHECK_STATUS_IS(channel->Call<StringValue>(kEcho, Text("x")), absl::StatusCode::kUnavailable, "");
  CHECK_STATUS_IS(channel->Call<StringValue>(kEcho, Text("x"),
                                             {.timeout = std::chrono::milliseconds(200), .retry_unavailable = true}),
                  absl::StatusCode::kUnavailable, "");
}

TEST_CASE("a call that may be retried reaches a server that comes later, and one that comes back") {
  char folder[] = "/tmp/esnaf-channel-test-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string listen = std::string("unix:") + folder + "/echo.sock";
  const auto channel = Channel::Open(listen);
  const ClientCallOptions patient{.timeout = std::chrono::seconds(60), .retry_unavailable = true};
  for (int life = 0; life < 2; ++life) {
    auto call = std::async(std::launch::async, [&] { return channel->Call<StringValue>(kEcho, Text("x"), patient); });
    EchoServer echo({.listen = listen});
    echo.Start();
    CHECK_OK(call.get());
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("only UNAVAILABLE is retried") {
  EchoServer echo;
  std::atomic<int> calls = 0;
  echo.handlers.echo = [&](Call&, const std::string& code) -> absl::StatusOr<std::string> {
    if (++calls < 3) return absl::Status(static_cast<absl::StatusCode>(std::stoi(code)), "not yet");
    return std::string("at last");
  };
  echo.Start();
  const auto echo_code = [&](absl::StatusCode code, bool retry) {
    calls = 0;
    return echo.Echo(std::to_string(static_cast<int>(code)), {.retry_unavailable = retry});
  };
  CHECK(echo_code(absl::StatusCode::kUnavailable, true).value() == "at last");
  CHECK(calls == 3);
  CHECK_STATUS_IS(echo_code(absl::StatusCode::kUnavailable, false), absl::StatusCode::kUnavailable, "not yet");
  CHECK(calls == 1);
  CHECK_STATUS_IS(echo_code(absl::StatusCode::kAborted, true), absl::StatusCode::kAborted, "not yet");
  CHECK(calls == 1);
}

TEST_CASE("many threads share a channel") {
  EchoServer echo({.queue_limit = 100'000});
  echo.Start();
  std::vector<std::future<int>> threads;
  for (int t = 0; t < 8; ++t) {
    threads.push_back(std::async(std::launch::async, [&echo, t] {
      int wrong = 0;
      for (int i = 0; i < 200; ++i) {
        const std::string text = std::to_string(t) + ":" + std::to_string(i);
        if (echo.Echo(text).value_or("") != text) ++wrong;
      }
      return wrong;
    }));
  }
  for (auto& thread : threads) CHECK(thread.get() == 0);
}

}  // namespace
}  // namespace esnaf::runtime

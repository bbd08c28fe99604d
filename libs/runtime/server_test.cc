// The server as a client sees it, over real connections. Nothing here needs a database.
#include "libs/runtime/server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/support/byte_buffer.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "libs/base/error.h"
#include "libs/runtime/test_server.h"

namespace esnaf::runtime {
namespace {

using testing::ContainsSubstring;

// A folder of its own for sockets, gone afterwards.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    char path[] = "/tmp/esnaf-server-test-XXXXXX";
    path_ = mkdtemp(path);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A call of bytes, as no client of ours would send them.
grpc::Status CallRaw(const std::string& address, const char* method, const std::string& request,
                     std::string* response) {
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  const grpc::internal::RpcMethod rpc(method, grpc::internal::RpcMethod::NORMAL_RPC);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer bytes(&slice, 1);
  grpc::ByteBuffer answer;
  grpc::ClientContext context;
  const grpc::Status status = grpc::internal::BlockingUnaryCall(channel.get(), rpc, &context, bytes, &answer);
  grpc::Slice all;
  if (response != nullptr && status.ok() && answer.DumpToSingleSlice(&all).ok()) {
    response->assign(all.begin(), all.end());
  }
  return status;
}

// grpc.health.v1: 1 is SERVING, 2 is NOT_SERVING.
int HealthOf(const Server& server, const std::string& service) {
  std::string request;
  if (!service.empty()) request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  std::string response;
  REQUIRE(CallRaw(server.address(), "/grpc.health.v1.Health/Check", request, &response).ok());
  REQUIRE(response.size() == 2);
  return response[1];
}

TEST_CASE("a unary call is answered over TCP and over a Unix socket") {
  TemporaryFolder folder;
  EchoServer echo({.listen = GENERATE(false, true) ? "unix:" + (folder / "echo.sock") : "127.0.0.1:0"});
  echo.Start();
  CHECK(echo.Echo("İstanbul").value() == "İstanbul");
  CHECK(echo.Echo("").value().empty());
  const std::string large(3 * 1024 * 1024, 'x');
  CHECK(echo.Echo(large).value() == large);
}

TEST_CASE("a request above the limit is refused, an answer above gRPC's own limit is not") {
  EchoServer echo({.max_message_bytes = 1024 * 1024});
  echo.handlers.echo = [](Call&, const std::string& size) { return std::string(std::stoul(size), 'x'); };
  echo.Start();
  CHECK(echo.Echo(std::to_string(15 * 1024 * 1024)).value().size() == 15 * 1024 * 1024);
  CHECK_STATUS_IS(echo.Echo(std::string(1024 * 1024, '1')), absl::StatusCode::kResourceExhausted, "");
}

TEST_CASE("a Unix socket is its user's own, and what a killed process left behind is replaced") {
  TemporaryFolder folder;
  const std::string path = folder / "echo.sock";
  {
    EchoServer first({.listen = "unix:" + path});
    first.Start();
    struct stat info {};
    REQUIRE(stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    EchoServer second({.listen = "unix:" + path});
    CHECK_STATUS_IS(second.server->Start(), absl::StatusCode::kUnavailable, "in use");
    CHECK(first.Echo("still there").value() == "still there");
    // As if the process had been killed: the file stays.
    std::filesystem::rename(path, path + ".kept");
  }
  std::filesystem::rename(path + ".kept", path);
  EchoServer next({.listen = "unix:" + path});
  next.Start();
  CHECK(next.Echo("again").value() == "again");

  std::filesystem::create_directory(folder / "folder");
  EchoServer wrong({.listen = "unix:" + (folder / "folder")});
  CHECK_STATUS_IS(wrong.server->Start(), absl::StatusCode::kUnavailable, "is no socket");
}

TEST_CASE("a port that is taken is refused") {
  EchoServer first;
  first.Start();
  EchoServer second({.listen = first.server->address()});
  CHECK_STATUS_IS(second.server->Start(), absl::StatusCode::kUnavailable, "cannot listen");
}

TEST_CASE("a service that does not keep its contract does not start") {
  Metrics metrics;
  Server server({.service_name = "echo", .listen = "127.0.0.1:0", .has_database = false}, SystemClock(), metrics, "",
                nullptr);
  server.Add(RpcService(kEchoService));
  CHECK_STATUS_IS(server.Start(), absl::StatusCode::kFailedPrecondition, "is not bound");
}

TEST_CASE("errors arrive with their details") {
  EchoServer echo;
  FieldViolations many;
  for (int i = 0; i < 500; ++i) many.Add("orders[" + std::to_string(i) + "].currency", "is no ISO 4217 code");
  echo.handlers.echo = [&](Call&, const std::string& what) -> absl::StatusOr<std::string> {
    if (what == "field") return InvalidField("name", "is empty");
    if (what == "missing") return NotFound("contact", "0190");
    if (what == "many") return many.ToStatus();
    if (what == "throw") throw std::runtime_error("secret text");
    return absl::AbortedError("çok uzun " + std::string(100'000, 'x'));
  };
  echo.Start();
  const auto status = [&](const std::string& what) { return echo.Echo(what).status(); };
  CHECK_STATUS_IS(status("field"), absl::StatusCode::kInvalidArgument, "name");
  CHECK(ErrorFields(status("field")) == std::vector<std::pair<std::string, std::string>>{{"name", "is empty"}});
  CHECK_STATUS_IS(status("missing"), absl::StatusCode::kNotFound, "0190");
  CHECK(ErrorReason(status("missing")) == "CONTACT_NOT_FOUND");
  // More than a client's metadata can hold arrives shortened, but arrives.
  CHECK_STATUS_IS(status("many"), absl::StatusCode::kInvalidArgument, "orders[0]");
  CHECK_STATUS_IS(status("long"), absl::StatusCode::kAborted, "çok uzun xxx");
  // An exception is our own mistake; its text stays here.
  CHECK_STATUS_IS(status("throw"), absl::StatusCode::kInternal, "");
  CHECK_FALSE(testing::MessageContains(status("throw"), "secret"));
  // The worker that caught it works on.
  CHECK_STATUS_IS(status("field"), absl::StatusCode::kInvalidArgument, "name");
}

TEST_CASE("bytes that are no message are refused") {
  EchoServer echo;
  echo.Start();
  const grpc::Status status = CallRaw(echo.server->address(), kEcho, "\xff\xff\xff", nullptr);
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK_THAT(status.error_message(), ContainsSubstring("google.protobuf.StringValue"));
}

TEST_CASE("a handler knows who calls, and why") {
  EchoServer echo;
  CallInfo seen;
  echo.handlers.echo = [&](Call& call, const std::string&) {
    seen = call.info();
    call.AddPosition("contacts:e1.5");
    call.AddPosition("orders:e2.6");
    return std::string();
  };
  echo.Start();
  std::string position;
  CHECK_OK(echo.Echo("", {.metadata = {{"esnaf-caller-kind", "storefront"},
                                       {"esnaf-actor", "key:7"},
                                       {"esnaf-stores", "a,b"},
                                       {"idempotency-key", "k1"},
                                       {"x-request-id", "r1"},
                                       {"traceparent", "00-1-2-01"},
                                       {"esnaf-after", "contacts:e1.4"}},
                          .position = &position}));
  CHECK(seen.method == kEcho);
  CHECK(seen.caller.kind == Caller::Kind::kStorefront);
  CHECK(seen.caller.actor == "key:7");
  CHECK(seen.caller.store_ids == std::vector<std::string>{"a", "b"});
  CHECK(seen.caller.MaySee("b"));
  CHECK_FALSE(seen.caller.MaySee("c"));
  CHECK(seen.idempotency_key == "k1");
  CHECK(seen.request_id == "r1");
  CHECK(seen.trace_parent == "00-1-2-01");
  CHECK(position == "contacts:e1.5,orders:e2.6");

  CHECK_OK(echo.Echo(""));
  CHECK(seen.caller.kind == Caller::Kind::kService);
  CHECK(seen.caller.MaySee("anything"));
  CHECK_STATUS_IS(echo.Echo("", {.metadata = {{"esnaf-caller-kind", "root"}}}), absl::StatusCode::kInvalidArgument,
                  "esnaf-caller-kind");
}

TEST_CASE("a call has the default deadline where it brings none, and the maximum where it brings more") {
  EchoServer echo({.default_deadline = std::chrono::seconds(100), .max_deadline = std::chrono::seconds(1000)});
  Time deadline;
  echo.handlers.echo = [&](Call& call, const std::string&) {
    deadline = call.info().deadline;
    return std::string();
  };
  echo.Start();
  const auto check = [&](std::chrono::milliseconds timeout, std::chrono::seconds expected) {
    const Time before = SystemClock().Now();
    REQUIRE_OK(echo.Echo("", {.timeout = timeout}));
    CHECK(deadline >= before + expected - std::chrono::seconds(1));
    CHECK(deadline <= SystemClock().Now() + expected + std::chrono::seconds(1));
  };
  check(std::chrono::milliseconds::zero(), std::chrono::seconds(100));
  check(std::chrono::seconds(500), std::chrono::seconds(500));
  check(std::chrono::seconds(5000), std::chrono::seconds(1000));
}

TEST_CASE("a full queue refuses at once, and takes calls again afterwards") {
  EchoServer echo({.workers = 1, .queue_limit = 1});
  Signal running, release;
  std::atomic<int> calls = 0;
  echo.handlers.echo = [&](Call&, const std::string& text) {
    if (calls++ == 0) running.Set();
    release.Wait();
    return text;
  };
  echo.Start();
  auto first = echo.EchoLater("first");
  running.Wait();
  auto second = echo.EchoLater("second");
  // Until the second is queued, a third would take its place.
  while (echo.metrics.Expose().find("\nesnaf_queue_length 1\n") == std::string::npos) std::this_thread::yield();
  const absl::Status third = echo.Echo("third").status();
  CHECK_STATUS_IS(third, absl::StatusCode::kResourceExhausted, "");
  CHECK(ErrorReason(third) == "QUEUE_FULL");
  release.Set();
  CHECK(first.get().value() == "first");
  CHECK(second.get().value() == "second");
  CHECK(echo.Echo("fourth").value() == "fourth");
}

TEST_CASE("calls that come while others are being answered are answered together, each its own way") {
  constexpr int kCalls = 60;
  EchoServer echo({}, nullptr, true);
  Signal release;
  std::atomic<int> alone = 0, largest = 0;
  echo.handlers.echo = [&](Call&, const std::string& text) {
    if (alone++ < 2) release.Wait();
    return text;
  };
  echo.handlers.echo_together = [&](std::vector<AskedCall<StringValue, StringValue>>& asked) {
    largest = std::max(largest.load(), static_cast<int>(asked.size()));
    for (auto& one : asked) {
      if (one.request.value() == "7") {
        one.answer = InvalidField("value", "is seven");
      } else if (one.request.value() != "8") {
        one.answer = Text(one.request.value() + one.call.info().request_id);
      }
    }
  };
  echo.Start();
  const std::string in_flight = "esnaf_rpc_in_flight{method=\"esnaf.test.v1.EchoService/Echo\"} ";
  const auto wait_for = [&](int calls) {
    while (echo.metrics.Expose().find(in_flight + std::to_string(calls) + "\n") == std::string::npos) {
      std::this_thread::yield();
    }
  };
  auto first = echo.EchoLater("first");
  while (alone < 1) std::this_thread::yield();
  auto second = echo.EchoLater("second");
  while (alone < 2) std::this_thread::yield();
  std::vector<std::future<absl::StatusOr<std::string>>> others;
  for (int i = 0; i < kCalls; ++i) {
    others.push_back(echo.EchoLater(std::to_string(i), {.metadata = {{"x-request-id", "/" + std::to_string(i)}}}));
  }
  // All have arrived, and all are queued but those that gRPC's few threads hold this very moment.
  wait_for(kCalls + 2);
  release.Set();
  CHECK(first.get().value() == "first");
  CHECK(second.get().value() == "second");
  for (int i = 0; i < kCalls; ++i) {
    const absl::StatusOr<std::string> answer = others[static_cast<std::size_t>(i)].get();
    const std::string text = std::to_string(i);
    if (answer.ok()) {
      // One that came alone was echoed as it is.
      CHECK((*answer == text + "/" + text || *answer == text));
    } else {
      CHECK((i == 7 || i == 8));
      CHECK(answer.status().code() == (i == 7 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kUnknown));
    }
  }
  CHECK(largest >= 10);
}

TEST_CASE("a call that waited past its deadline is not begun any more") {
  EchoServer echo({.workers = 1});
  Signal running, release;
  std::mutex mutex;
  std::vector<std::string> begun;
  echo.handlers.echo = [&](Call&, const std::string& text) {
    {
      std::lock_guard lock(mutex);
      begun.push_back(text);
    }
    if (text == "first") {
      running.Set();
      release.Wait();
    }
    return text;
  };
  echo.Start();
  auto first = echo.EchoLater("first");
  running.Wait();
  CHECK_STATUS_IS(echo.Echo("late", {.timeout = std::chrono::milliseconds(20)}), absl::StatusCode::kDeadlineExceeded,
                  "");
  // Refused without a worker, and behind the end of `late` on the same connection: the server knows of that end now.
  CHECK_STATUS_IS(echo.Echo("", {.metadata = {{"esnaf-caller-kind", "root"}}}), absl::StatusCode::kInvalidArgument, "");
  release.Set();
  CHECK_OK(first.get());
  // The queue is in order: what comes behind `late` says that `late` was passed over.
  CHECK_OK(echo.Echo("next"));
  std::lock_guard lock(mutex);
  CHECK(begun == std::vector<std::string>{"first", "next"});
}

TEST_CASE("a handler learns that its caller is gone") {
  EchoServer echo;
  Signal noticed;
  echo.handlers.echo = [&](Call& call, const std::string&) -> absl::StatusOr<std::string> {
    while (!call.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    noticed.Set();
    return absl::DeadlineExceededError("nobody waits any more");
  };
  echo.Start();
  CHECK_STATUS_IS(echo.Echo("", {.timeout = std::chrono::milliseconds(50)}), absl::StatusCode::kDeadlineExceeded, "");
  noticed.Wait();
}

TEST_CASE("health follows SetServing, for the server and for each service") {
  EchoServer echo;
  echo.Start();
  CHECK(HealthOf(*echo.server, "") == 2);
  CHECK(HealthOf(*echo.server, kEchoService) == 2);
  echo.server->SetServing(true);
  CHECK(HealthOf(*echo.server, "") == 1);
  CHECK(HealthOf(*echo.server, kEchoService) == 1);
  echo.server->SetServing(false);
  CHECK(HealthOf(*echo.server, "") == 2);
  CHECK(CallRaw(echo.server->address(), "/grpc.health.v1.Health/Check", "\x0a\x04nope", nullptr).error_code() ==
        grpc::StatusCode::NOT_FOUND);
}

TEST_CASE("each method is measured") {
  EchoServer echo;
  echo.handlers.echo = [](Call&, const std::string& text) -> absl::StatusOr<std::string> {
    if (text.empty()) return InvalidField("value", "is empty");
    return text;
  };
  echo.Start();
  CHECK_OK(echo.Echo("a"));
  CHECK_OK(echo.Echo("b"));
  CHECK_FALSE(echo.Echo("").ok());
  echo.server->Shutdown();
  const std::string text = echo.metrics.Expose();
  const std::string method = "method=\"esnaf.test.v1.EchoService/Echo\"";
  CHECK_THAT(text, ContainsSubstring("esnaf_rpc_requests_total{code=\"OK\"," + method + "} 2"));
  CHECK_THAT(text, ContainsSubstring("esnaf_rpc_requests_total{code=\"INVALID_ARGUMENT\"," + method + "} 1"));
  CHECK_THAT(text, ContainsSubstring("esnaf_rpc_duration_seconds_count{" + method + "} 3"));
  CHECK_THAT(text, ContainsSubstring("esnaf_rpc_in_flight{" + method + "} 0"));
  CHECK_THAT(text, ContainsSubstring("esnaf_queue_length 0"));
  CHECK_THAT(text, ContainsSubstring("esnaf_workers_busy 0"));
  CHECK_THAT(text, ContainsSubstring("esnaf_workers 6"));
}

}  // namespace
}  // namespace esnaf::runtime

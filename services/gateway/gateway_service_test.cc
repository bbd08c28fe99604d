// The gateway between real connections: what it forwards, what it keeps to itself, and how calls end.
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "services/gateway/gatekeeper.h"
#include "services/gateway/test_contract.h"
#include "services/gateway/test_front.h"

namespace esnaf::gateway {
namespace {

using testing::CallGrpc;
using testing::Metadata;
using testing::Reply;
using testing::TestContract;
using testing::TestFront;
using testing::ToBytes;
using testing::ToText;

constexpr char kGet[] = "/esnaf.orders.v1.ProbeService/Get";
constexpr char kDo[] = "/esnaf.orders.v1.ProbeService/Do";

// A message Probe{id: text} in bytes.
std::string Probe(const std::string& id) { return std::string("\x0a") + static_cast<char>(id.size()) + id; }

struct Suite {
  explicit Suite(FrontOptions options = {})
      : front(*contract.Routes(), std::move(options)), admin(front.AddKey(KeyKind::kAdmin, {})) {}
  TestContract contract;
  TestFront front;
  std::string admin;
};

// A stream through the gateway, one step at a time.
class GrpcStream {
 public:
  GrpcStream(grpc::GenericStub& stub, const std::string& method, const Metadata& metadata) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
    call_ = stub.PrepareCall(&context, method, &queue_);
    call_->StartCall(Tag());
    started_ = Step();
  }
  bool started() const { return started_; }
  bool Write(const std::string& message) {
    call_->Write(ToBytes(message), Tag());
    return Step();
  }
  bool WritesDone() {
    call_->WritesDone(Tag());
    return Step();
  }
  std::optional<std::string> Read() {
    grpc::ByteBuffer bytes;
    call_->Read(&bytes, Tag());
    if (!Step()) return std::nullopt;
    return ToText(bytes);
  }
  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, Tag());
    Step();
    return status;
  }
  grpc::ClientContext context;

 private:
  void* Tag() { return this; }
  bool Step() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool started_ = false;
};

TEST_CASE("a publishable key is taken at its word and told nothing") {
  Suite suite;
  const std::string key = suite.front.AddKey(KeyKind::kPublishable, {"*"});
  suite.front.service.SetHandler([](const std::string&) { return Reply{.messages = {Probe("somebody's")}}; });
  const auto answer =
      CallGrpc(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Update", Probe("7"), TestFront::Bearer(key));
  REQUIRE(answer.status.ok());
  CHECK(answer.response.empty());
  CHECK(suite.front.service.metadata().find("esnaf-caller-kind")->second == "publishable");
  CHECK(suite.front.service.requests() == std::vector<std::string>{Probe("7")});
}

TEST_CASE("a unary call passes as bytes, with the metadata that may pass") {
  Suite suite;
  const std::string key = suite.front.AddKey(KeyKind::kStorefront, {"orders.read"}, [](StoredKey& stored) {
    stored.key.store_ids = {"store-a", "store-b"};
  });
  suite.front.service.SetHandler([](const std::string&) { return Reply{.messages = {"\xff not a message"}}; });
  const auto answer =
      CallGrpc(suite.front.stub(), kGet, "any bytes",
               TestFront::Bearer(key, {{"esnaf-after", "orders:e1.7"},
                                       {"idempotency-key", "k1"},
                                       {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
                                       {"x-request-id", "r1"},
                                       {"esnaf-caller-kind", "admin"},
                                       {"esnaf-actor", "service:evil"},
                                       {"esnaf-stores", ""},
                                       {"x-other", "1"}}));
  REQUIRE(answer.status.ok());
  CHECK(answer.response == "\xff not a message");
  CHECK(suite.front.service.requests() == std::vector<std::string>{"any bytes"});
  CHECK(suite.front.service.method() == kGet);
  const Metadata seen = suite.front.service.metadata();
  const auto values = [&](const std::string& name) {
    std::vector<std::string> found;
    for (auto [at, end] = seen.equal_range(name); at != end; ++at) found.push_back(at->second);
    return found;
  };
  using Values = std::vector<std::string>;
  CHECK(values("esnaf-after") == Values{"orders:e1.7"});
  CHECK(values("idempotency-key") == Values{"k1"});
  CHECK(values("traceparent") == Values{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"});
  CHECK(values("x-request-id") == Values{"r1"});
  // What tells a service who calls comes from the key alone.
  CHECK(values("esnaf-caller-kind") == Values{"storefront"});
  CHECK(values("esnaf-actor") == Values{"key:" + Uuid::FromName("test", "1").ToString()});
  CHECK(values("esnaf-stores") == Values{"store-a,store-b"});
  CHECK(values("authorization").empty());
  CHECK(values("x-other").empty());
  CHECK(answer.trailing.find("esnaf-position")->second == "orders:e1.42");
  CHECK(answer.trailing.find("x-request-id")->second == "r1");
}

TEST_CASE("a call without ids gets some") {
  Suite suite;
  const auto answer =
      CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(suite.admin, {{"traceparent", "nonsense"}}));
  REQUIRE(answer.status.ok());
  const Metadata seen = suite.front.service.metadata();
  const std::string request_id = seen.find("x-request-id")->second;
  CHECK(Uuid::Parse(request_id).has_value());
  CHECK(answer.trailing.find("x-request-id")->second == request_id);
  const std::string trace = seen.find("traceparent")->second;
  CHECK(trace.size() == 55);
  CHECK(trace.starts_with("00-"));
}

TEST_CASE("an error passes with its details, once") {
  Suite suite;
  const absl::Status error =
      MakeError(absl::StatusCode::kFailedPrecondition, "ORDER_CANCELLED", "it is cancelled", {{"id", "7"}});
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.status = runtime::ToGrpc(error)}; });
  const auto answer = CallGrpc(suite.front.stub(), kDo, "", TestFront::Bearer(suite.admin));
  CHECK(answer.status.error_code() == grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(answer.status.error_message() == "it is cancelled");
  CHECK(answer.reason() == "ORDER_CANCELLED");
  CHECK(ErrorMetadataValue(runtime::FromGrpc(answer.status), "id") == "7");
  CHECK(answer.trailing.count("grpc-status-details-bin") <= 1);
}

TEST_CASE("a service that is away is named, not its address") {
  Suite suite;
  suite.front.service.Stop();
  const auto answer = CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(suite.admin));
  CHECK(answer.status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(answer.reason() == "UPSTREAM_UNAVAILABLE");
  CHECK(answer.status.error_message() == "the service orders cannot be reached");
}

TEST_CASE("what is not in the contracts is unimplemented, with any key and without") {
  Suite suite;
  for (const char* method :
       {"/esnaf.orders.v1.ProbeService/Hidden", "/esnaf.orders.v1.ProbeService/Inside", "/a/b", "/"}) {
    CHECK(CallGrpc(suite.front.stub(), method, "", TestFront::Bearer(suite.admin)).status.error_code() ==
          grpc::StatusCode::UNIMPLEMENTED);
    CHECK(CallGrpc(suite.front.stub(), method, "", {}).status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
  }
  CHECK(suite.front.service.calls() == 0);
}

TEST_CASE("the caller's deadline reaches the service, and without one there is a bound") {
  Suite suite({.default_deadline = std::chrono::milliseconds(7000), .max_deadline = std::chrono::milliseconds(9000)});
  const auto remaining = [&] { return suite.front.service.deadline() - std::chrono::system_clock::now(); };
  REQUIRE(CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(suite.admin), std::chrono::milliseconds(3000))
              .status.ok());
  // gRPC rounds up.
  CHECK(remaining() < std::chrono::milliseconds(3500));
  REQUIRE(CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(suite.admin), std::chrono::hours(1)).status.ok());
  CHECK(remaining() < std::chrono::milliseconds(9500));
  suite.front.service.SetHandler([](const std::string&) { return Reply{.hang = true}; });
  const auto late =
      CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(suite.admin), std::chrono::milliseconds(200));
  CHECK(late.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  CHECK(suite.front.service.WaitForCancel());
}

TEST_CASE("a cancelled call is cancelled at the service") {
  Suite suite;
  suite.front.service.SetHandler([](const std::string&) { return Reply{.hang = true}; });
  grpc::ClientContext context;
  for (const auto& [key, value] : TestFront::Bearer(suite.admin)) context.AddMetadata(key, value);
  const grpc::ByteBuffer request = ToBytes("");
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  suite.front.stub().UnaryCall(&context, kGet, {}, &request, &response,
                               [&](grpc::Status status) { done.set_value(std::move(status)); });
  while (suite.front.service.calls() == 0) std::this_thread::yield();
  context.TryCancel();
  CHECK(done.get_future().get().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(suite.front.service.WaitForCancel());
}

TEST_CASE("a server stream passes message by message, then its status") {
  Suite suite;
  std::vector<std::string> messages;
  for (int i = 0; i < 500; ++i) messages.push_back(Probe(std::to_string(i)));
  suite.front.service.SetHandler([&](const std::string&) {
    return Reply{.messages = messages, .status = grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "pruned")};
  });
  GrpcStream stream(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Watch", TestFront::Bearer(suite.admin));
  REQUIRE(stream.started());
  CHECK(stream.Write("request"));
  CHECK(stream.WritesDone());
  std::vector<std::string> got;
  while (const auto message = stream.Read()) got.push_back(*message);
  const grpc::Status status = stream.Finish();
  CHECK(got == messages);
  CHECK(status.error_code() == grpc::StatusCode::OUT_OF_RANGE);
  CHECK(status.error_message() == "pruned");
  CHECK(suite.front.service.requests() == std::vector<std::string>{"request"});
}

TEST_CASE("a client stream passes message by message, then one answer") {
  Suite suite;
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.messages = {Probe("sum")}}; });
  GrpcStream stream(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Upload", TestFront::Bearer(suite.admin));
  std::vector<std::string> sent;
  for (int i = 0; i < 500; ++i) {
    sent.push_back(Probe(std::to_string(i)));
    CHECK(stream.Write(sent.back()));
  }
  CHECK(stream.WritesDone());
  CHECK(stream.Read() == Probe("sum"));
  CHECK(!stream.Read().has_value());
  CHECK(stream.Finish().ok());
  CHECK(suite.front.service.requests() == sent);
  CHECK(stream.context.GetServerTrailingMetadata().count("esnaf-position") == 1);
}

TEST_CASE("both sides of a stream talk in turn") {
  Suite suite;
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.echo = true}; });
  GrpcStream stream(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Chat", TestFront::Bearer(suite.admin));
  for (int i = 0; i < 100; ++i) {
    CHECK(stream.Write(Probe(std::to_string(i))));
    CHECK(stream.Read() == Probe(std::to_string(i)));
  }
  CHECK(stream.WritesDone());
  CHECK(!stream.Read().has_value());
  CHECK(stream.Finish().ok());
}

TEST_CASE("a service that ends a stream early ends it for the client, who still sends") {
  Suite suite;
  suite.front.service.SetHandler([&](const std::string&) {
    return Reply{.status = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "enough"), .early = true};
  });
  GrpcStream stream(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Upload", TestFront::Bearer(suite.admin));
  // The client has not said that it is done, and yet learns of the end.
  CHECK(!stream.Read().has_value());
  const grpc::Status status = stream.Finish();
  CHECK(status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(status.error_message() == "enough");
}

TEST_CASE("a cancelled stream is cancelled at the service") {
  Suite suite;
  suite.front.service.SetHandler([&](const std::string&) { return Reply{.hang = true}; });
  GrpcStream stream(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Upload", TestFront::Bearer(suite.admin));
  CHECK(stream.Write("first"));
  while (suite.front.service.requests().empty()) std::this_thread::yield();
  stream.context.TryCancel();
  CHECK(stream.Finish().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(suite.front.service.WaitForCancel());
}

TEST_CASE("a request that is too large is refused") {
  Suite suite({.max_message_bytes = 64 * 1024});
  const auto answer = CallGrpc(suite.front.stub(), kGet, std::string(65 * 1024, 'x'), TestFront::Bearer(suite.admin));
  CHECK(answer.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(suite.front.service.calls() == 0);
  CHECK(CallGrpc(suite.front.stub(), kGet, std::string(60 * 1024, 'x'), TestFront::Bearer(suite.admin)).status.ok());
}

TEST_CASE("a key has its rate, and a caller learns how long to wait") {
  Suite suite;
  const std::string key =
      suite.front.AddKey(KeyKind::kStorefront, {"*"}, [](StoredKey& stored) { stored.key.rate_per_second = 1; });
  grpc::Status last;
  std::string reason;
  for (int i = 0; i < 20; ++i) {
    const auto answer = CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(key));
    last = answer.status;
    reason = answer.reason();
    if (!last.ok()) break;
  }
  CHECK(last.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(reason == "RATE_LIMIT_EXCEEDED");
  CHECK(RetryDelay(runtime::FromGrpc(last)).has_value());
}

TEST_CASE("mutations and refusals are written to the audit log, reads are not") {
  Suite suite;
  const std::string reader = suite.front.AddKey(KeyKind::kStorefront, {"orders.read"});
  REQUIRE(CallGrpc(suite.front.stub(), kGet, "", TestFront::Bearer(reader)).status.ok());
  REQUIRE(CallGrpc(suite.front.stub(), kDo, "", TestFront::Bearer(suite.admin, {{"x-request-id", "r7"}})).status.ok());
  CHECK_FALSE(CallGrpc(suite.front.stub(), kDo, "", TestFront::Bearer(reader)).status.ok());
  CHECK_FALSE(CallGrpc(suite.front.stub(), kGet, "", {}).status.ok());
  const std::vector<AuditRecord> records = suite.front.audit.Take();
  REQUIRE(records.size() == 3);
  CHECK(records[0].method == kDo);
  CHECK(records[0].code == "OK");
  CHECK(records[0].request_id == "r7");
  CHECK(records[0].peer.find("127.0.0.1") != std::string::npos);
  CHECK(records[1].code == "PERMISSION_DENIED");
  CHECK(records[1].actor == "key:" + Uuid::FromName("test", "1").ToString());
  CHECK(records[2].actor == "anonymous");
  CHECK(records[2].code == "UNAUTHENTICATED");
  const std::string metrics = suite.front.metrics.Expose();
  CHECK(metrics.find("esnaf_gateway_requests_total") != std::string::npos);
}

TEST_CASE("many calls at once all come back") {
  Suite suite;
  suite.front.service.SetHandler([](const std::string&) { return Reply{.messages = {"answer"}}; });
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto answer = CallGrpc(suite.front.stub(), kGet, "x", TestFront::Bearer(suite.admin));
        good += answer.status.ok() && answer.response == "answer";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 8 * 200);
}

TEST_CASE("a stream ends when its key does, also one on which nothing moves") {
  Suite suite({.stream_recheck = std::chrono::milliseconds(10)});
  const std::string key = suite.front.AddKey(KeyKind::kStorefront, {"orders.*"});
  suite.front.service.SetHandler(
      [](const std::string& method) { return method.ends_with("Chat") ? Reply{.echo = true} : Reply{.hang = true}; });
  GrpcStream chat(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Chat", TestFront::Bearer(key));
  REQUIRE(chat.Write(Probe("1")));
  CHECK(chat.Read() == Probe("1"));
  GrpcStream idle(suite.front.stub(), "/esnaf.orders.v1.ProbeService/Watch", TestFront::Bearer(key));
  REQUIRE(idle.started());
  while (suite.front.service.calls() < 2) std::this_thread::yield();
  suite.front.RevokeKeys();
  CHECK_FALSE(chat.Read().has_value());
  CHECK_FALSE(idle.Read().has_value());
  for (GrpcStream* stream : {&chat, &idle}) {
    const grpc::Status status = stream->Finish();
    CHECK(status.error_code() == grpc::StatusCode::UNAUTHENTICATED);
    CHECK(ErrorReason(runtime::FromGrpc(status)) == "API_KEY_INVALID");
  }
  CHECK(suite.front.service.WaitForCancel());
}

}  // namespace
}  // namespace esnaf::gateway

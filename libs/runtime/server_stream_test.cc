// Streams in both ways, waiting for positions, and the end of a server while calls are under way.
#include <atomic>
#include <mutex>
#include <thread>

#include "libs/base/error.h"
#include "libs/runtime/test_server.h"

namespace esnaf::runtime {
namespace {

using google::protobuf::Message;

const std::function<bool()> kNeverStopped = [] { return false; };

Int64Value Number(std::int64_t value) {
  Int64Value message;
  message.set_value(value);
  return message;
}

absl::Status ReadNumbers(Channel& channel, std::int64_t most, std::vector<std::int64_t>& numbers,
                         const ClientCallOptions& options = {}) {
  return channel.ReadStream(
      kCount, Number(most), Int64Value::default_instance(),
      [&](const Message& message) {
        numbers.push_back(static_cast<const Int64Value&>(message).value());
        return true;
      },
      kNeverStopped, options);
}

absl::StatusOr<std::int64_t> SumTo(Channel& channel, std::int64_t most) {
  Int64Value total;
  std::int64_t next = 0;
  ESNAF_RETURN_IF_ERROR(channel.WriteStream(kSum, Int64Value::default_instance(),
                                            [&](Message& message) {
                                              if (next > most) return false;
                                              static_cast<Int64Value&>(message).set_value(next++);
                                              return true;
                                            },
                                            total, {}));
  return total.value();
}

TEST_CASE("a server stream arrives whole and in order") {
  EchoServer echo;
  echo.Start();
  std::vector<std::int64_t> numbers;
  REQUIRE_OK(ReadNumbers(*echo.channel, 5000, numbers));
  REQUIRE(numbers.size() == 5000);
  for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == static_cast<std::int64_t>(i));
  numbers.clear();
  CHECK_OK(ReadNumbers(*echo.channel, 0, numbers));
  CHECK(numbers.empty());
}

TEST_CASE("a server stream ends with its handler's error, after what was written") {
  EchoServer echo;
  echo.handlers.count = [](Call& call, std::int64_t, StreamWriter<Int64Value>& writer) {
    call.AddPosition("echo:e.1");
    writer.Write(Number(1));
    return MakeError(absl::StatusCode::kFailedPrecondition, "EPOCH_CHANGED", "another epoch");
  };
  echo.Start();
  std::vector<std::int64_t> numbers;
  std::string position;
  const absl::Status status = ReadNumbers(*echo.channel, 0, numbers, {.position = &position});
  CHECK_STATUS_IS(status, absl::StatusCode::kFailedPrecondition, "another epoch");
  CHECK(ErrorReason(status) == "EPOCH_CHANGED");
  CHECK(numbers == std::vector<std::int64_t>{1});
  CHECK(position == "echo:e.1");
}

TEST_CASE("a reader that has enough ends the stream, and the writer learns of it") {
  EchoServer echo;
  Signal gone;
  echo.handlers.count = [&](Call& call, std::int64_t, StreamWriter<Int64Value>& writer) {
    while (writer.Write(Number(1))) {
    }
    if (call.cancelled()) gone.Set();
    return absl::CancelledError("the reader is gone");
  };
  echo.Start();
  SECTION("by the answer of on_message") {
    int messages = 0;
    CHECK_OK(echo.channel->ReadStream(kCount, Number(0), Int64Value::default_instance(),
                                      [&](const Message&) { return ++messages < 10; }, kNeverStopped, {}));
    CHECK(messages == 10);
  }
  SECTION("by being stopped") {
    std::atomic<bool> stop = false;
    int messages = 0;
    CHECK_OK(echo.channel->ReadStream(
        kCount, Number(0), Int64Value::default_instance(),
        [&](const Message&) {
          if (++messages == 10) stop = true;
          return true;
        },
        [&] { return stop.load(); }, {}));
    CHECK(messages >= 10);
  }
  gone.Wait();
}

TEST_CASE("a reader can stop while nothing comes, and a feed lasts beyond the deadlines of calls") {
  EchoServer echo({.default_deadline = std::chrono::milliseconds(1), .max_deadline = std::chrono::milliseconds(1)});
  Signal begun;
  echo.handlers.count = [&](Call& call, std::int64_t, StreamWriter<Int64Value>&) {
    begun.Set();
    while (!call.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return absl::OkStatus();
  };
  echo.Start();
  std::atomic<int> asked = 0;
  CHECK_OK(echo.channel->ReadStream(
      kCount, Number(0), Int64Value::default_instance(), [](const Message&) { return true; },
      [&] { return ++asked > 3; }, {.timeout = std::chrono::milliseconds::zero()}));
  begun.Wait();
  CHECK(asked > 3);
}

TEST_CASE("a client stream is summed up") {
  EchoServer echo;
  echo.Start();
  CHECK(SumTo(*echo.channel, 5000).value() == 5000 * 5001 / 2);
  CHECK(SumTo(*echo.channel, -1).value() == 0);
}

TEST_CASE("a client stream can be refused before its end") {
  EchoServer echo;
  echo.handlers.sum = [](Call&, StreamReader<Int64Value>& reader) -> absl::StatusOr<std::int64_t> {
    Int64Value number;
    reader.Read(number);
    return InvalidField("value", "is not wanted");
  };
  echo.Start();
  const absl::Status status = SumTo(*echo.channel, 1'000'000).status();
  CHECK_STATUS_IS(status, absl::StatusCode::kInvalidArgument, "");
  CHECK(ErrorFields(status).size() == 1);
}

TEST_CASE("streams are bounded, and a thread that ends makes room") {
  EchoServer echo({.stream_limit = 1});
  Signal begun, release;
  std::atomic<int> calls = 0;
  echo.handlers.count = [&](Call&, std::int64_t, StreamWriter<Int64Value>&) {
    if (calls++ == 0) {
      begun.Set();
      release.Wait();
    }
    return absl::OkStatus();
  };
  echo.Start();
  std::vector<std::int64_t> none;
  auto first = std::async(std::launch::async, [&] { return ReadNumbers(*echo.channel, 0, none); });
  begun.Wait();
  std::vector<std::int64_t> numbers;
  const absl::Status second = ReadNumbers(*echo.channel, 0, numbers);
  CHECK_STATUS_IS(second, absl::StatusCode::kResourceExhausted, "");
  CHECK(ErrorReason(second) == "TOO_MANY_STREAMS");
  release.Set();
  CHECK_OK(first.get());
  // The first's thread may still be on its way out when its client has the answer.
  absl::Status third;
  do {
    third = ReadNumbers(*echo.channel, 0, numbers);
  } while (third.code() == absl::StatusCode::kResourceExhausted);
  CHECK_OK(third);
}

// Keeps what waits until the test lets it go.
class HeldGate final : public PositionGate {
 public:
  void Await(std::string_view after, Time deadline, std::function<void(absl::Status)> done) override {
    std::lock_guard lock(mutex_);
    after_ = after;
    deadline_ = deadline;
    done_ = std::move(done);
    parked_.Set();
  }
  void WaitUntilParked() { parked_.Wait(); }
  void LetGo(const absl::Status& status) { done_(status); }
  std::string after() {
    std::lock_guard lock(mutex_);
    return after_;
  }

 private:
  std::mutex mutex_;
  std::string after_;
  Time deadline_;
  std::function<void(absl::Status)> done_;
  Signal parked_;
};

TEST_CASE("a read that waits for a position holds no worker") {
  HeldGate gate;
  EchoServer echo({.workers = 1, .drain = std::chrono::milliseconds(50)}, &gate);
  echo.Start();
  auto parked = echo.EchoLater("parked", {.metadata = {{"esnaf-after", "contacts:e.7"}}});
  gate.WaitUntilParked();
  CHECK(gate.after() == "contacts:e.7");
  CHECK(echo.Echo("quick").value() == "quick");
  SECTION("it goes on when the position is reached") {
    gate.LetGo(absl::OkStatus());
    CHECK(parked.get().value() == "parked");
  }
  SECTION("it ends with the gate's error") {
    gate.LetGo(absl::DeadlineExceededError("contacts:e.7 is not consumed yet"));
    CHECK_STATUS_IS(parked.get(), absl::StatusCode::kDeadlineExceeded, "not consumed");
  }
  SECTION("it ends with the server, and a gate that opens later does no harm") {
    echo.server->Shutdown();
    CHECK_FALSE(parked.get().ok());
    gate.LetGo(absl::OkStatus());
  }
}

TEST_CASE("a caller that leaves while it is parked is forgotten") {
  HeldGate gate;
  EchoServer echo({.workers = 1, .drain = std::chrono::milliseconds(50)}, &gate);
  std::atomic<int> begun = 0;
  echo.handlers.echo = [&](Call&, const std::string& text) {
    ++begun;
    return text;
  };
  echo.Start();
  CHECK_STATUS_IS(
      echo.Echo("gone", {.timeout = std::chrono::milliseconds(50), .metadata = {{"esnaf-after", "contacts:e.7"}}}),
      absl::StatusCode::kDeadlineExceeded, "");
  echo.server->Shutdown();
  gate.LetGo(absl::OkStatus());
  CHECK(begun == 0);
}

TEST_CASE("a stream waits for a position too") {
  HeldGate gate;
  EchoServer echo({}, &gate);
  echo.Start();
  std::vector<std::int64_t> numbers;
  auto reading = std::async(std::launch::async, [&] {
    return ReadNumbers(*echo.channel, 3, numbers, {.metadata = {{"esnaf-after", "contacts:e.7"}}});
  });
  gate.WaitUntilParked();
  gate.LetGo(absl::OkStatus());
  CHECK_OK(reading.get());
  CHECK(numbers.size() == 3);
}

TEST_CASE("a stop lets calls under way finish") {
  EchoServer echo;
  Signal running, release;
  echo.handlers.echo = [&](Call&, const std::string& text) {
    running.Set();
    release.Wait();
    return text;
  };
  echo.Start();
  auto call = echo.EchoLater("under way");
  running.Wait();
  auto stop = std::async(std::launch::async, [&] { echo.server->Shutdown(); });
  release.Set();
  CHECK(call.get().value() == "under way");
  stop.get();
  CHECK_STATUS_IS(echo.Echo("late"), absl::StatusCode::kUnavailable, "");
}

TEST_CASE("a stop cancels what does not finish in time, and hangs for nothing") {
  EchoServer echo({.workers = 2, .drain = std::chrono::milliseconds(50)});
  Signal stuck, feeding, summing;
  echo.handlers.echo = [&](Call& call, const std::string& text) {
    stuck.Set();
    while (!call.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return text;
  };
  echo.handlers.count = [&](Call& call, std::int64_t, StreamWriter<Int64Value>&) {
    feeding.Set();
    while (!call.cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return absl::OkStatus();
  };
  echo.handlers.sum = [&](Call&, StreamReader<Int64Value>& reader) {
    summing.Set();
    Int64Value number;
    while (reader.Read(number)) {
    }
    return 0;
  };
  echo.Start();
  const ClientCallOptions forever{.timeout = std::chrono::milliseconds::zero()};
  auto unary = echo.EchoLater("stuck", {.timeout = std::chrono::seconds(60)});
  std::vector<std::int64_t> numbers;
  auto feed = std::async(std::launch::async, [&] { return ReadNumbers(*echo.channel, 0, numbers, forever); });
  Signal ended;
  auto sum = std::async(std::launch::async, [&] {
    Int64Value total;
    // Says nothing and does not end, until the test's end.
    return echo.channel->WriteStream(
        kSum, Int64Value::default_instance(),
        [&](Message&) {
          ended.Wait();
          return false;
        },
        total, forever);
  });
  stuck.Wait();
  feeding.Wait();
  summing.Wait();
  echo.server->Shutdown();
  echo.server->Shutdown();
  ended.Set();
  CHECK_FALSE(unary.get().ok());
  // A feed's reader must not take the server's end for the feed's.
  CHECK_STATUS_IS(feed.get(), absl::StatusCode::kUnavailable, "");
  CHECK_FALSE(sum.get().ok());
}

}  // namespace
}  // namespace esnaf::runtime

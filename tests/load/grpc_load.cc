#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <iostream>
#include <mutex>

#include "tests/load/measure.h"

namespace esnaf::load {
namespace {

using SteadyClock = std::chrono::steady_clock;

class GrpcLoop {
 public:
  GrpcLoop(const std::string& address, const std::vector<std::pair<std::string, std::string>>& metadata,
           const NextRequest& next)
      : metadata_(metadata),
        next_(next),
        channel_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        stub_(channel_) {}

  Sample Run(int in_flight, std::chrono::milliseconds duration) {
    channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
    slots_.resize(static_cast<std::size_t>(in_flight));
    running_ = in_flight;
    const double cpu = MachineCpuMicroseconds();
    const auto started = SteadyClock::now();
    end_ = started + duration;
    for (auto& slot : slots_) Start(slot);
    {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [&] { return running_ == 0; });
    }
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
    const double busy = MachineCpuMicroseconds() - cpu;
    Latencies all;
    std::int64_t failures = 0;
    for (auto& slot : slots_) {
      all.Append(slot.latencies);
      failures += slot.failures;
    }
    return Summarize(all, failures, seconds, busy);
  }

 private:
  struct Slot {
    std::unique_ptr<grpc::ClientContext> context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
    SteadyClock::time_point started;
    Latencies latencies;
    std::int64_t failures = 0;
  };

  void Start(Slot& slot) {
    const auto [method, message] = next_(number_++);
    grpc::Slice slice(message);
    slot.request = grpc::ByteBuffer(&slice, 1);
    slot.context = std::make_unique<grpc::ClientContext>();
    for (const auto& [name, value] : metadata_) slot.context->AddMetadata(name, value);
    slot.context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    slot.started = SteadyClock::now();
    stub_.UnaryCall(slot.context.get(), method, grpc::StubOptions(), &slot.request, &slot.response,
                    [this, &slot](grpc::Status status) { Done(slot, status); });
  }

  void Done(Slot& slot, const grpc::Status& status) {
    const auto now = SteadyClock::now();
    slot.latencies.Add(now - slot.started);
    if (!status.ok() && slot.failures++ == 0) std::cerr << "failed: " << status.error_message() << "\n";
    if (now < end_) return Start(slot);
    std::lock_guard lock(mutex_);
    if (--running_ == 0) done_.notify_one();
  }

  const std::vector<std::pair<std::string, std::string>>& metadata_;
  const NextRequest& next_;
  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  std::vector<Slot> slots_;
  std::atomic<std::uint64_t> number_ = 0;
  SteadyClock::time_point end_;
  std::mutex mutex_;
  std::condition_variable done_;
  int running_ = 0;
};

}  // namespace

Sample RunGrpc(const std::string& address, const std::vector<std::pair<std::string, std::string>>& metadata,
               const NextRequest& next, int in_flight, std::chrono::milliseconds duration) {
  return GrpcLoop(address, metadata, next).Run(in_flight, duration);
}

}  // namespace esnaf::load

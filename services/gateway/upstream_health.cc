#include "services/gateway/upstream_health.h"

#include <grpcpp/client_context.h>

#include <future>

namespace esnaf::gateway {
namespace {

constexpr std::chrono::milliseconds kPeriod{1000};
constexpr std::chrono::milliseconds kTimeout{1000};
// HealthCheckResponse{status: SERVING}, the contract being too small to generate code for.
constexpr std::string_view kServing = "\x08\x01";

std::string TextOf(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  if (!bytes.DumpToSingleSlice(&slice).ok()) return {};
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

}  // namespace

const char* UpstreamStateName(UpstreamState state) {
  switch (state) {
    case UpstreamState::kServing:
      return "serving";
    case UpstreamState::kNotServing:
      return "not_serving";
    case UpstreamState::kUnreachable:
      return "unreachable";
    case UpstreamState::kUnknown:
      break;
  }
  return "unknown";
}

void UpstreamHealth::Start() {
  thread_ = std::thread([this] { Run(); });
}

void UpstreamHealth::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void UpstreamHealth::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    for (int i = 0; i < kUpstreamCount; ++i) {
      states_[static_cast<std::size_t>(i)].store(Ask(static_cast<Upstream>(i)), std::memory_order_relaxed);
    }
    lock.lock();
    stop_.wait_for(lock, kPeriod, [this] { return stopping_; });
  }
}

UpstreamState UpstreamHealth::Ask(Upstream upstream) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> answered;
  upstreams_.Pick(upstream).UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                                      [&](grpc::Status status) { answered.set_value(std::move(status)); });
  const grpc::Status status = answered.get_future().get();
  if (!status.ok()) return UpstreamState::kUnreachable;
  return TextOf(response) == kServing ? UpstreamState::kServing : UpstreamState::kNotServing;
}

}  // namespace esnaf::gateway

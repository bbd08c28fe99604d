#include "services/gateway/upstream_health.h"

#include <grpcpp/client_context.h>

#include <future>

#include "libs/runtime/grpc_wire.h"

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
    for (const Upstream upstream : ServicesBehind()) {
      if (state(upstream) == UpstreamState::kServing) AskConsumers(upstream);
    }
    lock.lock();
    stop_.wait_for(lock, kPeriod, [this] { return stopping_; });
  }
}

grpc::Status UpstreamHealth::Call(Upstream upstream, const char* method, grpc::ByteBuffer& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  std::promise<grpc::Status> answered;
  upstreams_.Pick(upstream).UnaryCall(&context, method, {}, &request, &response,
                                      [&](grpc::Status status) { answered.set_value(std::move(status)); });
  return answered.get_future().get();
}

UpstreamState UpstreamHealth::Ask(Upstream upstream) {
  grpc::ByteBuffer response;
  if (!Call(upstream, "/grpc.health.v1.Health/Check", response).ok()) return UpstreamState::kUnreachable;
  return TextOf(response) == kServing ? UpstreamState::kServing : UpstreamState::kNotServing;
}

void UpstreamHealth::AskConsumers(Upstream upstream) {
  grpc::ByteBuffer bytes;
  api::v1::ListConsumersResponse response;
  if (!Call(upstream, "/esnaf.api.v1.ConsumerService/ListConsumers", bytes).ok() || !runtime::Parse(bytes, response)) {
    return;
  }
  std::vector<api::v1::Consumer> stopped;
  for (api::v1::Consumer& consumer : *response.mutable_consumers()) {
    if (!consumer.has_stop()) continue;
    consumer.set_service(UpstreamName(upstream));
    stopped.push_back(std::move(consumer));
  }
  std::lock_guard lock(mutex_);
  stopped_[static_cast<std::size_t>(upstream)] = std::move(stopped);
}

std::vector<api::v1::Consumer> UpstreamHealth::stopped_consumers() const {
  std::lock_guard lock(mutex_);
  std::vector<api::v1::Consumer> all;
  for (const auto& stopped : stopped_) all.insert(all.end(), stopped.begin(), stopped.end());
  return all;
}

}  // namespace esnaf::gateway

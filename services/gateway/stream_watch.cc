#include "services/gateway/stream_watch.h"

namespace esnaf::gateway {

absl::Status WatchedStream::Outcome(absl::Status upstream) const {
  if (upstream.code() != absl::StatusCode::kCancelled) return upstream;
  std::lock_guard lock(mutex_);
  return reason_.ok() ? upstream : reason_;
}

void WatchedStream::End(absl::Status reason) {
  {
    std::lock_guard lock(mutex_);
    if (!reason_.ok()) return;
    reason_ = std::move(reason);
  }
  // Outside the lock: gRPC may end the call on this very thread.
  upstream_->TryCancel();
}

void StreamWatch::Start() {
  thread_ = std::thread([this] { Run(); });
}

void StreamWatch::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<WatchedStream> StreamWatch::Add(const Route& route, const Credentials& credentials,
                                                std::shared_ptr<grpc::ClientContext> upstream) {
  auto stream = std::make_shared<WatchedStream>(route, credentials, std::move(upstream));
  std::lock_guard lock(mutex_);
  streams_.push_back(stream);
  return stream;
}

void StreamWatch::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (stop_.wait_for(lock, period_, [this] { return stopping_; })) return;
    }
    for (const auto& stream : Collect()) {
      absl::Status status = gatekeeper_.Recheck(
          stream->route_,
          {.authorization = stream->authorization_, .api_key = stream->api_key_, .origin = stream->origin_});
      if (!status.ok()) stream->End(std::move(status));
    }
  }
}

std::vector<std::shared_ptr<WatchedStream>> StreamWatch::Collect() {
  std::vector<std::shared_ptr<WatchedStream>> held;
  std::lock_guard lock(mutex_);
  std::erase_if(streams_, [&](const std::weak_ptr<WatchedStream>& stream) {
    if (auto alive = stream.lock()) {
      held.push_back(std::move(alive));
      return false;
    }
    return true;
  });
  return held;
}

}  // namespace esnaf::gateway

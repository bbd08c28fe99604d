#pragma once

// Streams last; the keys they came in with may not. Every few seconds each stream under way is asked again whether its
// key may still call the method, and ended where it may not.
#include <grpcpp/client_context.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/gateway/gatekeeper.h"

namespace esnaf::gateway {

// A stream under way, held by its call; watched for as long as it is held.
class WatchedStream {
 public:
  WatchedStream(const Route& route, const Credentials& credentials, std::shared_ptr<grpc::ClientContext> upstream)
      : route_(route),
        authorization_(credentials.authorization),
        api_key_(credentials.api_key),
        origin_(credentials.origin),
        upstream_(std::move(upstream)) {}

  // What the stream ends with, given what the service's call ended with: where the watch cancelled that one, why.
  absl::Status Outcome(absl::Status upstream) const;

 private:
  friend class StreamWatch;
  void End(absl::Status reason);

  const Route& route_;
  const std::string authorization_, api_key_, origin_;
  const std::shared_ptr<grpc::ClientContext> upstream_;
  mutable std::mutex mutex_;
  absl::Status reason_;
};

class StreamWatch {
 public:
  // The gatekeeper outlives the watch.
  StreamWatch(const Gatekeeper& gatekeeper, std::chrono::milliseconds period)
      : gatekeeper_(gatekeeper), period_(period) {}
  ~StreamWatch() { Stop(); }
  void Start();
  void Stop();
  std::shared_ptr<WatchedStream> Add(const Route& route, const Credentials& credentials,
                                     std::shared_ptr<grpc::ClientContext> upstream);

 private:
  void Run();
  // The streams that are still held.
  std::vector<std::shared_ptr<WatchedStream>> Collect();

  const Gatekeeper& gatekeeper_;
  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<std::weak_ptr<WatchedStream>> streams_;
  std::thread thread_;
};

}  // namespace esnaf::gateway

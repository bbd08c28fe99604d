#pragma once

// Calls of the services behind the gateway on behalf of a call of the gateway's own.
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>

#include "libs/runtime/call.h"
#include "libs/runtime/grpc_wire.h"
#include "services/gateway/upstreams.h"

namespace esnaf::gateway {

// Calls that run at the same time on behalf of one, and that all end before it does.
class FanOut {
 public:
  FanOut(Upstreams& upstreams, const runtime::Call& call, std::chrono::milliseconds timeout)
      : upstreams_(upstreams), call_(call) {
    deadline_ = std::min(std::chrono::time_point_cast<std::chrono::system_clock::duration>(call.info().deadline),
                         std::chrono::system_clock::now() + timeout);
  }
  ~FanOut() { WaitAll(); }

  // Begins a call. `response` is filled, and `status` set, when WaitAll returns.
  template <typename Response>
  void Ask(Upstream upstream, const std::string& method, const google::protobuf::Message& request, Response& response,
           absl::Status& status) {
    Part& part = parts_.emplace_back();
    part.request = runtime::Serialize(request);
    part.context.set_deadline(deadline_);
    WriteMetadata(part.context);
    {
      std::lock_guard lock(mutex_);
      ++waiting_;
    }
    upstreams_.Pick(upstream).UnaryCall(&part.context, method, {}, &part.request, &part.response,
                                        [this, &part, &response, &status](const grpc::Status& answer) {
                                          absl::Status result = runtime::FromGrpc(answer);
                                          if (result.ok() && !runtime::Parse(part.response, response))
                                            result = absl::InternalError("the answer cannot be read");
                                          std::lock_guard lock(mutex_);
                                          status = std::move(result);
                                          if (--waiting_ == 0) done_.notify_all();
                                        });
  }

  void WaitAll() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return waiting_ == 0; });
  }

 private:
  struct Part {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer response;
  };

  void WriteMetadata(grpc::ClientContext& context) const;

  Upstreams& upstreams_;
  const runtime::Call& call_;
  std::chrono::system_clock::time_point deadline_;
  std::list<Part> parts_;
  std::mutex mutex_;
  std::condition_variable done_;
  int waiting_ = 0;
};

// One call, waited for; the status as a caller may see it.
template <typename Response>
absl::Status AskOne(Upstreams& upstreams, const runtime::Call& call, std::chrono::milliseconds timeout,
                    Upstream upstream, const std::string& method, const google::protobuf::Message& request,
                    Response& response) {
  absl::Status status;
  {
    FanOut fan(upstreams, call, timeout);
    fan.Ask(upstream, method, request, response, status);
  }
  return runtime::FromGrpc(HideTransport(runtime::ToGrpc(status), upstream));
}

}  // namespace esnaf::gateway

#pragma once

// A connection to another service (or to the gateway), shared by all threads; calls are typed by their messages.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/base/macros.h"
#include "libs/base/time.h"

namespace esnaf::runtime {

struct ClientCallOptions {
  std::chrono::milliseconds timeout{5000};
  // Retried with backoff while UNAVAILABLE, within the timeout. Set it for reads and for calls with a request id.
  bool retry_unavailable = false;
  // Sent as metadata: `authorization`, `esnaf-after`, `idempotency-key`, `x-request-id`, `traceparent`, `esnaf-actor`.
  std::vector<std::pair<std::string, std::string>> metadata;
  // Filled from the trailing metadata `esnaf-position` where the server wrote events.
  std::string* position = nullptr;
};

class Channel {
 public:
  // `127.0.0.1:7070` or `unix:/path`. Never fails: an absent server shows at the first call, and it reconnects.
  // At most one second is waited between attempts to reconnect.
  static std::shared_ptr<Channel> Open(const std::string& address);
  virtual ~Channel() = default;

  // `method` is `/esnaf.contacts.v1.ContactService/GetContact`; its contract must have these message types.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(std::string_view method, const Request& request,
                                const ClientCallOptions& options = {}) {
    Response response;
    ESNAF_RETURN_IF_ERROR(CallErased(method, request, response, options));
    return response;
  }
  virtual absl::Status CallErased(std::string_view method, const google::protobuf::Message& request,
                                  google::protobuf::Message& response, const ClientCallOptions& options) = 0;

  // Reads a server stream until it ends, `on_message` answers false, or `stopped` answers true (asked at least every
  // 100 ms). Answers the stream's status; OK where the caller ended it. A timeout of zero means none.
  virtual absl::Status ReadStream(std::string_view method, const google::protobuf::Message& request,
                                  const google::protobuf::Message& response_type,
                                  const std::function<bool(const google::protobuf::Message&)>& on_message,
                                  const std::function<bool()>& stopped, const ClientCallOptions& options) = 0;

  // Sends the requests that `next` gives until it answers false, then takes the answer.
  virtual absl::Status WriteStream(std::string_view method, const google::protobuf::Message& request_type,
                                   const std::function<bool(google::protobuf::Message&)>& next,
                                   google::protobuf::Message& response, const ClientCallOptions& options) = 0;
};

}  // namespace esnaf::runtime

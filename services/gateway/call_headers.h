#pragma once

// The few headers of a call that matter here, whichever way it came. All others stop at the gateway, above all those by
// which it tells services who calls.
#include <grpcpp/client_context.h>

#include <string>
#include <string_view>

#include "libs/base/time.h"
#include "services/gateway/gatekeeper.h"

namespace esnaf::gateway {

inline constexpr char kAfterKey[] = "esnaf-after";
inline constexpr char kIdempotencyKey[] = "idempotency-key";
inline constexpr char kRequestIdKey[] = "x-request-id";
inline constexpr char kTraceParentKey[] = "traceparent";

struct CallHeaders {
  Credentials credentials;
  std::string_view after;
  std::string_view idempotency_key;
  std::string_view trace_parent;
  std::string_view request_id;

  // Takes the header where it is one of these; names are lower-case.
  void Take(std::string_view name, std::string_view value);
};

// The caller's request id where it is short and printable, else a new one.
std::string ChooseRequestId(std::string_view sent, Time now);
// The caller's W3C trace parent where it is one, else a new one that is not sampled.
std::string ChooseTraceParent(std::string_view sent, std::string_view request_id);

// Writes what a service may know of the call.
void WriteUpstreamMetadata(const CallHeaders& headers, const std::string& request_id, const KnownKey& key,
                           grpc::ClientContext& context);

}  // namespace esnaf::gateway

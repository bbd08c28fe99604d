#pragma once

// Asks Meta's Graph API for what a lead says.
#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace esnaf::contacts {

class GraphClient {
 public:
  virtual ~GraphClient() = default;
  // The lead as the API answers it, a JSON object. UNAVAILABLE where it could not be reached, refused (with its own
  // words) or answered something else.
  virtual absl::StatusOr<std::string> GetLead(const std::string& lead_id, const std::string& access_token,
                                              const std::string& app_secret) = 0;
};

struct GraphClientOptions {
  std::string url;  // `https://graph.facebook.com/v21.0`; `http://` only of this machine
  std::chrono::milliseconds timeout{10'000};
};
// INVALID_ARGUMENT where the address is none that secrets may be sent to.
absl::StatusOr<std::unique_ptr<GraphClient>> MakeGraphClient(GraphClientOptions options);

}  // namespace esnaf::contacts

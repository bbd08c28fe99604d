#pragma once

// Asks other systems over HTTPS, where secrets and people's data go along. Libcurl does the work.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::https {

// Whether secrets may be sent to the address: `https://…`, or `http://` of this machine, for tests and sidecars.
bool MayCarrySecrets(std::string_view url);

// What happens to an answer beyond its bound.
enum class Excess { kCut, kRefuse };

struct Request {
  std::string url;
  std::vector<std::string> headers;      // `Name: value`; never logged
  std::optional<std::string_view> body;  // posted where it is given, else the address is got
  std::chrono::milliseconds timeout{10'000};
  std::size_t most_answer_bytes = 0;
  Excess excess = Excess::kRefuse;
};

struct Answer {
  int status = 0;  // HTTP's, whatever it says
  std::string body;
};

// UNAVAILABLE where nobody answered in time, or by more than the bound. Redirects are not followed: they would take the
// secrets somewhere else.
absl::StatusOr<Answer> Ask(const Request& request);

}  // namespace esnaf::https

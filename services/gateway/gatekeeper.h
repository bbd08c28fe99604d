#pragma once

// Decides for each call, over gRPC or HTTP alike, whether it may go in. It takes no lock and asks no database.
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/gateway/key_cache.h"
#include "services/gateway/route_table.h"

namespace esnaf::gateway {

// What a caller sent to prove who it is.
struct Credentials {
  std::string_view authorization;  // `Bearer esk_…`
  std::string_view api_key;        // `esk_…`; counts where there is no authorization
  std::string_view origin;         // the web page's, empty where there is none
};

// Holds one of the places for calls under way.
class Ticket {
 public:
  Ticket() = default;
  explicit Ticket(std::atomic<int>* in_flight) : in_flight_(in_flight) {}
  Ticket(Ticket&& other) noexcept : in_flight_(std::exchange(other.in_flight_, nullptr)) {}
  Ticket& operator=(Ticket&& other) noexcept {
    std::swap(in_flight_, other.in_flight_);
    return *this;
  }
  ~Ticket() {
    if (in_flight_ != nullptr) in_flight_->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<int>* in_flight_ = nullptr;
};

struct Admission {
  absl::Status status;                  // OK where the call may go in
  std::shared_ptr<const KnownKey> key;  // also of a call that is refused, where its key is known
  Ticket ticket;
};

class Gatekeeper {
 public:
  // At most `most_in_flight` calls are under way at once. All outlive the gatekeeper.
  Gatekeeper(const KeyCache& keys, const Clock& clock, int most_in_flight)
      : keys_(keys), clock_(clock), most_in_flight_(most_in_flight) {}

  // UNAUTHENTICATED: API_KEY_MISSING, API_KEY_INVALID, API_KEY_EXPIRED. PERMISSION_DENIED: see Authorize.
  // RESOURCE_EXHAUSTED with RetryInfo: RATE_LIMIT_EXCEEDED, GATEWAY_OVERLOADED.
  Admission Admit(const Route& route, const Credentials& credentials);
  // Whether a call that was let in might come in now; its rate and the number of calls do not matter any more.
  absl::Status Recheck(const Route& route, const Credentials& credentials) const;
  int in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  // Sets the key and the status.
  void Authenticate(const Route& route, const Credentials& credentials, Admission& admission) const;

  const KeyCache& keys_;
  const Clock& clock_;
  const int most_in_flight_;
  std::atomic<int> in_flight_{0};
};

// How long the status asks to wait (RetryInfo); nullopt where it does not say.
std::optional<std::chrono::milliseconds> RetryDelay(const absl::Status& status);

}  // namespace esnaf::gateway

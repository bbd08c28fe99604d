#pragma once

// What a service must know of another system that posts to it (a webhook): how a request is verified, what it delivers,
// and what becomes of that. The rest (keeping, answering, trying again) is the same for all.
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/call.h"

namespace esnaf::hooks {

// A request as it came.
struct Request {
  std::string verb;                                          // `GET` or `POST`
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string query;                                         // undecoded, without the `?`
  std::string body;                                          // byte by byte
  Time receive_time;
  // Empty where there is none.
  std::string_view Header(std::string_view name) const;
  // A parameter of the query, decoded; empty where there is none.
  std::string QueryValue(std::string_view name) const;
};

// A secret that a connection is given.
struct SecretKind {
  std::string name;
  bool required = true;
  bool only_compared = false;  // kept as its SHA-256 in hexadecimal digits
};

// By name, as they are kept.
using Secrets = std::map<std::string, std::string>;
// The secret as it is kept; empty where it is not set.
std::string_view SecretOf(const Secrets& secrets, const std::string& name);
// Whether the text is a secret that is only compared, in a time that tells nothing of it. Never where it is not set.
bool Matches(std::string_view text, const Secrets& secrets, const std::string& name);

// UNAUTHENTICATED, reason `HOOK_NOT_VERIFIED`: the same whatever was not right.
absl::Status NotVerified();

// One thing that a request delivers.
struct Parcel {
  std::string external_id;  // the sender's id of it; comes again with each repetition
  std::string payload;      // what is kept of it: no secrets
};

// What a verified request is answered, once what it delivers is kept.
struct Reception {
  std::vector<Parcel> parcels;
  std::string content_type = "application/json";
  std::string body = "{}";
};

inline constexpr std::size_t kMaxExternalIdBytes = 200;

// What is handled: a parcel that is kept.
struct Delivery {
  Uuid id;
  std::string connector;
  std::string store_id;
  std::string external_id;
  std::string payload;
  Time receive_time;
  int attempt_count = 0;  // this one included
};

// What became of it. The message goes to operators and tells nothing of people.
struct Outcome {
  std::string subject_id;
  std::string message;
};

class Connector {
 public:
  virtual ~Connector() = default;
  // As in the address: `[a-z][a-z0-9_]*`.
  virtual const std::string& name() const = 0;
  virtual const std::vector<SecretKind>& secret_kinds() const = 0;
  // Verifies a request and reads what it delivers. NotVerified, or INVALID_ARGUMENT naming the place in the body. Pure.
  virtual absl::StatusOr<Reception> Receive(const Request& request, const Secrets& secrets) const = 0;
  // Asks the sender's system for what the payload does not say, outside of any transaction; what it answers is handed
  // to Handle. A failure is tried again later.
  virtual absl::StatusOr<std::string> Fetch(const Delivery& delivery, const Secrets& secrets);
  // Does what the delivery asks for; commits together with the record that it was done. INVALID_ARGUMENT and
  // FAILED_PRECONDITION are final: trying again would not help. Any other failure is tried again later.
  virtual absl::StatusOr<Outcome> Handle(const runtime::Call& call, postgres::Tx& tx, const Delivery& delivery,
                                         const std::string& fetched);
  // For work that reads, or asks another service, before it writes: does so outside of any transaction, and answers
  // what remains to be done in place of Handle, which may run again where the transaction is repeated. The call
  // outlives it. Without it, Handle does everything.
  using Work = std::function<absl::StatusOr<Outcome>(postgres::Tx&)>;
  virtual absl::StatusOr<Work> Prepare(runtime::Call& call, const Delivery& delivery, const std::string& fetched);
};

}  // namespace esnaf::hooks

#pragma once

// Errors as they reach a caller: a canonical code, one sentence, and details that a program can read
// (google.rpc.ErrorInfo and BadRequest, kept as payloads of the absl::Status; AIP-193).
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace esnaf {

using ErrorMetadata = std::vector<std::pair<std::string, std::string>>;

// Makes a status of `code` with ErrorInfo{reason, domain "esnaf", metadata}. The reason is UPPER_SNAKE_CASE.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       ErrorMetadata metadata = {});
// INVALID_ARGUMENT with a field violation: `InvalidField("contact.identities[2].value", "is no e-mail address")`.
absl::Status InvalidField(std::string_view field, std::string_view description);
// NOT_FOUND with the reason `<KIND>_NOT_FOUND`: `NotFound("contact", id)`.
absl::Status NotFound(std::string_view kind, std::string_view id);

// Collects field violations, so that a caller learns of all of them at once.
class FieldViolations {
 public:
  void Add(std::string_view field, std::string_view description);
  bool empty() const { return violations_.empty(); }
  // OK, or INVALID_ARGUMENT with every violation; the message names the first.
  absl::Status ToStatus() const;

 private:
  std::vector<std::pair<std::string, std::string>> violations_;
};

// The reason of a status's ErrorInfo; empty where it has none.
std::string ErrorReason(const absl::Status& status);
// A value of its ErrorInfo's metadata.
std::optional<std::string> ErrorMetadataValue(const absl::Status& status, std::string_view key);
// The fields that the status's BadRequest names.
std::vector<std::pair<std::string, std::string>> ErrorFields(const absl::Status& status);
// The status with the same details and `prefix: ` before the message and each field (`orders[3].` + field).
absl::Status WithFieldPrefix(const absl::Status& status, std::string_view prefix);

// The serialized google.rpc.Status, as gRPC carries it in `grpc-status-details-bin`, and back.
std::string SerializeStatus(const absl::Status& status);
absl::Status ParseStatus(absl::StatusCode code, std::string_view message, std::string_view serialized);

}  // namespace esnaf

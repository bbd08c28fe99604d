#include "libs/base/error.h"

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/absl_compat.h"
#include "libs/base/text.h"

namespace esnaf {
namespace {

using google::rpc::BadRequest;
using google::rpc::ErrorInfo;

constexpr char kErrorInfoType[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kBadRequestType[] = "type.googleapis.com/google.rpc.BadRequest";

// gRPC carries all details of an error in one metadata entry, of which a peer takes 8 KiB by default.
constexpr std::size_t kMaxViolations = 16;
constexpr std::size_t kMaxViolationBytes = 200;

template <typename Detail>
void SetDetail(absl::Status& status, const char* type, const Detail& detail) {
  status.SetPayload(type, absl::Cord(detail.SerializeAsString()));
}

template <typename Detail>
std::optional<Detail> GetDetail(const absl::Status& status, const char* type) {
  const absl::optional<absl::Cord> payload = status.GetPayload(type);
  Detail detail;
  if (!payload || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

std::string Join(std::string_view a, std::string_view separator, std::string_view b) {
  std::string text;
  text.reserve(a.size() + separator.size() + b.size());
  return text.append(a).append(separator).append(b);
}

// `identity review` -> `IDENTITY_REVIEW_NOT_FOUND`
std::string NotFoundReason(std::string_view kind) {
  std::string reason(kind);
  for (char& c : reason) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    if (c == ' ' || c == '-') c = '_';
  }
  return reason + "_NOT_FOUND";
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       ErrorMetadata metadata) {
  absl::Status status(code, ToAbsl(message));
  ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain("esnaf");
  for (auto& entry : metadata) (*info.mutable_metadata())[entry.first] = std::move(entry.second);
  SetDetail(status, kErrorInfoType, info);
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view description) {
  FieldViolations violations;
  violations.Add(field, description);
  return violations.ToStatus();
}

absl::Status NotFound(std::string_view kind, std::string_view id) {
  return MakeError(absl::StatusCode::kNotFound, NotFoundReason(kind), Join("there is no " + std::string(kind), " ", id),
                   {{"id", std::string(id)}});
}

void FieldViolations::Add(std::string_view field, std::string_view description) {
  violations_.emplace_back(Truncate(field, kMaxViolationBytes), Truncate(description, kMaxViolationBytes));
}

absl::Status FieldViolations::ToStatus() const {
  if (violations_.empty()) return absl::OkStatus();
  std::string message = Join(violations_[0].first, ": ", violations_[0].second);
  if (violations_.size() > 1) message += " (and " + std::to_string(violations_.size() - 1) + " more)";
  absl::Status status = MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message);
  BadRequest bad_request;
  for (std::size_t i = 0; i < violations_.size() && i < kMaxViolations; ++i) {
    auto* violation = bad_request.add_field_violations();
    violation->set_field(violations_[i].first);
    violation->set_description(violations_[i].second);
  }
  SetDetail(status, kBadRequestType, bad_request);
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  const auto info = GetDetail<ErrorInfo>(status, kErrorInfoType);
  return info ? info->reason() : std::string();
}

std::optional<std::string> ErrorMetadataValue(const absl::Status& status, std::string_view key) {
  const auto info = GetDetail<ErrorInfo>(status, kErrorInfoType);
  if (!info) return std::nullopt;
  const auto found = info->metadata().find(std::string(key));
  if (found == info->metadata().end()) return std::nullopt;
  return found->second;
}

std::vector<std::pair<std::string, std::string>> ErrorFields(const absl::Status& status) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (const auto bad_request = GetDetail<BadRequest>(status, kBadRequestType)) {
    for (const auto& violation : bad_request->field_violations()) {
      fields.emplace_back(violation.field(), violation.description());
    }
  }
  return fields;
}

absl::Status WithFieldPrefix(const absl::Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  absl::Status prefixed(status.code(), Join(prefix, ": ", ToStd(status.message())));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) { prefixed.SetPayload(type, payload); });
  if (auto bad_request = GetDetail<BadRequest>(status, kBadRequestType)) {
    for (auto& violation : *bad_request->mutable_field_violations()) {
      violation.set_field(Join(prefix, ".", violation.field()));
    }
    SetDetail(prefixed, kBadRequestType, *bad_request);
  }
  return prefixed;
}

std::string SerializeStatus(const absl::Status& status) {
  google::rpc::Status message;
  message.set_code(static_cast<int>(status.code()));
  message.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    auto* detail = message.add_details();
    detail->set_type_url(std::string(type));
    detail->set_value(std::string(payload));
  });
  return message.SerializeAsString();
}

absl::Status ParseStatus(absl::StatusCode code, std::string_view message, std::string_view serialized) {
  absl::Status status(code, ToAbsl(message));
  google::rpc::Status details;
  if (details.ParseFromArray(serialized.data(), static_cast<int>(serialized.size()))) {
    for (const auto& detail : details.details()) status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace esnaf

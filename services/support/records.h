#pragma once

// What people set up in the desk (policies, calendars, agents, teams): each record with its version, which is its etag.
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/time.h"
#include "libs/runtime/call.h"

namespace esnaf::support {

template <typename Body>
struct Record {
  Body body;
  std::int64_t version = 1;
  Time create_time;
  Time update_time;
};

// The message with the record's etag and times.
template <typename Message, typename Body>
Message WithRecord(Message message, const Record<Body>& record) {
  message.set_etag(absl::StrCat(record.version));
  *message.mutable_create_time() = api::ToProto(record.create_time);
  *message.mutable_update_time() = api::ToProto(record.update_time);
  return message;
}

// ABORTED where an etag is given and is not that of the version. `what` as in `the ticket`.
inline absl::Status CheckEtag(const std::string& etag, std::int64_t version, std::string_view what,
                              const std::string& id) {
  if (etag.empty() || etag == absl::StrCat(version)) return absl::OkStatus();
  ErrorMetadata metadata;
  if (!id.empty()) metadata = {{"id", id}};
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                   absl::StrCat(std::string(what), " has changed since it was read"), metadata);
}
template <typename Body>
absl::Status CheckEtag(const std::string& etag, const Record<Body>& record) {
  std::string id;
  if constexpr (requires { record.body.id; }) id = record.body.id;
  return CheckEtag(etag, record.version, "it", id);
}

inline absl::Status AlreadyExists(std::string_view reason, const std::string& id) {
  return MakeError(absl::StatusCode::kAlreadyExists, reason, "there is one with this id", {{"id", id}});
}

// What counts for every store is not for a key that is limited to some. `what` as in `policies and calendars`.
inline absl::Status CheckAllStores(const runtime::Call& call, std::string_view what) {
  if (call.caller().MaySee("")) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE",
                   absl::StrCat(std::string(what), " are those of every store, and the key is limited to some"));
}

// Puts `body` into the record; false where that changes nothing.
template <typename Body>
bool Change(Record<Body>& record, Body body, Time now) {
  if (body == record.body) return false;
  record.body = std::move(body);
  ++record.version;
  record.update_time = now;
  return true;
}

}  // namespace esnaf::support

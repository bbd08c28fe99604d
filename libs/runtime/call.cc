#include "libs/runtime/call.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/postgres/statement.h"

namespace esnaf::runtime {
namespace {

const postgres::Statement kRecordAnswer("runtime", "record_answer", R"sql(
  INSERT INTO idempotency (key, method, fingerprint, response, event_xact) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (key, method) DO NOTHING)sql");

const postgres::Statement kFindAnswer("runtime", "find_answer", R"sql(
  SELECT fingerprint, response, event_xact FROM idempotency WHERE key = $1 AND method = $2)sql");

constexpr std::size_t kLongestKey = 200;

// Equal messages give equal bytes, also where they hold maps.
std::string Fingerprint(const google::protobuf::Message& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&output);
  }
  return Sha256(bytes);
}

absl::Status CheckKey(const std::string& key) {
  if (key.size() > kLongestKey) return InvalidField("request_id", "is longer than 200 bytes");
  if (!IsCleanUtf8(key)) return InvalidField("request_id", "is no clean UTF-8 text");
  return absl::OkStatus();
}

// Whether an error may come from a first call with the same key having done the work already, for example
// ALREADY_EXISTS. The others say that the database could not answer, so that asking it again is no use.
bool MayHideAnAnswer(absl::StatusCode code) {
  return code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kDeadlineExceeded &&
         code != absl::StatusCode::kCancelled && code != absl::StatusCode::kResourceExhausted;
}

}  // namespace

bool Caller::MaySee(std::string_view store_id) const {
  return store_ids.empty() || std::find(store_ids.begin(), store_ids.end(), store_id) != store_ids.end();
}

Call::Call(CallInfo info, const Clock& clock, postgres::Connection& connection, std::function<bool()> cancelled,
           std::function<void(std::uint64_t)> on_events)
    : info_(std::move(info)),
      clock_(clock),
      now_(clock.Now()),
      connection_(connection),
      cancelled_(std::move(cancelled)),
      on_events_(std::move(on_events)) {}

bool Call::cancelled() const { return cancelled_ && cancelled_(); }

void Call::NoteEvents(std::optional<std::uint64_t> xact) {
  if (!xact) return;
  event_xact_ = std::max(event_xact_.value_or(0), *xact);
  if (on_events_) on_events_(*xact);
}

absl::Status Call::MutateErased(const google::protobuf::Message& request, const std::string& key, Writes writes,
                                google::protobuf::Message& response,
                                const std::function<absl::Status(postgres::Tx&)>& body) {
  if (!key.empty()) return MutateOnce(request, key, response, body);
  std::optional<std::uint64_t> xact;
  const postgres::TxOptions options{.autocommit = writes == Writes::kSingleStatement, .deadline = info_.deadline};
  ESNAF_RETURN_IF_ERROR(connection_.Run(options, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(body(tx));
    xact = tx.event_xact();
    return absl::OkStatus();
  }));
  NoteEvents(xact);
  return absl::OkStatus();
}

absl::Status Call::MutateTogether(const std::vector<Call*>& calls, Writes writes,
                                  const std::function<absl::Status(postgres::Tx&)>& body) {
  Time deadline = calls.front()->info_.deadline;
  for (const Call* call : calls) deadline = std::min(deadline, call->info_.deadline);
  std::optional<std::uint64_t> xact;
  const postgres::TxOptions options{.autocommit = writes == Writes::kSingleStatement, .deadline = deadline};
  ESNAF_RETURN_IF_ERROR(calls.front()->connection_.Run(options, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_RETURN_IF_ERROR(body(tx));
    xact = tx.event_xact();
    return absl::OkStatus();
  }));
  calls.front()->NoteEvents(xact);
  for (Call* call : calls) call->event_xact_ = calls.front()->event_xact_;
  return absl::OkStatus();
}

// Does the work first and records the answer last: a fresh call, which nearly all are, costs one statement more. A
// repeated one finds the record when it inserts its own, or when its body fails because the work is done; it is
// rolled back then, and answers what is on record. Two at once wait for each other at that row.
absl::Status Call::MutateOnce(const google::protobuf::Message& request, const std::string& key,
                              google::protobuf::Message& response,
                              const std::function<absl::Status(postgres::Tx&)>& body) {
  ESNAF_RETURN_IF_ERROR(CheckKey(key));
  // Keys of one caller mean nothing to another.
  const std::string scoped_key = absl::StrCat(info_.caller.actor, "|", key);
  const std::string fingerprint = Fingerprint(request);
  std::optional<std::uint64_t> xact;
  bool recorded_before = false;
  const absl::Status status = connection_.Run({.deadline = info_.deadline}, [&](postgres::Tx& tx) -> absl::Status {
    recorded_before = false;
    ESNAF_RETURN_IF_ERROR(body(tx));
    xact = tx.event_xact();
    ESNAF_ASSIGN_OR_RETURN(
        const postgres::Result inserted,
        tx.Execute(kRecordAnswer, scoped_key, info_.method, postgres::Bytes{fingerprint},
                   postgres::Bytes{response.SerializeAsString()},
                   xact ? std::optional<std::string>(std::to_string(*xact)) : std::optional<std::string>()));
    if (inserted.affected_rows() == 1) return absl::OkStatus();
    recorded_before = true;
    return absl::AlreadyExistsError("answered before");
  });
  if (status.ok()) {
    NoteEvents(xact);
    return status;
  }
  if (!recorded_before && !MayHideAnAnswer(status.code())) return status;
  ESNAF_ASSIGN_OR_RETURN(const bool replayed, Replay(scoped_key, fingerprint, response));
  if (replayed) return absl::OkStatus();
  // The record that stood in the way was pruned in between: the caller may try again.
  if (recorded_before) return absl::AbortedError("the earlier answer to this key has just been forgotten");
  return status;
}

absl::StatusOr<bool> Call::FindAnswerErased(const google::protobuf::Message& request, const std::string& key,
                                            google::protobuf::Message& response) {
  if (key.empty()) return false;
  ESNAF_RETURN_IF_ERROR(CheckKey(key));
  return Replay(absl::StrCat(info_.caller.actor, "|", key), Fingerprint(request), response);
}

absl::StatusOr<bool> Call::Replay(const std::string& scoped_key, const std::string& fingerprint,
                                  google::protobuf::Message& response) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result found,
                         Read([&](postgres::Tx& tx) { return tx.Execute(kFindAnswer, scoped_key, info_.method); }));
  if (found.empty()) return false;
  const postgres::Row row = found[0];
  if (row.Get<postgres::Bytes>(0).data != fingerprint) {
    return MakeError(absl::StatusCode::kInvalidArgument, "IDEMPOTENCY_KEY_REUSED",
                     "this idempotency key was used with another request");
  }
  if (!response.ParseFromString(row.Get<postgres::Bytes>(1).data)) {
    return absl::InternalError("the answer on record cannot be read");
  }
  std::uint64_t xact = 0;
  if (!row.IsNull(2) && absl::SimpleAtoi(row.Get<std::string>(2), &xact)) {
    event_xact_ = std::max(event_xact_.value_or(0), xact);
  }
  return true;
}

}  // namespace esnaf::runtime

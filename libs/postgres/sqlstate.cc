#include "libs/postgres/sqlstate.h"

#include "libs/base/error.h"

namespace esnaf::postgres {
namespace {

struct Description {
  std::string_view reason;
  std::string_view message;
};

Description DescribeCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kAlreadyExists:
      return {"UNIQUE_VIOLATION", "a record with the same key exists already"};
    case absl::StatusCode::kFailedPrecondition:
      return {"FOREIGN_KEY_VIOLATION", "a record that this one needs does not exist, or another one still needs it"};
    case absl::StatusCode::kInvalidArgument:
      return {"INVALID_VALUE", "the database refused a value"};
    case absl::StatusCode::kAborted:
      return {"CONCURRENT_CHANGE", "the change collided with others that ran at the same time; try again"};
    case absl::StatusCode::kDeadlineExceeded:
      return {"DATABASE_TIMEOUT", "the database did not finish in time"};
    case absl::StatusCode::kUnavailable:
      return {"DATABASE_UNAVAILABLE", "the database cannot be reached"};
    case absl::StatusCode::kResourceExhausted:
      return {"DATABASE_EXHAUSTED", "the database has run out of a resource"};
    default:
      return {"DATABASE_ERROR", "the database could not do what was asked"};
  }
}

}  // namespace

absl::StatusCode CodeOfSqlState(std::string_view sqlstate) {
  if (sqlstate == "23505") return absl::StatusCode::kAlreadyExists;
  if (sqlstate == "23503") return absl::StatusCode::kFailedPrecondition;
  if (sqlstate == "23502" || sqlstate == "23514") return absl::StatusCode::kInvalidArgument;
  if (sqlstate == "40001" || sqlstate == "40P01") return absl::StatusCode::kAborted;
  if (sqlstate == "57014" || sqlstate == "55P03") return absl::StatusCode::kDeadlineExceeded;
  if (sqlstate == "08P01") return absl::StatusCode::kInternal;
  if (sqlstate == "53300" || sqlstate.starts_with("57P0") || sqlstate.starts_with("08")) {
    return absl::StatusCode::kUnavailable;
  }
  if (sqlstate.starts_with("22")) return absl::StatusCode::kInvalidArgument;
  if (sqlstate.starts_with("53")) return absl::StatusCode::kResourceExhausted;
  return absl::StatusCode::kInternal;
}

absl::Status StatusOfSqlState(std::string_view sqlstate, std::string_view constraint) {
  const absl::StatusCode code = CodeOfSqlState(sqlstate);
  const Description description = DescribeCode(code);
  ErrorMetadata metadata;
  if (!sqlstate.empty()) metadata.emplace_back("sqlstate", sqlstate);
  if (sqlstate.starts_with("23") && !constraint.empty()) metadata.emplace_back("constraint", constraint);
  return MakeError(code, description.reason, description.message, std::move(metadata));
}

}  // namespace esnaf::postgres

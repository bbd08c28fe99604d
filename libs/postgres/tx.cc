#include <cstring>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/postgres/connection.h"
#include "libs/postgres/failure.h"
#include "libs/postgres/pqxx_compat.h"
#include "libs/postgres/sqlstate.h"

namespace esnaf::postgres {
namespace {

// Names a statement made at run time in the log.
constexpr std::string_view kDynamic = "dynamic";

pqxx::transaction_base& AsPqxx(void* transaction) { return *static_cast<pqxx::transaction_base*>(transaction); }

// libpq would silently cut a text at its first NUL.
absl::Status CheckNoNul(std::span<const Param> params) {
  for (const Param& param : params) {
    if (param.text() && std::memchr(param.text()->data(), '\0', param.text()->size()) != nullptr) {
      return MakeError(absl::StatusCode::kInvalidArgument, "INVALID_VALUE", "a text holds a NUL character");
    }
  }
  return absl::OkStatus();
}

bool IsPlainIdentifier(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

absl::Status CheckCopy(std::string_view table, const std::vector<std::string>& columns,
                       const std::vector<std::vector<Param>>& rows) {
  if (!IsPlainIdentifier(table) || columns.empty() ||
      !std::all_of(columns.begin(), columns.end(),
                   [](const std::string& column) { return IsPlainIdentifier(column); })) {
    return absl::InternalError("COPY: the names of table and columns consist of a-z, 0-9 and _");
  }
  for (const std::vector<Param>& row : rows) {
    if (row.size() != columns.size())
      return absl::InternalError("COPY: a row has another number of fields than columns");
    ESNAF_RETURN_IF_ERROR(CheckNoNul(row));
  }
  return absl::OkStatus();
}

// What a caller can do nothing about goes to the log, without any data.
void LogFailure(std::string_view name, const Failure& failure, absl::StatusCode code) {
  LogLevel level = LogLevel::kError;
  switch (code) {
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return;  // part of normal work
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnavailable:
      level = LogLevel::kWarning;
      break;
    default:
      break;
  }
  const bool may_tell = failure.kind == Failure::Kind::kProgram || IsAboutSqlText(failure.sqlstate);
  Log(level, "a statement failed",
      {{"statement", name},
       {"sqlstate", failure.sqlstate},
       {"constraint", failure.constraint},
       {"error", may_tell ? failure.primary : std::string()}});
}

absl::Status StatusOf(const Failure& failure) {
  if (failure.kind == Failure::Kind::kConnectionLost) {
    constexpr std::string_view kConnectionFailure = "08006";
    const bool says_why = CodeOfSqlState(failure.sqlstate) == absl::StatusCode::kUnavailable;
    return StatusOfSqlState(says_why ? std::string_view(failure.sqlstate) : kConnectionFailure, "");
  }
  return StatusOfSqlState(failure.sqlstate, failure.constraint);
}

absl::Status WithServerSentence(const absl::Status& status, const Failure& failure) {
  const std::string where = failure.line.empty() ? std::string() : absl::StrCat("line ", failure.line, ": ");
  // The sentence of a data exception quotes the value.
  const std::string what = failure.sqlstate.starts_with("22") ? std::string("a value is invalid") : failure.primary;
  return MakeError(status.code(), ErrorReason(status), absl::StrCat(where, what, " (SQLSTATE ", failure.sqlstate, ")"),
                   {{"sqlstate", failure.sqlstate}});
}

}  // namespace

void Row::ThrowNull(int column) { throw std::logic_error(absl::StrCat("column ", column, " is NULL")); }
void Row::ThrowNoColumn(int column) { throw std::logic_error(absl::StrCat("a row has no column ", column)); }
void Result::ThrowNoRow(int row) { throw std::logic_error(absl::StrCat("a result has no row ", row)); }

struct Result::Impl {
  pqxx::result rows;
};

Result::Result() = default;
Result::~Result() = default;
Result::Result(Result&&) noexcept = default;
Result& Result::operator=(Result&&) noexcept = default;

// Finds every value once, by libpqxx's iterators: its random access counts references at each step.
Result::Result(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  const pqxx::result& rows = impl_->rows;
  rows_ = static_cast<int>(rows.size());
  columns_ = static_cast<int>(rows.columns());
  affected_rows_ = static_cast<std::int64_t>(rows.affected_rows());
  if (rows_ == 0) return;
  cells_ = std::make_unique_for_overwrite<Row::Cell[]>(static_cast<std::size_t>(rows_) * columns_);
  Row::Cell* cell = cells_.get();
  const auto rows_end = rows.end();
  for (auto row = rows.begin(); row != rows_end; ++row) {
    const auto fields_end = row->end();
    for (auto field = row->begin(); field != fields_end; ++field) {
      *cell++ = field->is_null() ? Row::Cell{nullptr, 0} : Row::Cell{field->c_str(), field->size()};
    }
  }
}

template <typename Action>
absl::StatusOr<Result> Tx::Try(std::string_view name, bool is_script, Action&& action) {
  if (obstacle_ != Obstacle::kNone) return obstacle_status_;
  try {
    auto impl = std::make_unique<Result::Impl>();
    impl->rows = action(AsPqxx(transaction_));
    any_succeeded_ = true;
    return Result(std::move(impl));
  } catch (...) {
    return Fail(name, is_script);
  }
}

absl::StatusOr<Result> Tx::ExecuteSpan(const Statement& statement, std::span<const Param> params) {
  ESNAF_RETURN_IF_ERROR(CheckNoNul(params));
  return Try(statement.name(), false,
             [&](pqxx::transaction_base& transaction) { return ExecPrepared(transaction, statement.name(), params); });
}

absl::StatusOr<Result> Tx::ExecuteDynamic(const std::string& sql, const std::vector<Param>& params) {
  ESNAF_RETURN_IF_ERROR(CheckNoNul(params));
  return Try(kDynamic, false,
             [&](pqxx::transaction_base& transaction) { return ExecParams(transaction, sql, params); });
}

absl::Status Tx::ExecuteScript(const std::string& sql) {
  return Try("script", true, [&](pqxx::transaction_base& transaction) { return transaction.exec(sql); }).status();
}

absl::Status Tx::Copy(std::string_view table, const std::vector<std::string>& columns,
                      const std::vector<std::vector<Param>>& rows) {
  ESNAF_RETURN_IF_ERROR(CheckCopy(table, columns, rows));
  if (rows.empty()) return absl::OkStatus();
  const std::string name(table);
  return Try(absl::StrCat("copy ", name), false,
             [&](pqxx::transaction_base& transaction) {
               CopyWriter writer(transaction, name, columns);
               for (const std::vector<Param>& row : rows) writer.Write(row);
               writer.Complete();
               return pqxx::result();
             })
      .status();
}

absl::Status Tx::Fail(std::string_view name, bool is_script) {
  Failure failure = DescribeCurrentException();
  if (!AsPqxx(transaction_).conn().is_open()) failure.kind = Failure::Kind::kConnectionLost;
  absl::Status status = StatusOf(failure);
  LogFailure(name, failure, status.code());
  if (is_script) status = WithServerSentence(status, failure);
  switch (failure.kind) {
    case Failure::Kind::kConnectionLost:
      Remember(Obstacle::kConnectionLost, status);
      break;
    case Failure::Kind::kConflict:
      // The statement itself had no effect. In autocommit an earlier one may have had, and then the body cannot run
      // again.
      if (!autocommit_ || read_only_ || !any_succeeded_) Remember(Obstacle::kConflict, status);
      break;
    default:
      // In autocommit the next statement is a transaction of its own and may well succeed.
      if (!autocommit_) Remember(Obstacle::kFailedStatement, status);
  }
  return status;
}

void Tx::Remember(Obstacle obstacle, const absl::Status& status) {
  obstacle_ = obstacle;
  obstacle_status_ = status;
}

}  // namespace esnaf::postgres

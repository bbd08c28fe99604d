#pragma once

// A connection to Postgres, owned by one thread. Statements are prepared at connect; limits are in the
// connection string. No exception leaves this library; every failure is a Status (see errors in sqlstate.h).
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "libs/postgres/statement.h"
#include "libs/postgres/value.h"

namespace esnaf::postgres {

// A row of a result, valid as long as it. Column indexes count from 0 in the order of the SELECT list or RETURNING
// list; one that does not exist throws std::logic_error, which Connection::Run turns into INTERNAL.
class Row {
 public:
  bool IsNull(int column) const { return CellAt(column).data == nullptr; }
  std::string_view Text(int column) const {  // valid as long as the Result; empty for NULL
    const Cell& cell = CellAt(column);
    return {cell.data, cell.size};
  }
  // The value; for NULL use std::optional<T>, other types throw std::logic_error.
  template <typename T>
  T Get(int column) const {
    if constexpr (IsOptional<T>::value) {
      if (IsNull(column)) return std::nullopt;
      return ParseValue<typename T::value_type>(Text(column));
    } else {
      if (IsNull(column)) ThrowNull(column);
      return ParseValue<T>(Text(column));
    }
  }

 private:
  friend class Result;
  // Where a value lies in the memory of libpq's result; data is null for NULL.
  struct Cell {
    const char* data;
    std::size_t size;
  };
  Row(const Cell* cells, int columns) : cells_(cells), columns_(columns) {}
  const Cell& CellAt(int column) const {
    if (column < 0 || column >= columns_) ThrowNoColumn(column);
    return cells_[column];
  }
  [[noreturn]] static void ThrowNull(int column);
  [[noreturn]] static void ThrowNoColumn(int column);
  const Cell* cells_;
  int columns_;
};

// The rows that a statement gave, and how many it touched. Keeps its memory until destroyed.
class Result {
 public:
  Result();
  ~Result();
  Result(Result&&) noexcept;
  Result& operator=(Result&&) noexcept;
  int size() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  Row operator[](int row) const {
    if (row < 0 || row >= rows_) ThrowNoRow(row);
    return Row(cells_.get() + static_cast<std::ptrdiff_t>(row) * columns_, columns_);
  }
  std::int64_t affected_rows() const { return affected_rows_; }

 private:
  friend class Tx;
  struct Impl;
  explicit Result(std::unique_ptr<Impl> impl);
  [[noreturn]] static void ThrowNoRow(int row);
  std::unique_ptr<Impl> impl_;
  std::unique_ptr<Row::Cell[]> cells_;  // row by row
  int rows_ = 0;
  int columns_ = 0;
  std::int64_t affected_rows_ = 0;
};

// What statements run in: a transaction, or single statements that each commit by themselves. Stores take a Tx&. Once a
// statement of a transaction has failed, all later ones answer that failure: Postgres has given the transaction up.
class Tx {
 public:
  template <typename... Args>
  absl::StatusOr<Result> Execute(const Statement& statement, Args&&... args) {
    const std::array<Param, sizeof...(Args)> params{Param(std::forward<Args>(args))...};
    return ExecuteSpan(statement, params);
  }
  absl::StatusOr<Result> ExecuteParams(const Statement& statement, const std::vector<Param>& params) {
    return ExecuteSpan(statement, params);
  }
  // For SQL made at run time (filters). `sql` holds only our own text and $n; all values are parameters.
  absl::StatusOr<Result> ExecuteDynamic(const std::string& sql, const std::vector<Param>& params);
  // COPYs rows into a table of the own schema; NULL is an empty Param. Fast for thousands of rows.
  absl::Status Copy(std::string_view table, const std::vector<std::string>& columns,
                    const std::vector<std::vector<Param>>& rows);
  // Runs several statements, separated by semicolons, without parameters: migrations and fixtures. They are our own
  // text, so the message of a failure says what the server said, with the line.
  absl::Status ExecuteScript(const std::string& sql);

  // The highest transaction id of the events written through this Tx: what `esnaf-position` names. A store that
  // writes events calls NoteEventXact with `pg_current_xact_id()::text` from its statement.
  void NoteEventXact(std::uint64_t xact) { event_xact_ = std::max(event_xact_.value_or(0), xact); }
  std::optional<std::uint64_t> event_xact() const { return event_xact_; }

 private:
  friend class Connection;
  // What stands in the way of the rest of the body.
  enum class Obstacle { kNone, kFailedStatement, kConflict, kConnectionLost };

  Tx(void* transaction, bool autocommit, bool read_only)
      : transaction_(transaction), autocommit_(autocommit), read_only_(read_only) {}
  absl::StatusOr<Result> ExecuteSpan(const Statement& statement, std::span<const Param> params);
  // Runs `action`, which answers a pqxx::result. `name` is for the log; of a script the server's sentence is told too.
  template <typename Action>
  absl::StatusOr<Result> Try(std::string_view name, bool is_script, Action&& action);
  // Describes, logs and remembers the exception that is being handled.
  absl::Status Fail(std::string_view name, bool is_script);
  void Remember(Obstacle obstacle, const absl::Status& status);

  void* transaction_;  // pqxx::transaction_base
  bool autocommit_;
  bool read_only_;
  bool any_succeeded_ = false;
  Obstacle obstacle_ = Obstacle::kNone;
  absl::Status obstacle_status_;  // OK where there is none
  std::optional<std::uint64_t> event_xact_;
};

enum class Isolation { kReadCommitted, kRepeatableRead, kSerializable };

struct TxOptions {
  // Each statement commits by itself (no BEGIN and COMMIT round trips). For a body of one statement, or of reads
  // that need no common snapshot. Never retried once a statement may have taken effect.
  bool autocommit = false;
  bool read_only = false;
  Isolation isolation = Isolation::kReadCommitted;
  // Past it nothing is begun, committed or retried, and DEADLINE_EXCEEDED is answered.
  std::optional<Time> deadline;
};

struct ConnectionOptions {
  // libpq's key=value form or a URI; may name several hosts.
  std::string connection_string;
  // search_path is `<schema>,public`. Must be an identifier of [a-z0-9_].
  std::string schema;
  std::string application_name = "esnaf";
  // The components whose statements are prepared at connect.
  std::vector<std::string> components;
  std::chrono::milliseconds statement_timeout{15000};
  std::chrono::milliseconds lock_timeout{5000};
  std::chrono::milliseconds idle_in_transaction_timeout{30000};
};

class Connection {
 public:
  explicit Connection(ConnectionOptions options);  // connects at first use, or by Connect()
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects and prepares, also where a connection stands already. UNAVAILABLE where the server cannot be reached,
  // INTERNAL where a statement is wrong, INVALID_ARGUMENT where the options are.
  absl::Status Connect();
  bool connected() const;

  // Runs `body(Tx&)`, which answers a Status or a StatusOr, and commits where it is OK, else rolls back.
  // Serialization failures and deadlocks are retried with jitter, at most 5 times and never past the deadline; a
  // connection lost before COMMIT is reopened and the body retried once; one lost during COMMIT, or during an
  // autocommit write, is in doubt and answered UNAVAILABLE with the reason `OUTCOME_UNKNOWN`: repeat the call with the
  // same request id. With read_only nothing is ever in doubt. The body may run several times, so it has no effect
  // outside the database; it does not call Run of the same connection. Where a statement of a transaction failed, the
  // transaction does, even if the body answers OK. Where the transaction wrote events, last_event_xact() names its
  // transaction id afterwards.
  template <typename Body>
  auto Run(const TxOptions& options, Body&& body) -> decltype(body(std::declval<Tx&>())) {
    using Answer = decltype(body(std::declval<Tx&>()));
    std::optional<Answer> answer;
    absl::Status status = RunErased(options, [&](Tx& tx) -> absl::Status {
      answer.emplace(body(tx));
      return StatusOf(*answer);
    });
    if (!status.ok()) return Answer(std::move(status));
    return std::move(*answer);
  }

  std::optional<std::uint64_t> last_event_xact() const { return last_event_xact_; }
  const ConnectionOptions& options() const { return options_; }

 private:
  friend class Tx;
  struct Impl;
  // How one run of a body ended.
  struct Attempt {
    enum class End { kFinal, kConflict, kConnectionLost, kOutcomeUnknown };
    End end;
    absl::Status status;
  };

  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
    return value.status();
  }
  absl::Status RunErased(const TxOptions& options, const std::function<absl::Status(Tx&)>& body);
  absl::Status RunWithRetries(const TxOptions& options, const std::function<absl::Status(Tx&)>& body);
  Attempt RunOnce(const TxOptions& options, const std::function<absl::Status(Tx&)>& body);
  Attempt Finish(const TxOptions& options, Tx& tx, absl::Status status);
  Attempt Commit(const TxOptions& options, Tx& tx);
  absl::Status PrepareAll();
  // Whether the server ended the connection while it was idle.
  bool ServerHungUp();

  ConnectionOptions options_;
  std::unique_ptr<Impl> impl_;
  std::optional<std::uint64_t> last_event_xact_;
};

}  // namespace esnaf::postgres

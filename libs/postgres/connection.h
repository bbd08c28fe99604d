#pragma once

// A connection to Postgres, owned by one thread. Statements are prepared at connect; limits are in the
// connection string. No exception leaves this library; every failure is a Status (see errors in sqlstate.h).
#include <cstdint>
#include <memory>
#include <optional>
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

// A row of a result. Column indexes count from 0 in the order of the SELECT list or RETURNING list.
class Row {
 public:
  bool IsNull(int column) const;
  std::string_view Text(int column) const;  // valid as long as the Result; empty for NULL
  // The value; for NULL use std::optional<T>, other types throw std::logic_error.
  template <typename T>
  T Get(int column) const {
    if constexpr (IsOptional<T>::value) {
      if (IsNull(column)) return std::nullopt;
      return ParseValue<typename T::value_type>(Text(column));
    } else {
      RequireNotNull(column);
      return ParseValue<T>(Text(column));
    }
  }

 private:
  friend class Result;
  Row(const void* result, int row) : result_(result), row_(row) {}
  void RequireNotNull(int column) const;
  const void* result_;  // pqxx::result, kept out of this header
  int row_;
};

// The rows that a statement gave, and how many it touched. Keeps its memory until destroyed.
class Result {
 public:
  Result();
  ~Result();
  Result(Result&&) noexcept;
  Result& operator=(Result&&) noexcept;
  int size() const;
  bool empty() const { return size() == 0; }
  Row operator[](int row) const;
  std::int64_t affected_rows() const;

 private:
  friend class Tx;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What statements run in: a transaction, or single statements that each commit by themselves. Stores take a Tx&.
class Tx {
 public:
  template <typename... Args>
  absl::StatusOr<Result> Execute(const Statement& statement, Args&&... args) {
    return ExecuteParams(statement, {Param(std::forward<Args>(args))...});
  }
  absl::StatusOr<Result> ExecuteParams(const Statement& statement, const std::vector<Param>& params);
  // For SQL made at run time (filters). `sql` holds only our own text and $n; all values are parameters.
  absl::StatusOr<Result> ExecuteDynamic(const std::string& sql, const std::vector<Param>& params);
  // COPYs rows into a table of the own schema; NULL is an empty Param. Fast for thousands of rows.
  absl::Status Copy(std::string_view table, const std::vector<std::string>& columns,
                    const std::vector<std::vector<Param>>& rows);

  // The highest transaction id of the events written through this Tx: what `esnaf-position` names. A store that
  // writes events calls NoteEventXact with `pg_current_xact_id()::text` from its statement.
  void NoteEventXact(std::uint64_t xact) { event_xact_ = std::max(event_xact_.value_or(0), xact); }
  std::optional<std::uint64_t> event_xact() const { return event_xact_; }

 private:
  friend class Connection;
  explicit Tx(class Connection& connection, void* transaction) : connection_(connection), transaction_(transaction) {}
  class Connection& connection_;
  void* transaction_;  // pqxx::transaction_base
  std::optional<std::uint64_t> event_xact_;
};

enum class Isolation { kReadCommitted, kRepeatableRead, kSerializable };

struct TxOptions {
  // Each statement commits by itself (no BEGIN and COMMIT round trips). For a body of one statement, or of reads
  // that need no common snapshot. Never retried once a statement may have taken effect.
  bool autocommit = false;
  bool read_only = false;
  Isolation isolation = Isolation::kReadCommitted;
  // Past it nothing is retried and DEADLINE_EXCEEDED is answered.
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

  // Connects and prepares. UNAVAILABLE where the server cannot be reached, INTERNAL where a statement is wrong.
  absl::Status Connect();
  bool connected() const;

  // Runs `body(Tx&)`, which answers a Status or a StatusOr, and commits where it is OK, else rolls back.
  // Serialization failures and deadlocks are retried with jitter, at most 5 times and never past the deadline; a
  // connection lost before COMMIT is reopened and the body retried once; one lost during COMMIT, or during an
  // autocommit write, is in doubt and answered UNAVAILABLE with the reason `OUTCOME_UNKNOWN`: repeat the call with the
  // same request id. The body may run several times, so it has no effect outside the database. Where the transaction
  // wrote events, last_event_xact() names its transaction id afterwards.
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
  static const absl::Status& StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
    return value.status();
  }
  absl::Status RunErased(const TxOptions& options, const std::function<absl::Status(Tx&)>& body);

  struct Impl;
  ConnectionOptions options_;
  std::unique_ptr<Impl> impl_;
  std::optional<std::uint64_t> last_event_xact_;
};

}  // namespace esnaf::postgres

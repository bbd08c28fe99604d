#include "libs/postgres/connection.h"

#include <poll.h>

#include <random>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/postgres/connection_string.h"
#include "libs/postgres/failure.h"
#include "libs/postgres/pqxx_compat.h"
#include "libs/postgres/sqlstate.h"

namespace esnaf::postgres {
namespace {

constexpr int kMaxConflicts = 5;

absl::Status Unavailable() { return StatusOfSqlState("08006", ""); }

absl::Status DeadlineExceeded() {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "DATABASE_TIMEOUT", "the call's time is up");
}

absl::Status OutcomeUnknown() {
  return MakeError(
      absl::StatusCode::kUnavailable, "OUTCOME_UNKNOWN",
      "the connection to the database broke while a change was being made, so that nobody knows whether it "
      "was; repeat the call with the same request id");
}

bool IsPast(const std::optional<Time>& deadline) { return deadline && SystemClock().Now() >= *deadline; }

// Waits a little, longer each time and never equally long for two that collided. False where the deadline comes first.
bool Pause(int conflicts, const std::optional<Time>& deadline) {
  thread_local std::minstd_rand random(std::random_device{}());
  const std::int64_t longest_us = std::int64_t{4000} << conflicts;
  const Duration pause(std::uniform_int_distribution<std::int64_t>(longest_us / 4, longest_us)(random));
  if (deadline && SystemClock().Now() + pause >= *deadline) return false;
  std::this_thread::sleep_for(pause);
  return true;
}

// Why a connection could not be made. The text comes from libpq: host, user and database, never the password.
absl::Status DescribeConnectFailure() {
  const Failure failure = DescribeCurrentException();
  LogWarning("the database cannot be reached", {{"sqlstate", failure.sqlstate}, {"error", failure.primary}});
  return Unavailable();
}

absl::Status DescribePrepareFailure(const Statement& statement) {
  const Failure failure = DescribeCurrentException();
  const absl::StatusCode code = CodeOfSqlState(failure.sqlstate);
  if (failure.kind == Failure::Kind::kConnectionLost) return Unavailable();
  if (code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted ||
      code == absl::StatusCode::kDeadlineExceeded) {
    return StatusOfSqlState(failure.sqlstate, "");
  }
  // Preparing sees only our own SQL, so the server's sentence holds no data.
  LogError("a statement is wrong",
           {{"statement", statement.name()}, {"sqlstate", failure.sqlstate}, {"error", failure.primary}});
  return MakeError(
      absl::StatusCode::kInternal, "STATEMENT_INVALID",
      absl::StrCat("statement ", statement.name(), ": ", failure.primary, " (SQLSTATE ", failure.sqlstate, ")"),
      {{"statement", statement.name()}, {"sqlstate", failure.sqlstate}});
}

}  // namespace

struct Connection::Impl {
  std::optional<PqxxConnection> connection;
  // Set while the body of a transaction runs. One for single statements has no state in the server and stays until
  // something else is needed: making it costs a system call.
  std::unique_ptr<pqxx::transaction_base> transaction;
  bool transaction_is_autocommit = false;
  bool running = false;

  bool is_open() { return connection && connection->get().is_open(); }
  void Begin(const TxOptions& options) {
    if (transaction != nullptr && options.autocommit) return;
    transaction.reset();  // libpqxx allows one at a time
    transaction = postgres::Begin(connection->get(), options);
    transaction_is_autocommit = options.autocommit;
  }
  // Rolls back whatever was not committed.
  void End() {
    running = false;
    if (!transaction_is_autocommit || !is_open()) transaction.reset();
  }
  void Disconnect() {
    transaction.reset();
    connection.reset();
  }
};

Connection::Connection(ConnectionOptions options) : options_(std::move(options)), impl_(std::make_unique<Impl>()) {}

Connection::~Connection() = default;

bool Connection::connected() const { return impl_->is_open(); }

absl::Status Connection::Connect() {
  if (impl_->running) return absl::InternalError("Connect() within Run()");
  impl_->Disconnect();
  ESNAF_ASSIGN_OR_RETURN(const std::string connection_string, CompleteConnectionString(options_));
  try {
    impl_->connection.emplace(connection_string);
  } catch (...) {
    return DescribeConnectFailure();
  }
  absl::Status prepared = PrepareAll();
  if (!prepared.ok()) impl_->Disconnect();
  return prepared;
}

absl::Status Connection::PrepareAll() {
  for (const std::string& component : options_.components) {
    for (const Statement* statement : Statement::OfComponent(component)) {
      try {
        impl_->connection->PrepareNow(statement->name(), statement->sql());
      } catch (...) {
        return DescribePrepareFailure(*statement);
      }
    }
  }
  return absl::OkStatus();
}

// An idle connection has nothing to read, unless the server said good-bye or dropped it. Noticed here, before anything
// is sent, such a loss is harmless; noticed later, it would leave a write in doubt.
bool Connection::ServerHungUp() {
  pqxx::connection& connection = impl_->connection->get();
  constexpr int kMostMessages = 16;  // other messages, for example of changed settings, are read and forgotten
  for (int i = 0; i < kMostMessages; ++i) {
    pollfd socket{connection.sock(), POLLIN, 0};
    if (poll(&socket, 1, 0) <= 0) return false;
    try {
      connection.get_notifs();
    } catch (...) {
      return true;
    }
    if (!connection.is_open()) return true;
  }
  return false;
}

absl::Status Connection::RunErased(const TxOptions& options, const std::function<absl::Status(Tx&)>& body) {
  if (impl_->running) return absl::InternalError("Run() within Run() of the same connection");
  last_event_xact_.reset();
  return RunWithRetries(options, body);
}

absl::Status Connection::RunWithRetries(const TxOptions& options, const std::function<absl::Status(Tx&)>& body) {
  bool reconnected = false;
  for (int conflicts = 0;;) {
    if (IsPast(options.deadline)) return DeadlineExceeded();
    if (!impl_->is_open() || ServerHungUp()) ESNAF_RETURN_IF_ERROR(Connect());
    Attempt attempt = RunOnce(options, body);
    if (!impl_->is_open()) impl_->Disconnect();
    switch (attempt.end) {
      case Attempt::End::kFinal:
        return std::move(attempt.status);
      case Attempt::End::kOutcomeUnknown:
        LogWarning("the connection broke during a write, whose outcome is unknown");
        return OutcomeUnknown();
      case Attempt::End::kConnectionLost:
        if (std::exchange(reconnected, true)) return Unavailable();
        break;
      case Attempt::End::kConflict:
        if (++conflicts > kMaxConflicts) return std::move(attempt.status);
        if (!Pause(conflicts, options.deadline)) return DeadlineExceeded();
        break;
    }
  }
}

Connection::Attempt Connection::RunOnce(const TxOptions& options, const std::function<absl::Status(Tx&)>& body) {
  impl_->running = true;
  const auto end = absl::MakeCleanup([this] { impl_->End(); });
  try {
    impl_->Begin(options);
  } catch (...) {
    const Failure failure = DescribeCurrentException();
    if (!impl_->is_open() || failure.kind == Failure::Kind::kConnectionLost) {
      return {Attempt::End::kConnectionLost, Unavailable()};
    }
    LogError("a transaction could not begin", {{"sqlstate", failure.sqlstate}});
    return {Attempt::End::kFinal, StatusOfSqlState(failure.sqlstate, "")};
  }
  Tx tx(impl_->transaction.get(), options.autocommit, options.read_only);
  absl::Status status;
  try {
    status = body(tx);
  } catch (const std::exception& exception) {
    LogError("a transaction's body threw an exception", {{"error", exception.what()}});
    status = StatusOfSqlState("", "");
  } catch (...) {
    LogError("a transaction's body threw something that is no exception");
    status = StatusOfSqlState("", "");
  }
  return Finish(options, tx, std::move(status));
}

Connection::Attempt Connection::Finish(const TxOptions& options, Tx& tx, absl::Status status) {
  // In autocommit everything that succeeded is committed, whatever came after it.
  if (options.autocommit) last_event_xact_ = tx.event_xact();
  switch (tx.obstacle_) {
    case Tx::Obstacle::kConnectionLost:
      if (options.autocommit && !options.read_only) return {Attempt::End::kOutcomeUnknown, OutcomeUnknown()};
      return {Attempt::End::kConnectionLost, Unavailable()};
    case Tx::Obstacle::kConflict:
      return {Attempt::End::kConflict, tx.obstacle_status_};
    case Tx::Obstacle::kFailedStatement:
      if (status.ok()) status = tx.obstacle_status_;
      break;
    case Tx::Obstacle::kNone:
      break;
  }
  if (options.autocommit || !status.ok()) return {Attempt::End::kFinal, std::move(status)};
  return Commit(options, tx);
}

Connection::Attempt Connection::Commit(const TxOptions& options, Tx& tx) {
  if (IsPast(options.deadline)) return {Attempt::End::kFinal, DeadlineExceeded()};
  if (ServerHungUp()) return {Attempt::End::kConnectionLost, Unavailable()};
  try {
    impl_->transaction->commit();
  } catch (...) {
    const Failure failure = DescribeCurrentException();
    if (failure.kind == Failure::Kind::kConflict)
      return {Attempt::End::kConflict, StatusOfSqlState(failure.sqlstate, "")};
    if (failure.kind == Failure::Kind::kConnectionLost || !impl_->is_open()) {
      if (options.read_only) return {Attempt::End::kConnectionLost, Unavailable()};
      return {Attempt::End::kOutcomeUnknown, OutcomeUnknown()};
    }
    LogWarning("a transaction could not commit", {{"sqlstate", failure.sqlstate}, {"constraint", failure.constraint}});
    return {Attempt::End::kFinal, StatusOfSqlState(failure.sqlstate, failure.constraint)};
  }
  last_event_xact_ = tx.event_xact();
  return {Attempt::End::kFinal, absl::OkStatus()};
}

}  // namespace esnaf::postgres

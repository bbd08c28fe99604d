#include "libs/postgres/failure.h"

#include <algorithm>
#include <stdexcept>

#include "libs/postgres/pqxx_compat.h"

namespace esnaf::postgres {
namespace {

bool IsSqlStateCharacter(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

// Finds `:  23505: `, which stands behind the severity.
std::size_t FindSqlState(std::string_view message) {
  constexpr std::string_view kBefore = ":  ";
  for (std::size_t at = message.find(kBefore); at != std::string_view::npos; at = message.find(kBefore, at + 1)) {
    const std::string_view state = message.substr(at + kBefore.size(), 5);
    if (state.size() == 5 && std::all_of(state.begin(), state.end(), IsSqlStateCharacter) &&
        message.substr(at + kBefore.size() + 5, 2) == ": ") {
      return at + kBefore.size();
    }
  }
  return std::string_view::npos;
}

std::string_view UpTo(std::string_view text, std::string_view end) { return text.substr(0, text.find(end)); }

// The last line with this label: DETAIL stands before the labelled fields and may hold anything.
std::string_view LabelledLine(std::string_view message, std::string_view label) {
  const std::size_t at = message.rfind(label);
  return at == std::string_view::npos ? std::string_view() : UpTo(message.substr(at + label.size()), "\n");
}

Failure Describe(Failure::Kind kind, const char* sqlstate, const std::exception& exception) {
  const ServerMessage message = ReadServerMessage(exception.what());
  return {kind, std::string(message.sqlstate.empty() ? sqlstate : message.sqlstate), std::string(message.constraint),
          std::string(message.primary), std::string(message.line)};
}

// The server ends a session with these; libpq may not have noticed yet that the connection is gone.
bool EndsSession(std::string_view sqlstate) {
  return sqlstate.starts_with("57P0") || sqlstate.starts_with("08") || sqlstate == "25P03";
}

Failure DescribeBrokenConnection(const pqxx::broken_connection& exception) {
  Failure failure = Describe(Failure::Kind::kConnectionLost, "", exception);
  // libpqxx counts every error of class 08 as a broken connection, also a wrong number of parameters.
  if (failure.sqlstate == "08P01") failure.kind = Failure::Kind::kStatement;
  return failure;
}

Failure DescribeSqlError(const pqxx::sql_error& exception) {
  Failure failure = Describe(Failure::Kind::kStatement, exception.sqlstate().c_str(), exception);
  if (failure.sqlstate != "08P01" && EndsSession(failure.sqlstate)) failure.kind = Failure::Kind::kConnectionLost;
  return failure;
}

}  // namespace

ServerMessage ReadServerMessage(std::string_view message) {
  const std::size_t state = FindSqlState(message);
  if (state == std::string_view::npos) return {{}, UpTo(message, "\n"), {}, {}};
  ServerMessage parts;
  parts.sqlstate = message.substr(state, 5);
  parts.primary = UpTo(message.substr(state + 7), "\n");
  parts.constraint = LabelledLine(message, "\nCONSTRAINT NAME:  ");
  constexpr std::string_view kLine = "\nLINE ";
  // The line stands right behind the sentence.
  const std::string_view rest = message.substr(state + 7 + parts.primary.size());
  if (rest.starts_with(kLine)) parts.line = UpTo(rest.substr(kLine.size()), ":");
  return parts;
}

// The order matters: in libpqxx 6 the first three are no sql_error, in 7 they are, and each is caught by a later one
// too.
Failure DescribeCurrentException() {
  try {
    throw;
  } catch (const pqxx::in_doubt_error& exception) {
    return Describe(Failure::Kind::kConnectionLost, "", exception);
  } catch (const pqxx::statement_completion_unknown& exception) {
    return Describe(Failure::Kind::kConnectionLost, "40003", exception);
  } catch (const pqxx::serialization_failure& exception) {
    return Describe(Failure::Kind::kConflict, "40001", exception);
  } catch (const pqxx::deadlock_detected& exception) {
    return Describe(Failure::Kind::kConflict, "40P01", exception);
  } catch (const pqxx::transaction_rollback& exception) {
    return Describe(Failure::Kind::kStatement, "40000", exception);
  } catch (const pqxx::broken_connection& exception) {
    return DescribeBrokenConnection(exception);
  } catch (const pqxx::sql_error& exception) {
    return DescribeSqlError(exception);
  } catch (const pqxx::failure& exception) {
    return Describe(Failure::Kind::kStatement, "", exception);
  } catch (const std::exception& exception) {
    return {Failure::Kind::kProgram, {}, {}, exception.what(), {}};
  } catch (...) {
    return {Failure::Kind::kProgram, {}, {}, "an exception of an unknown type", {}};
  }
}

bool IsAboutSqlText(std::string_view sqlstate) { return sqlstate.starts_with("42") || sqlstate == "08P01"; }

}  // namespace esnaf::postgres

#pragma once

// Private to this library: what went wrong, read from libpqxx's exceptions and the server's messages.
#include <string>
#include <string_view>

namespace esnaf::postgres {

// The parts of a verbose error message of libpq. Its labels are libpq's own, so that the server's language is no
// matter.
struct ServerMessage {
  std::string_view sqlstate;    // empty where the server said nothing
  std::string_view primary;     // one line; may hold data
  std::string_view constraint;  // of an integrity violation
  std::string_view line;        // the number of the line of SQL where a mistake stands
};
ServerMessage ReadServerMessage(std::string_view message);

struct Failure {
  enum class Kind {
    kStatement,       // the server refused; the connection goes on
    kConflict,        // a serialization failure or deadlock: the transaction may be run again
    kConnectionLost,  // nobody knows how far the last command went
    kProgram,         // a mistake in this process
  };
  Kind kind;
  std::string sqlstate;    // empty where unknown
  std::string constraint;  // where the server named one
  std::string primary;     // the server's sentence, or the exception's; may hold data
  std::string line;
};

// Describes the exception that is being handled. Call it within a catch block only.
Failure DescribeCurrentException();

// Whether a failure's sentence names only our own SQL: syntax errors and unknown names, never values.
bool IsAboutSqlText(std::string_view sqlstate);

}  // namespace esnaf::postgres

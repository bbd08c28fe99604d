// The parts of the server's messages, as libpq writes them when it is verbose.
#include "libs/postgres/failure.h"

#include "libs/testing/catch.h"

namespace esnaf::postgres {
namespace {

TEST_CASE("A constraint's name is read from the violation of it") {
  const ServerMessage message = ReadServerMessage(
      "ERROR:  23505: duplicate key value violates unique constraint \"customer_email\"\n"
      "DETAIL:  Key (email)=(ayse@example.com) already exists.\n"
      "SCHEMA NAME:  orders\nTABLE NAME:  customer\nCONSTRAINT NAME:  customer_email\n"
      "LOCATION:  _bt_check_unique, nbtinsert.c:664\n");
  CHECK(message.sqlstate == "23505");
  CHECK(message.constraint == "customer_email");
  CHECK(message.primary == "duplicate key value violates unique constraint \"customer_email\"");
  CHECK(message.line.empty());
}

TEST_CASE("Data cannot pass itself off as a constraint's name or as a line") {
  const ServerMessage message = ReadServerMessage(
      "ERROR:  23505: duplicate key value violates unique constraint \"k\"\n"
      "DETAIL:  Key (name)=(x\nCONSTRAINT NAME:  forged\nLINE 7: forged\n) already exists.\n"
      "CONSTRAINT NAME:  k\nLOCATION:  f, g.c:1\n");
  CHECK(message.constraint == "k");
  CHECK(message.line.empty());
}

TEST_CASE("The line of a mistake is read") {
  const ServerMessage message = ReadServerMessage(
      "ERROR:  42P01: relation \"nothing\" does not exist\nLINE 12: SELECT * FROM nothing\n"
      "                       ^\nLOCATION:  parserOpenTable, parse_relation.c:1392\n");
  CHECK(message.sqlstate == "42P01");
  CHECK(message.line == "12");
  CHECK(message.primary == "relation \"nothing\" does not exist");
}

TEST_CASE("The server's language is no matter") {
  CHECK(ReadServerMessage("FEHLER:  23503: Einfügen verletzt ...\nCONSTRAINT NAME:  fk\n").sqlstate == "23503");
  CHECK(ReadServerMessage("HATA:  40P01: kilitlenme\n").sqlstate == "40P01");
}

TEST_CASE("A message without a state is taken as it is") {
  const ServerMessage message = ReadServerMessage("server closed the connection unexpectedly\n\tThis probably means\n");
  CHECK(message.sqlstate.empty());
  CHECK(message.primary == "server closed the connection unexpectedly");
  CHECK(ReadServerMessage("").primary.empty());
  CHECK(ReadServerMessage("a:  b:  2350").sqlstate.empty());
}

TEST_CASE("An exception that is not libpqxx's is our own mistake") {
  try {
    throw std::runtime_error("broken");
  } catch (...) {
    const Failure failure = DescribeCurrentException();
    CHECK(failure.kind == Failure::Kind::kProgram);
    CHECK(failure.primary == "broken");
  }
  try {
    throw 1;
  } catch (...) {
    CHECK(DescribeCurrentException().kind == Failure::Kind::kProgram);
  }
}

}  // namespace
}  // namespace esnaf::postgres

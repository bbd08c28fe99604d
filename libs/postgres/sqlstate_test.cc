// Every SQLSTATE that Postgres 15 can answer, against the code that a caller must see. Those not named here in groups
// are our mistakes: INTERNAL.
#include "libs/postgres/sqlstate.h"

#include <map>
#include <string>
#include <vector>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::postgres {
namespace {

using absl::StatusCode;

// Appendix A of Postgres' manual, class by class.
const std::vector<std::string> kAllStates = {
    "01000", "0100C", "01008", "01003", "01007", "01006", "01004", "01P01", "02000", "02001", "03000", "08000",
    "08003", "08006", "08001", "08004", "08007", "08P01", "09000", "0A000", "0B000", "0F000", "0F001", "0L000",
    "0LP01", "0P000", "0Z000", "0Z002", "20000", "21000", "22000", "2202E", "22021", "22008", "22012", "22005",
    "2200B", "22022", "22015", "2201E", "22014", "22016", "2201F", "2201G", "22018", "22007", "22019", "2200D",
    "22025", "22P06", "22010", "22023", "22013", "2201B", "2201W", "2201X", "2202H", "2202G", "22009", "2200C",
    "2200G", "22004", "22002", "22003", "2200H", "22026", "22001", "22011", "22027", "22024", "2200F", "22P01",
    "22P02", "22P03", "22P04", "22P05", "2200L", "2200M", "2200N", "2200S", "2200T", "22030", "22031", "22032",
    "22033", "22034", "22035", "22036", "22037", "22038", "22039", "2203A", "2203B", "2203C", "2203D", "2203E",
    "2203F", "2203G", "23000", "23001", "23502", "23503", "23505", "23514", "23P01", "24000", "25000", "25001",
    "25002", "25008", "25003", "25004", "25005", "25006", "25007", "25P01", "25P02", "25P03", "26000", "27000",
    "28000", "28P01", "2B000", "2BP01", "2D000", "2F000", "2F005", "2F002", "2F003", "2F004", "34000", "38000",
    "38001", "38002", "38003", "38004", "39000", "39001", "39004", "39P01", "39P02", "39P03", "3B000", "3B001",
    "3D000", "3F000", "40000", "40002", "40001", "40003", "40P01", "42000", "42601", "42501", "42846", "42803",
    "42P20", "42P19", "42830", "42602", "42622", "42939", "42804", "42P18", "42P21", "42P22", "42809", "428C9",
    "42703", "42883", "42P01", "42P02", "42704", "42701", "42P03", "42P04", "42723", "42P05", "42P06", "42P07",
    "42712", "42710", "42702", "42725", "42P08", "42P09", "42P10", "42611", "42P11", "42P12", "42P13", "42P14",
    "42P15", "42P16", "42P17", "44000", "53000", "53100", "53200", "53300", "53400", "54000", "54001", "54011",
    "54023", "55000", "55006", "55P02", "55P03", "55P04", "57000", "57014", "57P01", "57P02", "57P03", "57P04",
    "57P05", "58000", "58030", "58P01", "58P02", "72000", "F0000", "F0001", "HV000", "HV005", "P0000", "P0001",
    "P0002", "P0003", "P0004", "XX000", "XX001", "XX002"};

const std::map<std::string, StatusCode> kExceptions = {
    {"23505", StatusCode::kAlreadyExists},     {"23503", StatusCode::kFailedPrecondition},
    {"23502", StatusCode::kInvalidArgument},   {"23514", StatusCode::kInvalidArgument},
    {"40001", StatusCode::kAborted},           {"40P01", StatusCode::kAborted},
    {"57014", StatusCode::kDeadlineExceeded},  {"55P03", StatusCode::kDeadlineExceeded},
    {"53000", StatusCode::kResourceExhausted}, {"53100", StatusCode::kResourceExhausted},
    {"53200", StatusCode::kResourceExhausted}, {"53400", StatusCode::kResourceExhausted},
    {"53300", StatusCode::kUnavailable},       {"57P01", StatusCode::kUnavailable},
    {"57P02", StatusCode::kUnavailable},       {"57P03", StatusCode::kUnavailable},
    {"57P04", StatusCode::kUnavailable},       {"57P05", StatusCode::kUnavailable},
    {"08000", StatusCode::kUnavailable},       {"08001", StatusCode::kUnavailable},
    {"08003", StatusCode::kUnavailable},       {"08004", StatusCode::kUnavailable},
    {"08006", StatusCode::kUnavailable},       {"08007", StatusCode::kUnavailable}};

StatusCode Expected(const std::string& state) {
  if (const auto found = kExceptions.find(state); found != kExceptions.end()) return found->second;
  return state.starts_with("22") ? StatusCode::kInvalidArgument : StatusCode::kInternal;
}

TEST_CASE("Every SQLSTATE has its status code") {
  for (const std::string& state : kAllStates) {
    INFO(state);
    CHECK(CodeOfSqlState(state) == Expected(state));
    const absl::Status status = StatusOfSqlState(state, "");
    CHECK(status.code() == Expected(state));
    CHECK(ErrorMetadataValue(status, "sqlstate") == state);
    CHECK_FALSE(ErrorReason(status).empty());
  }
}

TEST_CASE("What is no SQLSTATE is INTERNAL and never OK") {
  for (const char* state : {"", "0", "23", "235051", "zzzzz", "00000"}) {
    INFO(state);
    CHECK(CodeOfSqlState(state) == StatusCode::kInternal);
  }
  CHECK(ErrorMetadataValue(StatusOfSqlState("", "x"), "sqlstate") == std::nullopt);
}

TEST_CASE("The constraint is told for integrity violations only") {
  const absl::Status unique = StatusOfSqlState("23505", "orders_store_external");
  CHECK(ErrorReason(unique) == "UNIQUE_VIOLATION");
  CHECK(ErrorMetadataValue(unique, "constraint") == "orders_store_external");
  CHECK(ErrorMetadataValue(StatusOfSqlState("22001", "x"), "constraint") == std::nullopt);
  CHECK(ErrorMetadataValue(StatusOfSqlState("23503", ""), "constraint") == std::nullopt);
}

}  // namespace
}  // namespace esnaf::postgres

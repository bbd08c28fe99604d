// Rows as binary COPY brings them, against what a statement says of them.
#include "libs/postgres/copy_reader.h"

#include <limits>

#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::postgres {
namespace {

const MigrationSet kTables{"copy_reader_test", {{1, "create_thing", R"sql(
  CREATE TABLE thing (
    id uuid, small smallint, medium integer, large bigint, share double precision, truth boolean, moment timestamptz,
    name text, tags text[]
  ))sql"}}};

struct Fixture {
  testing::TestSchema schema{"copy_reader", {&kTables}, {}};
  CopyReader reader{schema.options()};

  absl::Status Read(const std::string& select, const CopyReader::Visit& visit) const {
    return reader.Read("test", select, visit);
  }
};

TEST_CASE("values of every type come as they were written") {
  Fixture fixture;
  const Uuid id = Uuid::FromName("thing", "1");
  fixture.schema.Sql(
      "INSERT INTO thing VALUES ($1::uuid, -2, 70000, -9223372036854775808, -0.125, true, '1999-12-31 "
      "23:59:59.999999Z', "
      "'ış\tı', ARRAY['a', '', 'ç\"d'])",
      {id});
  fixture.schema.Sql("INSERT INTO thing (name, tags) VALUES ('', '{}')");
  int rows = 0;
  std::vector<std::string_view> tags;
  CHECK_OK(fixture.Read("SELECT * FROM thing ORDER BY id", [&](const BinaryRow& row) {
    row.Texts(8, tags);
    if (rows++ == 0) {
      CHECK(row.Id(0) == id);
      CHECK(row.Integer(1) == -2);
      CHECK(row.Integer(2) == 70000);
      CHECK(row.Integer(3) == std::numeric_limits<std::int64_t>::min());
      CHECK(row.Double(4) == -0.125);
      CHECK(row.Bool(5));
      CHECK(row.Moment(6) == ParseRfc3339("1999-12-31T23:59:59.999999Z").value());
      CHECK(row.Text(7) == "ış\tı");
      CHECK(tags == std::vector<std::string_view>{"a", "", "ç\"d"});
    } else {
      CHECK(row.IsNull(0));
      CHECK_FALSE(row.IsNull(7));
      CHECK(row.Text(7).empty());
      CHECK(tags.empty());
    }
    return absl::OkStatus();
  }));
  CHECK(rows == 2);
}

TEST_CASE("many rows come one by one, none come of an empty table, and a visitor may end it") {
  const Fixture fixture;
  std::int64_t sum = 0;
  CHECK_OK(fixture.Read("SELECT i::bigint, repeat('x', 100) FROM generate_series(1, 100000) AS i",
                        [&](const BinaryRow& row) {
                          sum += row.Integer(0) + static_cast<std::int64_t>(row.Text(1).size());
                          return absl::OkStatus();
                        }));
  CHECK(sum == 5000050000 + 100 * 100000);
  int rows = 0;
  const auto count = [&](const BinaryRow&) { return ++rows == 3 ? absl::CancelledError("enough") : absl::OkStatus(); };
  CHECK_OK(fixture.Read("SELECT * FROM thing", count));
  CHECK(rows == 0);
  CHECK_STATUS_IS(fixture.Read("SELECT i FROM generate_series(1, 10) AS i", count), absl::StatusCode::kCancelled,
                  "enough");
  CHECK(rows == 3);
}

TEST_CASE("what goes wrong is a status") {
  const Fixture fixture;
  const auto nothing = [](const BinaryRow&) { return absl::OkStatus(); };
  CHECK_STATUS_IS(fixture.Read("SELECT nothing FROM thing", nothing), absl::StatusCode::kInternal, "");
  // After some rows.
  CHECK_STATUS_IS(fixture.Read("SELECT 1 / (5000 - i) FROM generate_series(1, 10000) AS i", nothing),
                  absl::StatusCode::kInvalidArgument, "");
  CHECK_STATUS_IS(fixture.Read("SELECT 1::bigint",
                               [](const BinaryRow& row) {
                                 row.Id(0);
                                 return absl::OkStatus();
                               }),
                  absl::StatusCode::kInternal, "");
  CHECK_STATUS_IS(fixture.Read("SELECT NULL::bigint",
                               [](const BinaryRow& row) {
                                 row.Integer(0);
                                 return absl::OkStatus();
                               }),
                  absl::StatusCode::kInternal, "");
  ConnectionOptions elsewhere = fixture.schema.options();
  elsewhere.connection_string = "host=/nowhere dbname=nothing";
  CHECK_STATUS_IS(CopyReader(elsewhere).Read("test", "SELECT 1", nothing), absl::StatusCode::kUnavailable, "");
}

}  // namespace
}  // namespace esnaf::postgres

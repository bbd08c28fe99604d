// Goal: whatever the filter and order, pages laid end to end are the whole list, each row once, in order. Method:
// random rows with many ties and NULLs in a real Postgres, compared with one query without pages.
#include "libs/api/list_query.h"

#include <rapidcheck.h>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/api/filter.h"
#include "libs/testing/catch.h"
#include "libs/testing/postgres.h"

namespace esnaf::api {
namespace {

const FieldTable kFields = {
    .fields =
        {{.name = "name", .sql = "i.name", .folded_sql = "i.name_fold"},
         {.name = "size", .sql = "i.size", .type = FieldType::kInteger, .nullable = true},
         {.name = "score", .sql = "i.score", .type = FieldType::kNumber},
         {.name = "create_time", .sql = "i.create_time", .type = FieldType::kTime},
         {.name = "blocked", .sql = "i.blocked", .type = FieldType::kBoolean, .nullable = true},
         {.name = "tags", .sql = "i.tags", .type = FieldType::kTextArray},
         {.name = "state", .sql = "i.state", .type = FieldType::kEnum, .enum_values = {{"NEW", "1"}, {"PAID", "2"}}},
         {.name = "custom", .sql = "i.custom", .type = FieldType::kTextMap}},
    .id_sql = "i.id"};

// Any contract's List request would do.
using Request = contacts::v1::ListContactsRequest;

Request Ask(int page_size, const std::string& filter, const std::string& order_by) {
  Request request;
  request.set_page_size(page_size);
  request.set_filter(filter);
  request.set_order_by(order_by);
  return request;
}

class Items {
 public:
  Items() : schema_("api", {}, {}) {
    schema_.Sql(
        "CREATE TABLE item (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, name_fold text NOT NULL,"
        " size bigint, score float8 NOT NULL, create_time timestamptz NOT NULL, blocked boolean, tags text[] NOT NULL,"
        " state smallint NOT NULL, custom jsonb NOT NULL)");
    schema_.Sql(
        "INSERT INTO item (name, name_fold, size, score, create_time, blocked, tags, state, custom)"
        " SELECT (ARRAY['İzmir', 'ankara', 'Bursa', ''])[1 + n % 4], (ARRAY['izmir', 'ankara', 'bursa', ''])[1 + n % "
        "4],"
        "  CASE WHEN n % 5 = 0 THEN NULL ELSE n % 3 END, (n % 7) / 3.0, timestamptz '2026-01-01Z' + (n % 6) * interval "
        "'1 us',"
        "  CASE n % 3 WHEN 0 THEN true WHEN 1 THEN false END, CASE WHEN n % 2 = 0 THEN ARRAY['vip', 'b'] ELSE '{}' END,"
        "  1 + n % 2, CASE n % 6 WHEN 0 THEN jsonb_build_object('age', n) WHEN 1 THEN '{\"age\": \"old\"}'"
        "  WHEN 2 THEN '{\"age\": [\"old\", \"new\"]}' WHEN 3 THEN '{\"age\": {\"date\": \"2026-01-31\"}}'"
        "  WHEN 4 THEN jsonb_build_object('age', jsonb_build_object('minor', n, 'currency_code', 'TRY')) ELSE '{}' END"
        " FROM generate_series(1, 120) n");
  }

  // The ids of all rows that one statement gives.
  std::vector<std::string> Ids(const std::string& where, const std::string& order) {
    return Column(schema_.Sql("SELECT id::text FROM item i WHERE " + where + " ORDER BY " + order));
  }

  std::vector<std::string> PageByPage(Request request) {
    std::vector<std::string> ids;
    do {
      ESNAF_REQUIRE_VALUE(const ListQuery query,
                          ListQuery::Parse(request, kFields, {.default_order = "create_time desc"}));
      const SqlQuery sql = query.Select("i.id::text", "item i", "i.id::text <> $1", {postgres::Param("x")});
      const postgres::Result rows = schema_.Sql(sql.sql, sql.params);
      CHECK(query.PageRows(rows) <= query.page_size());
      for (int i = 0; i < query.PageRows(rows); ++i) ids.push_back(rows[i].Get<std::string>(0));
      request.set_page_token(query.NextPageToken(rows, 1));
    } while (!request.page_token().empty());
    return ids;
  }

 private:
  static std::vector<std::string> Column(const postgres::Result& rows) {
    std::vector<std::string> column;
    for (int i = 0; i < rows.size(); ++i) column.push_back(rows[i].Get<std::string>(0));
    return column;
  }
  esnaf::testing::TestSchema schema_;
};

TEST_CASE("Pages laid end to end are the whole list in order") {
  Items items;
  const auto [order_by, order] = GENERATE(table<std::string, std::string>({
      {"", "create_time DESC, id DESC"},
      {"name", "name, id"},
      {"size", "size, id"},
      {"size desc", "size DESC, id DESC"},
      {"size desc, name, score desc", "size DESC, name, score DESC, id DESC"},
      {"blocked, size desc", "blocked, size DESC, id DESC"},
      {"score, create_time", "score, create_time, id"},
      {"state desc, blocked desc", "state DESC, blocked DESC, id DESC"},
  }));
  CAPTURE(order_by);
  const auto all = items.Ids("true", order);
  REQUIRE(all.size() == 120);
  for (const int page_size : {1, 7, 120, 1000}) {
    CHECK(items.PageByPage(Ask(page_size, "", order_by)) == all);
  }
}

TEST_CASE("Filters choose the rows that they say") {
  Items items;
  const auto [filter, where] = GENERATE(table<std::string, std::string>({
      {"name:\"IZMİR\"", "name = 'İzmir'"},
      {"name = \"\"", "name = ''"},
      {"name:*", "name <> ''"},
      {"size = 1 OR size:* AND NOT size:*", "size IS NULL AND false"},
      {"size != 1", "size IS NULL OR size <> 1"},
      {"NOT size = 1", "size IS NULL OR size <> 1"},
      {"-size > 0", "size IS NULL OR size <= 0"},
      {"blocked = false AND score < 1.5", "blocked = false AND score < 1.5"},
      {"tags:vip OR state = PAID", "n_tags > 0 OR state = 2"},
      {"state != PAID", "state = 1"},
      {"create_time > \"2026-01-01T00:00:00.000003Z\"", "create_time > timestamptz '2026-01-01Z' + interval '3 us'"},
      {"custom.age > 60", "jsonb_typeof(custom -> 'age') = 'number' AND (custom ->> 'age')::int > 60"},
      {"custom.age = old", "custom ->> 'age' = 'old'"},
      {"NOT custom.age:*", "custom = '{}'"},
      {"custom.age:new", "jsonb_typeof(custom -> 'age') = 'array'"},
      {"custom.age:ol", "custom ->> 'age' = 'old'"},
      {"custom.age = \"2026-01-31\"", "custom -> 'age' ? 'date'"},
      {"custom.age < 2026-02-01 AND custom.age > 2026-01-30", "custom -> 'age' ? 'date'"},
      {"custom.age >= \"0.60 TRY\"", "(custom -> 'age' ->> 'minor')::int >= 60"},
      {"custom.age = \"0.64 TRY\"", "(custom -> 'age' ->> 'minor')::int = 64"},
      {"custom.age != \"0.64 TRY\"", "((custom -> 'age' ->> 'minor')::int = 64) IS NOT TRUE"},
      {"custom.age = \"0.64 EUR\"", "false"},
  }));
  CAPTURE(filter);
  std::string sql = where;
  if (const auto at = sql.find("n_tags"); at != std::string::npos) sql.replace(at, 6, "cardinality(tags)");
  const auto expected = items.Ids(sql, "create_time DESC, id DESC");
  CHECK(items.PageByPage(Ask(9, filter, "")) == expected);
}

// Every comparison of the fields, operators and values below that a filter may make.
std::vector<std::string> AllowedComparisons() {
  std::vector<std::string> allowed;
  for (const std::string field : {"name", "size", "score", "create_time", "blocked", "tags", "state", "custom.age"}) {
    for (const std::string op : {"=", "!=", "<", ">=", ":"}) {
      for (const std::string value :
           {"1", "1.5", "*", "\"x%'\"", "true", "PAID", "2026-01-31", "\"\"", "\"0.50 TRY\""}) {
        const std::string comparison = field + op + value;
        if (FilterToSql(comparison, kFields, 1).ok()) allowed.push_back(comparison);
      }
    }
  }
  return allowed;
}

TEST_CASE("Every filter that is taken is SQL that Postgres takes") {
  Items items;
  const std::vector<std::string> allowed = AllowedComparisons();
  REQUIRE(allowed.size() > 100);
  for (const std::string& comparison : allowed) {
    CAPTURE(comparison);
    const std::size_t with = items.PageByPage(Ask(1000, comparison, "")).size();
    const std::size_t without = items.PageByPage(Ask(1000, "NOT " + comparison, "")).size();
    CHECK(with + without == 120);
  }
  REQUIRE(rc::check("a tree of allowed comparisons and its opposite part the rows", [&] {
    std::string filter = *rc::gen::elementOf(allowed);
    const int count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
      filter += *rc::gen::element<std::string>(" AND ", " OR ") + *rc::gen::element<std::string>("", "NOT ", "-") +
                *rc::gen::elementOf(allowed);
    }
    const std::size_t with = items.PageByPage(Ask(1000, filter, "")).size();
    const std::size_t without = items.PageByPage(Ask(1000, "NOT (" + filter + ")", "")).size();
    RC_ASSERT(with + without == 120U);
  }));
}

TEST_CASE("A token is good for the list that it came from only") {
  const std::string token = MakePageToken(ListFingerprint(Ask(2, "size = 1", "")),
                                          {"2026-01-01 00:00:00+00", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"});
  const auto parse = [&](const std::string& filter, const std::string& order_by) {
    Request request = Ask(5, filter, order_by);
    request.set_page_token(token);
    return ListQuery::Parse(request, kFields, {.default_order = "create_time desc"});
  };
  CHECK_OK(parse("size = 1", ""));
  CHECK_STATUS_IS(parse("size = 2", ""), absl::StatusCode::kInvalidArgument, "page_token");
  CHECK_STATUS_IS(parse("size = 1", "name"), absl::StatusCode::kInvalidArgument, "page_token");
  CHECK_STATUS_IS(parse("size = ", ""), absl::StatusCode::kInvalidArgument, "filter");
  CHECK_STATUS_IS(parse("", "x"), absl::StatusCode::kInvalidArgument, "order_by");
}

}  // namespace
}  // namespace esnaf::api

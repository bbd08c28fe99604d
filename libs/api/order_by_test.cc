#include "libs/api/order_by.h"

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::api {
namespace {

const FieldTable kFields = {
    .fields = {{.name = "name", .sql = "c.name"},
               {.name = "create_time", .sql = "c.create_time", .type = FieldType::kTime},
               {.name = "delete_time", .sql = "c.delete_time", .type = FieldType::kTime, .nullable = true},
               {.name = "id", .sql = "c.id", .type = FieldType::kUuid},
               {.name = "tags", .sql = "c.tags", .type = FieldType::kTextArray}},
    .id_sql = "c.id"};

OrderBy Order(std::string_view text, std::string_view default_order = "") {
  ESNAF_REQUIRE_VALUE(OrderBy order, OrderBy::Parse(text, kFields, default_order));
  return order;
}

std::string After(std::string_view text, const PageKey& key) {
  ESNAF_REQUIRE_VALUE(const SqlCondition condition, Order(text).After(key, 4));
  return condition.sql;
}

TEST_CASE("Every order ends in the id") {
  CHECK(Order("").Sql() == "c.id");
  CHECK(Order("name").Sql() == "c.name, c.id");
  CHECK(Order("create_time desc").Sql() == "c.create_time DESC, c.id DESC");
  CHECK(Order(" name  asc ,create_time\tdesc ").Sql() == "c.name, c.create_time DESC, c.id DESC");
  CHECK(Order("id desc").Sql() == "c.id DESC");
  CHECK(Order("", "create_time desc").Sql() == "c.create_time DESC, c.id DESC");
  CHECK(Order("name", "create_time desc").Sql() == "c.name, c.id");
  CHECK(Order("name").KeyColumns() == "(c.name)::text, (c.id)::text");
}

TEST_CASE("What is no order is refused") {
  const auto [text, message] =
      GENERATE(table<std::string, std::string>({{"colour", "`colour` is no field"},
                                                {"name,", "`` is no field"},
                                                {",name", "`` is no field"},
                                                {"name down", "neither in asc nor in desc"},
                                                {"name desc asc", "neither in asc nor in desc"},
                                                {"tags", "has no order"},
                                                {"name, name desc", "named twice"}}));
  CAPTURE(text);
  CHECK_STATUS_IS(OrderBy::Parse(text, kFields, ""), absl::StatusCode::kInvalidArgument, message);
  CHECK(ErrorFields(OrderBy::Parse(text, kFields, "").status())[0].first == "order_by");
  CHECK_STATUS_IS(OrderBy::Parse(std::string(kMaxOrderByBytes + 1, 'x'), kFields, ""),
                  absl::StatusCode::kInvalidArgument, "too long");
}

TEST_CASE("One direction is one comparison of rows") {
  CHECK(After("create_time desc", {"t", "i"}) == "(c.create_time, c.id) < ($4::timestamptz, $5::uuid)");
  CHECK(After("name", {"n", "i"}) == "(c.name, c.id) > ($4::text, $5::uuid)");
  CHECK(After("", {"i"}) == "(c.id) > ($4::uuid)");
}

TEST_CASE("Mixed directions go field by field") {
  CHECK(After("name desc, create_time", {"n", "t", "i"}) ==
        "(((c.name) < $4::text) OR ((c.name) = $4::text AND (c.create_time) > $5::timestamptz) OR "
        "((c.name) = $4::text AND (c.create_time) = $5::timestamptz AND (c.id) > $6::uuid))");
}

TEST_CASE("NULL sorts as the greatest") {
  CHECK(After("delete_time", {"t", "i"}) ==
        "((((c.delete_time) > $4::timestamptz OR (c.delete_time) IS NULL)) OR "
        "((c.delete_time) = $4::timestamptz AND (c.id) > $5::uuid))");
  CHECK(After("delete_time", {std::nullopt, "i"}) == "((false) OR ((c.delete_time) IS NULL AND (c.id) > $4::uuid))");
  CHECK(After("delete_time desc", {std::nullopt, "i"}) ==
        "(((c.delete_time) IS NOT NULL) OR ((c.delete_time) IS NULL AND (c.id) < $4::uuid))");
}

TEST_CASE("A key of another order is refused") {
  CHECK_STATUS_IS(Order("name").After({"i"}, 1), absl::StatusCode::kInvalidArgument, "page_token");
  CHECK_STATUS_IS(Order("name").After({std::nullopt, "i"}, 1), absl::StatusCode::kInvalidArgument, "page_token");
}

}  // namespace
}  // namespace esnaf::api

#include "libs/api/filter.h"

#include <rapidcheck.h>

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::api {
namespace {

using Kind = FilterNode::Kind;
using Op = FilterOperator;

const FieldTable kFields = {.fields = {{.name = "name", .sql = "c.name", .folded_sql = "c.name_fold"},
                                       {.name = "note", .sql = "c.note", .nullable = true},
                                       {.name = "total.minor", .sql = "c.total", .type = FieldType::kInteger},
                                       {.name = "score", .sql = "c.score", .type = FieldType::kNumber},
                                       {.name = "create_time", .sql = "c.create_time", .type = FieldType::kTime},
                                       {.name = "blocked", .sql = "c.blocked", .type = FieldType::kBoolean},
                                       {.name = "tags", .sql = "c.tags", .type = FieldType::kTextArray},
                                       {.name = "store_id", .sql = "c.store_id", .type = FieldType::kUuid},
                                       {.name = "state",
                                        .sql = "c.state",
                                        .type = FieldType::kEnum,
                                        .enum_values = {{"NEW", "1"}, {"PAID", "2"}}},
                                       {.name = "custom", .sql = "c.custom", .type = FieldType::kTextMap}},
                            .id_sql = "c.id"};

// The tree with a comparison as `field op value`, for short expectations.
std::string Shape(const FilterNode& node) {
  const auto children = [&] {
    std::string text;
    for (const FilterNode& child : node.children) text += (text.empty() ? "" : " ") + Shape(child);
    return text;
  };
  switch (node.kind) {
    case Kind::kAnd:
      return "and(" + children() + ")";
    case Kind::kOr:
      return "or(" + children() + ")";
    case Kind::kNot:
      return "not(" + children() + ")";
    case Kind::kComparison:
      return node.field;
  }
  return "";
}

std::string ShapeOf(std::string_view text) {
  ESNAF_REQUIRE_VALUE(const FilterNode node, ParseFilter(text));
  return Shape(node);
}

FilterNode Comparison(std::string_view text) {
  ESNAF_REQUIRE_VALUE(FilterNode node, ParseFilter(text));
  REQUIRE(node.kind == Kind::kComparison);
  return node;
}

struct Sql {
  std::string text;
  std::vector<std::optional<std::string>> params;
};

Sql SqlOf(std::string_view filter, int first_placeholder = 1) {
  ESNAF_REQUIRE_VALUE(SqlCondition condition, FilterToSql(filter, kFields, first_placeholder));
  Sql sql{condition.sql, {}};
  for (const postgres::Param& param : condition.params) sql.params.push_back(param.text());
  return sql;
}

TEST_CASE("OR binds tighter than AND, NOT tighter than both") {
  CHECK(ShapeOf("a=1 AND b=1 OR c=1 AND d=1") == "and(a or(b c) d)");
  CHECK(ShapeOf("(a=1 AND b=1) OR c=1") == "or(and(a b) c)");
  CHECK(ShapeOf("NOT a=1 OR -b=1 AND NOT (c=1 OR d=1)") == "and(or(not(a) not(b)) not(or(c d)))");
  CHECK(ShapeOf("((a=1))") == "a");
  CHECK(ShapeOf("(a=1 AND b=1) AND c=1") == "and(and(a b) c)");
  CHECK(ShapeOf("NOT(a=1)AND(b=1)") == "and(not(a) b)");
  CHECK(ShapeOf("NOTE=1 AND ORDER=1 AND ANDY=1") == "and(NOTE ORDER ANDY)");
}

TEST_CASE("Operators are read with and without space") {
  const auto [text, op] = GENERATE(table<std::string, Op>({{"a=1", Op::kEquals},
                                                           {"a != 1", Op::kNotEquals},
                                                           {"a<1", Op::kLess},
                                                           {"a <= 1", Op::kLessOrEquals},
                                                           {"a>1", Op::kGreater},
                                                           {"a\n>=\t1", Op::kGreaterOrEquals},
                                                           {"a:1", Op::kHas}}));
  CAPTURE(text);
  CHECK(Comparison(text).op == op);
  CHECK(Comparison(text).value == FilterValue{"1", false});
}

TEST_CASE("Values are words or quoted strings with escapes") {
  CHECK(Comparison("a = 2026-01-31T09:30:00+03:00").value == FilterValue{"2026-01-31T09:30:00+03:00", false});
  CHECK(Comparison("a = -5").value == FilterValue{"-5", false});
  CHECK(Comparison("a:*").value == FilterValue{"*", false});
  CHECK(Comparison("a = \"*\"").value == FilterValue{"*", true});
  CHECK(Comparison(R"(a = "say \"ş\"\n\t\\ 'x'")").value == FilterValue{"say \"ş\"\n\t\\ 'x'", true});
  CHECK(Comparison(R"(a = 'it\'s "x"')").value == FilterValue{"it's \"x\"", true});
  CHECK(Comparison("a = \"\"").value == FilterValue{"", true});
  CHECK(Comparison("a = \"x AND y\"").value.text == "x AND y");
  CHECK(Comparison("custom.shoe-size = 42").field == "custom.shoe-size");
}

TEST_CASE("Bad syntax is refused with its column") {
  const auto [text, message] =
      GENERATE(table<std::string, std::string>({{"a", "column 2: expected one of"},
                                                {"a =", "column 4: expected a value"},
                                                {"a = = b", "column 5: expected a value"},
                                                {"a == b", "column 4: expected a value"},
                                                {"a = AND", "column 5: expected a value"},
                                                {"= 1", "column 1: expected a field"},
                                                {"a = 1 b = 2", "column 7: expected AND, OR or the end"},
                                                {"a = 1 AND", "column 10: expected a field"},
                                                {"a = 1 OR OR b = 1", "column 10: expected a field"},
                                                {"NOT NOT a = 1", "column 5: expected a field"},
                                                {"(a = 1", "column 7: expected AND, OR or `)`"},
                                                {"a = 1)", "column 6: expected AND, OR or the end"},
                                                {"()", "column 2: expected a field"},
                                                {"1 = a", "column 1: expected a field"},
                                                {"a = \"şş", "column 5: the string does not end"},
                                                {"a = \"şş\" !", "column 10: expected AND, OR or the end"},
                                                {R"(a = "\x")", "column 6: there is no such escape"},
                                                {"a = \"x\\", "column 7: there is no such escape"},
                                                {"a = \xFF", "no clean UTF-8"}}));
  CAPTURE(text);
  CHECK_STATUS_IS(ParseFilter(text), absl::StatusCode::kInvalidArgument, message);
  CHECK(ErrorFields(ParseFilter(text).status())[0].first == "filter");
}

TEST_CASE("Length, depth and number of comparisons are bounded") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "a=1" + std::string(depth, ')'); };
  CHECK_OK(ParseFilter(nested(kMaxFilterDepth)));
  CHECK_STATUS_IS(ParseFilter(nested(kMaxFilterDepth + 1)), absl::StatusCode::kInvalidArgument, "too deeply");
  const auto joined = [](int count) {
    std::string text = "a=1";
    for (int i = 1; i < count; ++i) text += " AND a=1";
    return text;
  };
  CHECK_OK(ParseFilter(joined(kMaxFilterComparisons)));
  CHECK_STATUS_IS(ParseFilter(joined(kMaxFilterComparisons + 1)), absl::StatusCode::kInvalidArgument, "too many");
  CHECK_STATUS_IS(ParseFilter("a=" + std::string(kMaxFilterBytes, 'x')), absl::StatusCode::kInvalidArgument,
                  "longer than");
}

rc::Gen<FilterNode> AnyComparison() {
  return rc::gen::exec([] {
    FilterNode node;
    node.field = *rc::gen::element<std::string>("name", "a.b", "_x", "NOTE", "custom.shoe-size", "order");
    node.op = *rc::gen::element(Op::kEquals, Op::kNotEquals, Op::kLess, Op::kGreater, Op::kLessOrEquals,
                                Op::kGreaterOrEquals, Op::kHas);
    node.value.quoted = *rc::gen::arbitrary<bool>();
    if (node.value.quoted) {
      node.value.text = *rc::gen::container<std::string>(
          rc::gen::oneOf(rc::gen::element('"', '\'', '\\', '\n', '\t', '(', ' '), rc::gen::inRange<char>(1, 127)));
    } else {
      node.value.text = *rc::gen::element<std::string>("1", "-2.5", "*", "true", "2026-01-31T09:30:00Z", "a:b=c", "ş");
    }
    return node;
  });
}

rc::Gen<FilterNode> AnyNode(int depth) {
  if (depth == 0) return AnyComparison();
  return rc::gen::exec([depth]() -> FilterNode {
    const Kind kind = *rc::gen::element(Kind::kAnd, Kind::kOr, Kind::kNot, Kind::kComparison);
    if (kind == Kind::kComparison) return *AnyComparison();
    FilterNode node;
    node.kind = kind;
    const int count = kind == Kind::kNot ? 1 : *rc::gen::inRange(2, 4);
    for (int i = 0; i < count; ++i) node.children.push_back(*AnyNode(depth - 1));
    return node;
  });
}

TEST_CASE("Every tree is read back as it was printed") {
  REQUIRE(rc::check("parse(print(tree)) == tree", [] {
    const FilterNode tree = *AnyNode(3);
    const std::string text = PrintFilter(tree);
    RC_LOG() << text << "\n";
    const auto read = ParseFilter(text);
    RC_ASSERT(read.ok());
    RC_ASSERT(*read == tree);
  }));
}

TEST_CASE("No text breaks the parser, and what it takes prints and parses alike") {
  REQUIRE(rc::check("parse(t) is an error or parse(print(parse(t))) == parse(t)", [] {
    const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", "=", "\"x\"", "'", "\\", "(", ")", " ", "AND", "OR", "NOT", "-", ":", "*", "<", "1", "ş", "name"));
    std::string text;
    for (const std::string& word : words) text += word;
    const auto node = ParseFilter(text);
    if (!node.ok()) {
      RC_ASSERT(node.status().code() == absl::StatusCode::kInvalidArgument);
      return;
    }
    const auto again = ParseFilter(PrintFilter(*node));
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == *node);
  }));
}

TEST_CASE("An empty filter is true") {
  CHECK(SqlOf("").text == "true");
  CHECK(SqlOf("  ").text == "true");
  CHECK(SqlOf("").params.empty());
}

TEST_CASE("Comparisons become SQL of their field's type with values as parameters") {
  const auto [filter, sql, param] = GENERATE(table<std::string, std::string, std::string>({
      {"note = \"it's; DROP TABLE x\"", "(c.note) = $1::text", "it's; DROP TABLE x"},
      {"note != x", "(c.note) IS DISTINCT FROM $1::text", "x"},
      {"note:50%_", "(c.note) ILIKE $1", "%50\\%\\_%"},
      {"name:\" İSTANBUL \"", "(c.name_fold) LIKE $1", "%istanbul%"},
      {"total.minor >= -5", "(c.total) >= $1::bigint", "-5"},
      {"blocked = true", "(c.blocked) = $1::boolean", "t"},
      {"tags:vip", "(c.tags) @> ARRAY[$1::text]", "vip"},
      {"store_id = 017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "(c.store_id) = $1::uuid",
       "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"},
      {"state = PAID", "(c.state) = $1", "2"},
      {"state != NEW", "(c.state) IS DISTINCT FROM $1", "1"},
  }));
  CAPTURE(filter);
  CHECK(SqlOf(filter).text == sql);
  CHECK(SqlOf(filter).params == std::vector<std::optional<std::string>>{param});
}

TEST_CASE("Times are RFC 3339 or days") {
  CHECK(SqlOf("create_time < \"2026-01-31T12:00:00+03:00\"").text == "(c.create_time) < $1::timestamptz");
  CHECK(SqlOf("create_time < 2026-01-31").params == SqlOf("create_time < 2026-01-31T00:00:00Z").params);
}

TEST_CASE("Presence is asked by a star") {
  CHECK(SqlOf("name:*").text == "(c.name) <> ''");
  CHECK(SqlOf("tags:*").text == "cardinality(c.tags) > 0");
  CHECK(SqlOf("create_time:*").text == "(c.create_time) IS NOT NULL");
  CHECK(SqlOf("custom.size:*").text == "coalesce((c.custom -> $1::text) ->> 'date', c.custom ->> $1::text) <> ''");
}

TEST_CASE("Entries of maps compare as text, or as numbers where a number orders them") {
  CHECK(SqlOf("custom.size = XL").text ==
        "coalesce((c.custom -> $1::text) ->> 'date', c.custom ->> $1::text) = $2::text");
  CHECK(SqlOf("custom.size = XL").params == std::vector<std::optional<std::string>>{"size", "XL"});
  CHECK_THAT(SqlOf("custom.age > 18").text, esnaf::testing::ContainsSubstring("::numeric > $2::numeric"));
  CHECK(SqlOf("custom.budget >= \"1500.00 TRY\"").params ==
        std::vector<std::optional<std::string>>{"budget", "TRY", "150000"});
}

TEST_CASE("Trees become SQL with two-valued logic and placeholders from the first on") {
  const Sql sql = SqlOf("state = PAID AND (total.minor > 5 OR NOT note:*) AND -blocked = true", 3);
  CHECK(sql.text ==
        "((c.state) = $3 AND ((c.total) > $4::bigint OR (((c.note) <> '') IS NOT TRUE)) AND "
        "(((c.blocked) = $5::boolean) IS NOT TRUE))");
  CHECK(sql.params.size() == 3);
}

TEST_CASE("Fields and values that do not fit are refused with their column") {
  const auto [filter, message] = GENERATE(
      table<std::string, std::string>({{"colour = red", "column 1: `colour` is no field"},
                                       {"state = PAID AND colour = red", "column 18: `colour` is no field"},
                                       {"name.first = x", "is no field"},
                                       {"custom = x", "needs a key"},
                                       {"custom. = x", "is no field"},
                                       {"total.minor = ten", "column 15: the value of `total.minor` is no integer"},
                                       {"total.minor = \"10\"", "is no integer"},
                                       {"total.minor = 1.5", "is no integer"},
                                       {"total.minor = 9223372036854775808", "is no integer"},
                                       {"score > high", "is no number"},
                                       {"score > inf", "is no number"},
                                       {"create_time > yesterday", "is no time"},
                                       {"blocked = 1", "neither true nor false"},
                                       {"blocked > true", "is compared by `=`"},
                                       {"store_id = 42", "is no UUID"},
                                       {"store_id > 017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "is compared by `=`"},
                                       {"state = LOST", "is none of NEW, PAID"},
                                       {"state < PAID", "is compared by `=`"},
                                       {"tags = vip", "is compared by `:` only"},
                                       {"name = *", "goes with `:` only"}}));
  CAPTURE(filter);
  CHECK_STATUS_IS(FilterToSql(filter, kFields, 1), absl::StatusCode::kInvalidArgument, message);
  CHECK(ErrorFields(FilterToSql(filter, kFields, 1).status())[0].first == "filter");
}

}  // namespace
}  // namespace esnaf::api

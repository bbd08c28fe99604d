// The SQL of a filter's tree. Values are parameters always; the text is made of the table's own expressions.
#include <charconv>
#include <cmath>
#include <utility>

#include "libs/api/filter.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "libs/base/text.h"

namespace esnaf::api {
namespace {

using Kind = FilterNode::Kind;
using Op = FilterOperator;

// `:` equals, where there is nothing to be had of a value but itself. A missing value differs from every other.
const char* SqlOperator(Op op) {
  switch (op) {
    case Op::kEquals:
    case Op::kHas:
      return " = ";
    case Op::kNotEquals:
      return " IS DISTINCT FROM ";
    case Op::kLess:
      return " < ";
    case Op::kGreater:
      return " > ";
    case Op::kLessOrEquals:
      return " <= ";
    case Op::kGreaterOrEquals:
      return " >= ";
  }
  return " = ";
}

bool IsOrdering(Op op) { return op != Op::kEquals && op != Op::kNotEquals && op != Op::kHas; }

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Reads `1500.00 TRY`.
std::optional<Money> ParseAmount(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const absl::StatusOr<Currency> currency = Currency::Parse(text.substr(space + 1));
  if (!currency.ok()) return std::nullopt;
  const absl::StatusOr<Money> money = ParseMoney(text.substr(0, space), *currency);
  if (!money.ok()) return std::nullopt;
  return *money;
}

// A pattern that matches texts with `part` anywhere in them.
std::string ContainsPattern(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

class SqlWriter {
 public:
  SqlWriter(const FieldTable& fields, int first_placeholder) : fields_(fields), next_placeholder_(first_placeholder) {
    condition_.sql.clear();
  }

  absl::Status Write(const FilterNode& node) {
    switch (node.kind) {
      case Kind::kComparison:
        return WriteComparison(node);
      case Kind::kNot:
        Add("((");
        ESNAF_RETURN_IF_ERROR(Write(node.children[0]));
        Add(") IS NOT TRUE)");
        return absl::OkStatus();
      case Kind::kAnd:
        return WriteJoined(node, " AND ");
      case Kind::kOr:
        return WriteJoined(node, " OR ");
    }
    return absl::InternalError("a filter has a node of no kind");
  }

  SqlCondition Finish() && { return std::move(condition_); }

 private:
  absl::Status WriteJoined(const FilterNode& node, const char* separator) {
    Add("(");
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) Add(separator);
      ESNAF_RETURN_IF_ERROR(Write(node.children[i]));
    }
    Add(")");
    return absl::OkStatus();
  }

  absl::Status WriteComparison(const FilterNode& node) {
    if (const Field* field = fields_.Find(node.field)) {
      if (field->type == FieldType::kTextMap) return FieldError(node, "needs a key: `" + node.field + ".key`");
      if (IsPresenceTest(node)) return WritePresence(*field);
      if (!node.value.quoted && node.value.text == "*") return ValueError(node, "goes with `:` only");
      return WriteTyped(node, *field);
    }
    const std::size_t dot = node.field.find('.');
    if (dot != std::string::npos && dot + 1 < node.field.size()) {
      const Field* map = fields_.Find(std::string_view(node.field).substr(0, dot));
      if (map != nullptr && map->type == FieldType::kTextMap)
        return WriteMapEntry(node, *map, node.field.substr(dot + 1));
    }
    return FieldError(node, "is no field to filter by");
  }

  static bool IsPresenceTest(const FilterNode& node) {
    return node.op == Op::kHas && !node.value.quoted && node.value.text == "*";
  }

  absl::Status WritePresence(const Field& field) {
    switch (field.type) {
      case FieldType::kText:
        Add("(" + field.sql + ") <> ''");
        break;
      case FieldType::kTextArray:
        Add("cardinality(" + field.sql + ") > 0");
        break;
      default:
        Add("(" + field.sql + ") IS NOT NULL");
    }
    return absl::OkStatus();
  }

  absl::Status WriteTyped(const FilterNode& node, const Field& field) {
    const std::string& text = node.value.text;
    switch (field.type) {
      case FieldType::kText:
        return WriteText(node, field);
      case FieldType::kInteger: {
        const auto number = ParseNumber<std::int64_t>(text);
        if (!number || node.value.quoted) return ValueError(node, "is no integer of 64 bits");
        return WriteCompared(node, field, *number, "::bigint");
      }
      case FieldType::kNumber: {
        const auto number = ParseNumber<double>(text);
        if (!number || node.value.quoted || !std::isfinite(*number)) return ValueError(node, "is no number");
        return WriteCompared(node, field, *number, "::double precision");
      }
      case FieldType::kTime:
        return WriteTime(node, field);
      case FieldType::kBoolean:
        if (node.value.quoted || (text != "true" && text != "false"))
          return ValueError(node, "is neither true nor false");
        return WriteEqual(node, field, text == "true", "::boolean");
      case FieldType::kUuid: {
        const auto id = Uuid::Parse(text);
        if (!id) return ValueError(node, "is no UUID");
        return WriteEqual(node, field, *id, "::uuid");
      }
      case FieldType::kEnum:
        return WriteEnum(node, field);
      case FieldType::kTextArray:
        if (node.op != Op::kHas) return OperatorError(node, "`:`");
        Add("(" + field.sql + ") @> ARRAY[" + Placeholder(text) + "::text]");
        return absl::OkStatus();
      case FieldType::kTextMap:
        break;
    }
    return absl::InternalError("a field has no type to filter by");
  }

  absl::Status WriteText(const FilterNode& node, const Field& field) {
    if (node.op != Op::kHas) return WriteCompared(node, field, node.value.text, "::text");
    if (field.folded_sql.empty()) {
      Add("(" + field.sql + ") ILIKE " + Placeholder(ContainsPattern(node.value.text)));
    } else {
      Add("(" + field.folded_sql + ") LIKE " + Placeholder(ContainsPattern(FoldName(node.value.text))));
    }
    return absl::OkStatus();
  }

  // A day stands for its first moment in UTC.
  absl::Status WriteTime(const FilterNode& node, const Field& field) {
    absl::StatusOr<Time> time = ParseRfc3339(node.value.text);
    if (const auto date = ParseDate(node.value.text); date.ok()) time = TimeZone::Utc().StartOfDay(*date);
    if (!time.ok()) return ValueError(node, "is no time, for example \"2026-01-31T09:30:00Z\"");
    return WriteCompared(node, field, *time, "::timestamptz");
  }

  absl::Status WriteEnum(const FilterNode& node, const Field& field) {
    std::string names;
    for (const auto& [name, value] : field.enum_values) {
      // Without a cast: the column's own type, a number or a text, decides.
      if (name == node.value.text) return WriteEqual(node, field, value, "");
      names += names.empty() ? name : ", " + name;
    }
    return ValueError(node, "is none of " + names);
  }

  absl::Status WriteMapEntry(const FilterNode& node, const Field& map, const std::string& key) {
    const std::string key_placeholder = Placeholder(key) + "::text";
    const std::string value = "(" + map.sql + " -> " + key_placeholder + ")";
    // A day is an object with one entry; of all else, also of texts, `->>` gives none.
    const std::string entry = "coalesce(" + value + " ->> 'date', " + map.sql + " ->> " + key_placeholder + ")";
    if (IsPresenceTest(node)) {
      Add(entry + " <> ''");
    } else if (node.op == Op::kHas) {
      const std::string element = Placeholder(node.value.text);
      Add("(CASE WHEN jsonb_typeof(" + value + ") = 'array' THEN " + value + " ? " + element + "::text ELSE " + entry +
          " ILIKE " + Placeholder(ContainsPattern(node.value.text)) + " END)");
    } else if (const std::optional<Money> amount = ParseAmount(node.value.text)) {
      WriteAmountEntry(node, value, entry, *amount);
    } else if (IsOrdering(node.op) && !node.value.quoted && ParseNumber<double>(node.value.text)) {
      // CASE, because only it is sure not to cast what is no number.
      Add("(CASE WHEN jsonb_typeof(" + value + ") = 'number' THEN " + entry + "::numeric" + SqlOperator(node.op) +
          Placeholder(node.value.text) + "::numeric END)");
    } else {
      Add(entry + SqlOperator(node.op) + Placeholder(node.value.text) + "::text");
    }
    return absl::OkStatus();
  }

  // An amount compares with amounts; with texts only whether it is the same one.
  void WriteAmountEntry(const FilterNode& node, const std::string& value, const std::string& entry, Money amount) {
    const bool differs = node.op == Op::kNotEquals;
    const std::string currency = Placeholder(amount.currency.code());
    const std::string minor = Placeholder(amount.minor);
    Add("(CASE WHEN " + value + " ->> 'minor' IS NOT NULL THEN " + (differs ? "NOT " : "") + "(" + value +
        " ->> 'currency_code' = " + currency + "::text AND (" + value + " ->> 'minor')::numeric" +
        (differs ? " = " : SqlOperator(node.op)) + minor + "::bigint)");
    if (!IsOrdering(node.op)) Add(" ELSE " + entry + SqlOperator(node.op) + Placeholder(node.value.text) + "::text");
    Add(" END)");
  }

  absl::Status WriteEqual(const FilterNode& node, const Field& field, postgres::Param value, const char* cast) {
    if (IsOrdering(node.op)) return OperatorError(node, "`=`, `!=` and `:`");
    return WriteCompared(node, field, std::move(value), cast);
  }

  absl::Status WriteCompared(const FilterNode& node, const Field& field, postgres::Param value, const char* cast) {
    Add("(" + field.sql + ")" + SqlOperator(node.op) + Placeholder(std::move(value)) + cast);
    return absl::OkStatus();
  }

  void Add(const std::string& sql) { condition_.sql += sql; }

  std::string Placeholder(postgres::Param value) {
    condition_.params.push_back(std::move(value));
    return "$" + std::to_string(next_placeholder_++);
  }

  static absl::Status Error(int column, const std::string& description) {
    return InvalidField("filter", "column " + std::to_string(column) + ": " + description);
  }
  static absl::Status FieldError(const FilterNode& node, const std::string& description) {
    return Error(node.field_column, "`" + node.field + "` " + description);
  }
  static absl::Status ValueError(const FilterNode& node, const std::string& description) {
    return Error(node.value_column, "the value of `" + node.field + "` " + description);
  }
  static absl::Status OperatorError(const FilterNode& node, const std::string& operators) {
    return Error(node.field_column, "`" + node.field + "` is compared by " + operators + " only");
  }

  const FieldTable& fields_;
  int next_placeholder_;
  SqlCondition condition_;
};

}  // namespace

absl::StatusOr<SqlCondition> FilterToSql(std::string_view text, const FieldTable& fields, int first_placeholder) {
  if (Trim(text).empty()) return SqlCondition();
  ESNAF_ASSIGN_OR_RETURN(const FilterNode node, ParseFilter(text));
  SqlWriter writer(fields, first_placeholder);
  ESNAF_RETURN_IF_ERROR(writer.Write(node));
  return std::move(writer).Finish();
}

}  // namespace esnaf::api

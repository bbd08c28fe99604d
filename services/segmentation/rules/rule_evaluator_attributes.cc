// Conditions over the attributes of people.
#include <algorithm>

#include "libs/base/text.h"
#include "services/segmentation/rules/rule_node.h"

namespace esnaf::segmentation {
namespace {

AttributeType TypeOf(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return AttributeType::kText;
    case ColumnType::kInteger:
    case ColumnType::kDecimal:
      return AttributeType::kNumber;
    case ColumnType::kMoney:
      return AttributeType::kMoney;
    case ColumnType::kBoolean:
      return AttributeType::kBoolean;
    case ColumnType::kDate:
      return AttributeType::kDate;
    case ColumnType::kTime:
      return AttributeType::kTime;
    case ColumnType::kTextList:
      break;
  }
  return AttributeType::kTextList;
}

// The same of everybody.
class ConstantNode final : public RuleNode {
 public:
  explicit ConstantNode(Observation observation) : observation_(std::move(observation)) {}
  void Narrow(std::uint32_t, Selection& selection) const override {
    if (!observation_.holds) selection.words.fill(0);
  }
  Observation Observe(PersonRow) const override { return observation_; }
  int cost() const override { return 0; }

 private:
  Observation observation_;
};

// Texts are compared once for each that there is, not for each person.
class TextNode final : public RuleNode {
 public:
  TextNode(const Condition& condition, const AttributeColumn& column) : column_(column) {
    const Dictionary& texts = column.dictionary();
    const TextComparison comparison(condition.op, condition.values, texts.folded());
    holds_.resize(texts.size() + 1);
    holds_[kNoText] = comparison.asks_absence();
    for (TextCode code = 1; code <= texts.size(); ++code) {
      holds_[code] = comparison.Holds(texts.ComparedOf(code), texts.TextOf(code));
    }
  }
  void Narrow(std::uint32_t block, Selection& selection) const override {
    const CompactCodes::Piece codes = column_.TextsAt(block);
    KeepIf(selection, [&](std::uint32_t i) { return holds_[codes.At(i)] != 0; });
  }
  Observation Observe(PersonRow row) const override {
    const Cell cell = column_.Get(row);
    if (cell == kAbsent) return {.holds = holds_[kNoText] != 0, .absent = true};
    const auto code = static_cast<TextCode>(cell);
    return {.holds = holds_[code] != 0, .value = Value(std::string(column_.dictionary().TextOf(code)))};
  }
  int cost() const override { return 1; }

 private:
  const AttributeColumn& column_;
  std::vector<std::uint8_t> holds_;
};

class ScalarNode final : public RuleNode {
 public:
  ScalarNode(const Condition& condition, const AttributeColumn& column, const RuleReference& reference)
      : column_(column),
        comparison_(TypeOf(column.type()), condition.op, condition.values, reference),
        asks_currency_(!comparison_.currency_code().empty()),
        is_of_column_(comparison_.currency_code() == column.currency_code()),
        currency_(column.dictionary().Find(comparison_.currency_code())) {}

  void Narrow(std::uint32_t block, Selection& selection) const override {
    const PersonRow first = block * kBlockRows;
    KeepIf(selection, [&](std::uint32_t i) { return Holds(first + i, column_.Get(first + i)); });
  }
  Observation Observe(PersonRow row) const override {
    const Cell cell = column_.Get(row);
    Observation observation{.holds = Holds(row, cell), .absent = cell == kAbsent};
    if (cell != kAbsent) observation.value = ValueOf(row, cell);
    return observation;
  }
  int cost() const override { return 3; }

 private:
  // An amount in another currency is as good as none.
  bool IsComparable(PersonRow row) const {
    if (!asks_currency_) return true;
    const TextCode own = column_.CurrencyOf(row);
    return own == kNoText ? is_of_column_ : own == currency_;
  }
  bool Holds(PersonRow row, Cell cell) const {
    if (cell == kAbsent) return comparison_.asks_absence();
    if (!IsComparable(row)) return false;
    switch (column_.type()) {
      case ColumnType::kInteger:
        return comparison_.HoldsOfNumber(static_cast<double>(cell));
      case ColumnType::kDecimal:
        return comparison_.HoldsOfNumber(DecimalOf(cell));
      case ColumnType::kTime:
        return comparison_.HoldsOfMoment(cell);
      default:
        return comparison_.HoldsOfInteger(cell);
    }
  }
  Money MoneyOf(PersonRow row, Cell cell) const {
    const TextCode own = column_.CurrencyOf(row);
    const std::string_view code = own == kNoText ? column_.currency_code() : column_.dictionary().TextOf(own);
    return {cell, Currency::Parse(code).value_or(Currency())};
  }
  Value ValueOf(PersonRow row, Cell cell) const {
    switch (column_.type()) {
      case ColumnType::kDecimal:
        return DecimalOf(cell);
      case ColumnType::kMoney:
        return MoneyOf(row, cell);
      case ColumnType::kBoolean:
        return cell != 0;
      case ColumnType::kDate:
        return DateOf(cell);
      case ColumnType::kTime:
        return TimeOf(cell);
      default:
        return cell;
    }
  }

  const AttributeColumn& column_;
  ScalarComparison comparison_;
  bool asks_currency_;
  bool is_of_column_;  // the currency that is asked for
  TextCode currency_;
};

class ListNode final : public RuleNode {
 public:
  ListNode(const Condition& condition, const AttributeColumn& column) : op_(condition.op), column_(column) {
    const Dictionary& texts = column.dictionary();
    std::map<std::string, std::int32_t, std::less<>> wanted;
    for (const Value& value : condition.values) {
      const std::string& text = std::get<std::string>(value);
      wanted.emplace(texts.folded() ? FoldName(text) : text, static_cast<std::int32_t>(wanted.size()));
    }
    wanted_count_ = static_cast<std::int32_t>(wanted.size());
    value_of_.resize(texts.size() + 1, kNone);
    for (TextCode code = 1; code <= texts.size(); ++code) {
      const auto found = wanted.find(texts.ComparedOf(code));
      if (found != wanted.end()) value_of_[code] = found->second;
    }
  }
  void Narrow(std::uint32_t block, Selection& selection) const override {
    const PersonRow first = block * kBlockRows;
    KeepIf(selection, [&](std::uint32_t i) { return Holds(first + i); });
  }
  Observation Observe(PersonRow row) const override {
    Observation observation{.holds = Holds(row), .absent = column_.ListSize(row) == 0};
    for (std::uint32_t i = 0; i < column_.ListSize(row); ++i) {
      observation.list.emplace_back(column_.dictionary().TextOf(column_.ListElement(row, i)));
    }
    std::sort(observation.list.begin(), observation.list.end());
    return observation;
  }
  int cost() const override { return 5; }

 private:
  static constexpr std::int32_t kNone = -1;

  bool Has(PersonRow row, std::int32_t value) const {
    for (std::uint32_t i = 0; i < column_.ListSize(row); ++i) {
      if (value_of_[column_.ListElement(row, i)] == value) return true;
    }
    return false;
  }
  bool HasAny(PersonRow row) const {
    for (std::uint32_t i = 0; i < column_.ListSize(row); ++i) {
      if (value_of_[column_.ListElement(row, i)] != kNone) return true;
    }
    return false;
  }
  bool HasAll(PersonRow row) const {
    for (std::int32_t value = 0; value < wanted_count_; ++value) {
      if (!Has(row, value)) return false;
    }
    return true;
  }
  bool Holds(PersonRow row) const {
    const bool absent = column_.ListSize(row) == 0;
    switch (op_) {
      case Operator::kIsSet:
        return !absent;
      case Operator::kIsNotSet:
        return absent;
      case Operator::kHasAny:
        return HasAny(row);
      case Operator::kHasAll:
        return !absent && HasAll(row);
      case Operator::kHasNone:
        return !absent && !HasAny(row);
      default:
        return false;
    }
  }

  Operator op_;
  const AttributeColumn& column_;
  std::int32_t wanted_count_ = 0;
  std::vector<std::int32_t> value_of_;  // which of the wanted a text is
};

class LengthNode final : public RuleNode {
 public:
  // `column` is null where nobody has such a list.
  LengthNode(const Condition& condition, const AttributeColumn* column, const RuleReference& reference)
      : column_(column), comparison_(AttributeType::kNumber, condition.op, condition.values, reference) {}
  void Narrow(std::uint32_t block, Selection& selection) const override {
    const PersonRow first = block * kBlockRows;
    KeepIf(selection, [&](std::uint32_t i) { return comparison_.HoldsOfNumber(LengthOf(first + i)); });
  }
  Observation Observe(PersonRow row) const override {
    const std::uint32_t length = LengthOf(row);
    return {.holds = comparison_.HoldsOfNumber(length), .value = Value(std::int64_t{length})};
  }
  int cost() const override { return 2; }

 private:
  std::uint32_t LengthOf(PersonRow row) const { return column_ == nullptr ? 0 : column_->ListSize(row); }

  const AttributeColumn* column_;
  ScalarComparison comparison_;
};

// Whether the operator goes with what the column holds: a field whose type has changed may hold something else, which
// then compares to nothing.
bool Fits(const Condition& condition, const AttributeColumn& column) {
  const std::vector<Operator> operators = OperatorsOf(TypeOf(column.type()));
  if (std::find(operators.begin(), operators.end(), condition.op) == operators.end()) return false;
  const auto fits = [&](const Value& value) {
    switch (TypeOf(column.type())) {
      case AttributeType::kText:
      case AttributeType::kEnum:
      case AttributeType::kTextList:
        return std::holds_alternative<std::string>(value);
      case AttributeType::kNumber:
        return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
      case AttributeType::kMoney:
        return std::holds_alternative<Money>(value);
      case AttributeType::kBoolean:
        return std::holds_alternative<bool>(value);
      case AttributeType::kDate:
      case AttributeType::kTime:
        break;
    }
    if (condition.op == Operator::kInMonth) return std::holds_alternative<std::int64_t>(value);
    if (column.type() == ColumnType::kTime && std::holds_alternative<Time>(value)) return true;
    return std::holds_alternative<Date>(value) || std::holds_alternative<Period>(value);
  };
  return std::all_of(condition.values.begin(), condition.values.end(), fits);
}

}  // namespace

std::unique_ptr<RuleNode> MakeAttributeNode(const Condition& condition, const PersonTable& table,
                                            const RuleReference& reference) {
  const auto& operand = std::get<AttributeOperand>(condition.operand);
  const std::optional<std::size_t> index = table.FindColumn(operand.key);
  const AttributeColumn* column = index ? &table.column(*index) : nullptr;
  if (operand.length) return std::make_unique<LengthNode>(condition, column, reference);
  if (column == nullptr || !Fits(condition, *column)) {
    return std::make_unique<ConstantNode>(Observation{.holds = condition.op == Operator::kIsNotSet, .absent = true});
  }
  if (column->type() == ColumnType::kText) return std::make_unique<TextNode>(condition, *column);
  if (column->type() == ColumnType::kTextList) return std::make_unique<ListNode>(condition, *column);
  return std::make_unique<ScalarNode>(condition, *column, reference);
}

}  // namespace esnaf::segmentation

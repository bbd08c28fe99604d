// Conditions over orders and carts. What many facts have in common (store, state, item) is judged once for each
// combination that there is; a fact then costs a look into a table.
#include <algorithm>
#include <limits>
#include <utility>

#include "services/segmentation/rules/rule_node.h"
#include "services/segmentation/rules/rule_time.h"

namespace esnaf::segmentation {
namespace {

using Text = PersonTable::Text;

constexpr std::uint8_t kCompletedState = 2;
constexpr std::uint8_t kCancelledState = 3;

// Whether one filter holds of each text that there is; of the absent one too, at kNoText.
std::vector<std::uint8_t> JudgeTexts(const FactFilter& filter, const Dictionary& texts) {
  const TextComparison comparison(filter.op, filter.values, texts.folded());
  std::vector<std::uint8_t> holds(texts.size() + 1);
  holds[kNoText] = comparison.asks_absence();
  for (TextCode code = 1; code <= texts.size(); ++code) {
    holds[code] = comparison.Holds(texts.ComparedOf(code), texts.TextOf(code));
  }
  return holds;
}

std::string_view StatusOf(FactSource source, std::uint8_t state) {
  if (state == kCancelledState) return "cancelled";
  if (state != kCompletedState) return "open";
  return source == FactSource::kCarts ? "ordered" : "completed";
}

// Which combinations pass the filters of a condition.
struct Judgement {
  std::vector<std::uint8_t> shapes;
  // Empty where no filter asks about lines.
  std::vector<std::uint8_t> items;
  // Whether only what stayed sold counts: orders that are worth something, lines of which pieces were not returned.
  bool only_kept = false;
  std::vector<ScalarComparison> amounts;
};

class Judge {
 public:
  Judge(const AggregateOperand& aggregate, const PersonTable& table, const RuleContext& context)
      : aggregate_(aggregate), table_(table), context_(context) {}

  // `currency_code` is that of the amounts which the condition compares with; empty for any.
  Judgement Take(const std::string& currency_code) && {
    judgement_.shapes.assign(table_.shapes().size(), 1);
    bool asks_status = false;
    for (const FactFilter& filter : aggregate_.filters) {
      asks_status = asks_status || filter.field == "status";
      Apply(filter);
    }
    judgement_.only_kept = aggregate_.source == FactSource::kOrders && !asks_status;
    DropShapes([&](const Shape& shape) {
      if (!asks_status && shape.state == kCancelledState) return true;
      // A return is no order; it only makes sums less.
      if (shape.is_return && aggregate_.function != Function::kSum) return true;
      if (!currency_code.empty() && CurrencyOf(shape) != currency_code) return true;
      return !context_.store_id.empty() && table_.texts(Text::kStore).TextOf(shape.store) != context_.store_id;
    });
    return std::move(judgement_);
  }

 private:
  std::string_view CurrencyOf(const Shape& shape) const { return table_.texts(Text::kCurrency).TextOf(shape.currency); }

  template <typename Drop>
  void DropShapes(const Drop& drop) {
    for (std::size_t i = 0; i < judgement_.shapes.size(); ++i) {
      if (drop(table_.shapes()[i])) judgement_.shapes[i] = 0;
    }
  }

  void Apply(const FactFilter& filter) {
    if (filter.field == "amount") return ApplyAmount(filter);
    if (filter.field == "status") {
      const TextComparison comparison(filter.op, filter.values, false);
      return DropShapes([&](const Shape& shape) {
        const std::string_view status = StatusOf(aggregate_.source, shape.state);
        return !comparison.Holds(status, status);
      });
    }
    if (filter.field == "store") return ApplyToShapes(filter, Text::kStore, &Shape::store);
    if (filter.field == "channel") return ApplyToShapes(filter, Text::kChannel, &Shape::channel);
    if (filter.field == "sku") return ApplyToItems(filter, Text::kSku, &Item::sku);
    if (filter.field == "category") return ApplyToItems(filter, Text::kCategory, &Item::category);
    if (filter.field == "brand") return ApplyToItems(filter, Text::kBrand, &Item::brand);
    ApplyToItems(filter, Text::kSeller, &Item::seller);
  }

  void ApplyAmount(const FactFilter& filter) {
    ScalarComparison comparison(AttributeType::kMoney, filter.op, filter.values, context_.reference);
    // Every fact has an amount.
    if (comparison.asks_absence()) return DropShapes([](const Shape&) { return true; });
    if (!comparison.currency_code().empty()) {
      DropShapes([&](const Shape& shape) { return CurrencyOf(shape) != comparison.currency_code(); });
    }
    judgement_.amounts.push_back(std::move(comparison));
  }

  void ApplyToShapes(const FactFilter& filter, Text text, TextCode Shape::*member) {
    const std::vector<std::uint8_t> holds = JudgeTexts(filter, table_.texts(text));
    DropShapes([&](const Shape& shape) { return holds[shape.*member] == 0; });
  }

  void ApplyToItems(const FactFilter& filter, Text text, TextCode Item::*member) {
    const std::vector<std::uint8_t> holds = JudgeTexts(filter, table_.texts(text));
    judgement_.items.resize(table_.items().size(), 1);
    for (std::size_t i = 0; i < judgement_.items.size(); ++i) {
      if (holds[table_.items()[i].*member] == 0) judgement_.items[i] = 0;
    }
  }

  const AggregateOperand& aggregate_;
  const PersonTable& table_;
  const RuleContext& context_;
  Judgement judgement_;
};

bool AsksLines(const AggregateOperand& aggregate) {
  return std::any_of(aggregate.filters.begin(), aggregate.filters.end(),
                     [](const FactFilter& filter) { return IsLineField(filter.field); });
}

// What the facts of a person come to.
struct Totals {
  std::int64_t count = 0;
  std::int64_t quantity = 0;
  __int128 sum = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
};

std::int64_t Saturated(__int128 number) {
  return static_cast<std::int64_t>(
      std::clamp<__int128>(number, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()));
}

// Where the facts of ascending rows lie. Looked up anew only where a piece of the columns ends: what a row adds is
// found by its distance from the first.
class RunCursor {
 public:
  explicit RunCursor(const FactColumns& columns) : columns_(columns) {}

  // False where the row has none, and for the few whose facts lie in two pieces.
  bool MoveTo(PersonRow row) {
    count_ = columns_.CountOf(row);
    if (count_ == 0) return false;
    const std::uint64_t begin = columns_.BeginOf(row);
    if (begin < base_begin_ || begin + count_ > piece_end_) {
      base_ = columns_.RunOf(row);
      piece_end_ = 0;
      if (!base_) return false;
      base_begin_ = begin;
      piece_end_ = (begin / kBlockRows + 1) * kBlockRows;
    }
    distance_ = static_cast<std::uint32_t>(begin - base_begin_);
    return true;
  }
  std::uint32_t count() const { return count_; }
  std::int64_t Time(std::uint32_t i) const { return base_->times[distance_ + i]; }
  std::uint32_t Shape(std::uint32_t i) const { return base_->shapes[distance_ + i]; }
  std::int64_t NetMinor(std::uint32_t i) const { return base_->nets.At(distance_ + i); }
  std::uint32_t LineCount(std::uint32_t i) const { return base_->line_counts[distance_ + i]; }

 private:
  const FactColumns& columns_;
  std::optional<FactColumns::Run> base_;
  std::uint64_t base_begin_ = 0;
  std::uint64_t piece_end_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t distance_ = 0;
};

class AggregateNode final : public RuleNode {
 public:
  AggregateNode(const Condition& condition, const AggregateOperand& aggregate, const PersonTable& table,
                const RuleContext& context)
      : table_(table),
        columns_(aggregate.source == FactSource::kCarts ? table.carts() : table.orders()),
        source_(aggregate.source),
        function_(aggregate.function),
        asks_lines_(AsksLines(aggregate)),
        reads_lines_(asks_lines_ || aggregate.function == Function::kQuantity),
        comparison_(TypeOf(aggregate.function), condition.op, condition.values, context.reference),
        judgement_(Judge(aggregate, table, context).Take(comparison_.currency_code())),
        // What an order that is worth nothing adds to a sum is nothing, and a return takes away from it.
        only_worth_(judgement_.only_kept && aggregate.function != Function::kSum),
        values_(AcceptedValues()) {
    // Averages are compared as ratios.
    if (function_ != Function::kAverage) accepted_ = comparison_.AcceptedIntegers();
    if (const auto range = RangeOf(aggregate.window, context.reference.as_of, context.reference.zone)) {
      after_ = range->after.time_since_epoch().count();
      until_ = range->until.time_since_epoch().count();
    }
  }

  void Narrow(std::uint32_t block, Selection& selection) const override {
    if (values_ && function_ == Function::kCount) return NarrowBy<Function::kCount>(block, selection);
    if (values_ && function_ == Function::kSum) return NarrowBy<Function::kSum>(block, selection);
    if (values_ && function_ == Function::kAverage) return NarrowBy<Function::kAverage>(block, selection);
    if (values_ && function_ == Function::kQuantity) return NarrowBy<Function::kQuantity>(block, selection);
    if (values_ && function_ == Function::kLastTime) return NarrowBy<Function::kLastTime>(block, selection);
    const PersonRow first = block * kBlockRows;
    KeepIf(selection, [&](std::uint32_t i) { return Holds(TotalsOf(first + i)); });
  }

  Observation Observe(PersonRow row) const override {
    Observation observation{.source = source_};
    const Totals totals = TotalsOf(row, [&](std::uint32_t fact) { observation.facts.push_back(fact); });
    observation.holds = Holds(totals);
    observation.value = ValueOf(totals, observation.facts);
    observation.absent = !observation.value;
    return observation;
  }

  // Who bought nothing of late is the easiest told and leaves the fewest.
  int cost() const override {
    const int base = function_ == Function::kLastTime ? 10 : after_ == kAbsent ? 30 : 20;
    return reads_lines_ ? 4 * base : base;
  }

 private:
  struct Nothing {
    void operator()(std::uint32_t) const {}
  };

  // The same for everybody in a block, as far as facts lie together.
  template <Function kFunction>
  void NarrowBy(std::uint32_t block, Selection& selection) const {
    const PersonRow first = block * kBlockRows;
    RunCursor run(columns_);
    if (kFunction == Function::kQuantity || reads_lines_) {
      KeepIf(selection, [&](std::uint32_t i) {
        const std::optional<Totals> totals =
            run.MoveTo(first + i) ? TotalsOfLines<kFunction>(run, columns_.LineBeginOf(first + i)) : std::nullopt;
        return Holds(totals ? *totals : TotalsOf(first + i));
      });
    } else {
      KeepIf(selection, [&](std::uint32_t i) {
        const std::optional<bool> holds = run.MoveTo(first + i) ? HoldsOfRun<kFunction>(run) : std::nullopt;
        return holds ? *holds : Holds(TotalsOf(first + i));
      });
    }
  }

  bool Counts(std::int64_t time, std::uint32_t shape, std::int64_t value) const {
    return (static_cast<int>(time > after_) & static_cast<int>(time <= until_) & judgement_.shapes[shape] &
            static_cast<int>(value >= values_->low) & static_cast<int>(value <= values_->high)) != 0;
  }

  // Without branches, for whether a fact counts is as good as random. Nullopt where amounts are so large that sums
  // might not fit.
  template <Function kFunction>
  std::optional<bool> HoldsOfRun(const RunCursor& run) const {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::int64_t last = 0;
    bool large = false;
    for (std::uint32_t i = 0; i < run.count(); ++i) {
      const std::int64_t value = run.NetMinor(i);
      const std::int64_t time = run.Time(i);
      const bool counts = Counts(time, run.Shape(i), value);
      count += counts ? 1 : 0;
      if constexpr (kFunction == Function::kSum || kFunction == Function::kAverage) {
        large |= value != static_cast<std::int32_t>(value);
        sum += counts ? static_cast<std::int32_t>(value) : 0;
      }
      if constexpr (kFunction == Function::kLastTime) last = counts ? time : last;
    }
    if (large) return std::nullopt;
    if constexpr (kFunction == Function::kSum) return HoldsOfInteger(sum);
    if constexpr (kFunction == Function::kCount) {
      if (accepted_) return HoldsOfInteger(count);
    }
    if constexpr (kFunction == Function::kLastTime) {
      if (accepted_ && count > 0) return HoldsOfInteger(last);
    }
    return Holds(Totals{.count = count, .sum = sum, .last = last});
  }

  // What lines come to, which begin at `line_end`, as far as the function asks; ends once the answer is known. Nullopt
  // where lines lie in two pieces.
  template <Function kFunction>
  std::optional<Totals> TotalsOfLines(const RunCursor& run, std::uint32_t line_end) const {
    Totals totals;
    for (std::uint32_t i = 0; i < run.count(); ++i) {
      const std::uint32_t line_count = run.LineCount(i);
      const std::uint32_t line_begin = std::exchange(line_end, line_end + line_count);
      std::int64_t value = run.NetMinor(i);
      if (!Counts(run.Time(i), run.Shape(i), value)) continue;
      const std::optional<FactColumns::LineRun> lines = columns_.LinesAt(line_begin, line_count);
      if (!lines && line_count > 0) return std::nullopt;
      const bool any = lines && AddLines<kFunction>(*lines, line_count, run.Shape(i), value, totals.quantity);
      if (asks_lines_ && !any) continue;
      ++totals.count;
      totals.sum += value;
      totals.last = run.Time(i);
      if constexpr (kFunction == Function::kCount) {
        if (IsEnough(totals.count)) break;
      }
      if constexpr (kFunction == Function::kQuantity) {
        if (judgement_.only_kept && IsEnough(totals.quantity)) break;
      }
    }
    return totals;
  }

  // As AddLines below.
  template <Function kFunction>
  bool AddLines(const FactColumns::LineRun& lines, std::uint32_t count, std::uint32_t shape, std::int64_t& value,
                std::int64_t& quantity) const {
    __int128 worth = 0;
    bool any = false;
    for (std::uint32_t line = 0; line < count; ++line) {
      const std::int64_t pieces = lines.quantities.At(line);
      const bool asked = !asks_lines_ || judgement_.items[lines.items[line]] != 0;
      const bool counts = asked && (!judgement_.only_kept || pieces > 0);
      any |= counts;
      quantity += counts ? pieces : 0;
      if constexpr (kFunction == Function::kSum || kFunction == Function::kAverage) {
        worth += counts ? lines.values.At(line) : 0;
      }
    }
    if (asks_lines_) value = Saturated(table_.shapes()[shape].is_return ? -worth : worth);
    return any;
  }

  // Which orders count by what they are worth, where that is all from one amount to another.
  std::optional<ScalarComparison::Interval> AcceptedValues() const {
    ScalarComparison::Interval values{.low = only_worth_ ? 1 : std::numeric_limits<std::int64_t>::min(),
                                      .high = std::numeric_limits<std::int64_t>::max()};
    for (const ScalarComparison& amount : judgement_.amounts) {
      const std::optional<ScalarComparison::Interval> accepted = amount.AcceptedIntegers();
      if (!accepted) return std::nullopt;
      values = {std::max(values.low, accepted->low), std::min(values.high, accepted->high)};
    }
    return values;
  }

  // Whether a count holds whatever more there is.
  bool IsEnough(std::int64_t count) const {
    return accepted_ && count >= accepted_->low && accepted_->high == std::numeric_limits<std::int64_t>::max();
  }

  bool HoldsOfInteger(std::int64_t integer) const {
    return accepted_ ? accepted_->low <= integer && integer <= accepted_->high : comparison_.HoldsOfInteger(integer);
  }

  template <typename Visit = Nothing>
  Totals TotalsOf(PersonRow row, const Visit& visit = Visit()) const {
    Totals totals;
    const std::uint32_t begin = columns_.BeginOf(row);
    const std::uint32_t end = begin + columns_.CountOf(row);
    std::uint32_t line_end = columns_.LineBeginOf(row);
    for (std::uint32_t fact = begin; fact < end; ++fact) {
      const std::uint32_t line_begin = std::exchange(line_end, line_end + columns_.LineCount(fact));
      const std::uint32_t shape = columns_.ShapeOf(fact);
      if (judgement_.shapes[shape] == 0) continue;
      const std::int64_t time = columns_.TimeMicros(fact);
      if (time <= after_ || time > until_) continue;
      std::int64_t value = columns_.NetMinor(fact);
      if (!PassesAmounts(value)) continue;
      std::int64_t quantity = 0;
      if (reads_lines_ && !AddLines(line_begin, line_end, table_.shapes()[shape].is_return, value, quantity)) continue;
      visit(fact);
      ++totals.count;
      totals.quantity += quantity;
      totals.sum += value;
      totals.least = std::min(totals.least, value);
      totals.most = std::max(totals.most, value);
      totals.first = std::min(totals.first, time);
      totals.last = std::max(totals.last, time);
    }
    return totals;
  }

  bool PassesAmounts(std::int64_t value) const {
    if (only_worth_ && value <= 0) return false;
    for (const ScalarComparison& amount : judgement_.amounts) {
      if (!amount.HoldsOfInteger(value)) return false;
    }
    return true;
  }

  // The pieces of the lines that match and, where filters ask about lines, their value; false where there is none.
  bool AddLines(std::uint32_t begin, std::uint32_t end, bool is_return, std::int64_t& value,
                std::int64_t& quantity) const {
    __int128 worth = 0;
    bool any = false;
    for (std::uint32_t line = begin; line < end; ++line) {
      if (asks_lines_ && judgement_.items[columns_.ItemOf(line)] == 0) continue;
      if (judgement_.only_kept && columns_.QuantityOf(line) <= 0) continue;
      any = true;
      quantity += columns_.QuantityOf(line);
      worth += columns_.LineValueMinor(line);
    }
    if (!asks_lines_) return true;
    value = Saturated(is_return ? -worth : worth);
    return any;
  }

  bool Holds(const Totals& totals) const {
    switch (function_) {
      case Function::kCount:
        return accepted_ ? HoldsOfInteger(totals.count) : comparison_.HoldsOfNumber(static_cast<double>(totals.count));
      case Function::kQuantity:
        return accepted_ ? HoldsOfInteger(totals.quantity)
                         : comparison_.HoldsOfNumber(static_cast<double>(totals.quantity));
      case Function::kSum:
        return HoldsOfInteger(Saturated(totals.sum));
      default:
        break;
    }
    if (totals.count == 0) return comparison_.asks_absence();
    switch (function_) {
      case Function::kAverage:
        return comparison_.HoldsOfRatio(totals.sum, totals.count);
      case Function::kMinimum:
        return HoldsOfInteger(totals.least);
      case Function::kMaximum:
        return HoldsOfInteger(totals.most);
      case Function::kFirstTime:
        return accepted_ ? HoldsOfInteger(totals.first) : comparison_.HoldsOfMoment(totals.first);
      default:
        return accepted_ ? HoldsOfInteger(totals.last) : comparison_.HoldsOfMoment(totals.last);
    }
  }

  std::optional<Value> ValueOf(const Totals& totals, const std::vector<std::uint32_t>& facts) const {
    const auto money = [&](std::int64_t minor) {
      std::string code = comparison_.currency_code();
      if (code.empty() && !facts.empty()) {
        code = table_.texts(Text::kCurrency).TextOf(table_.shapes()[columns_.ShapeOf(facts.front())].currency);
      }
      return Value(Money{minor, Currency::Parse(code).value_or(Currency())});
    };
    switch (function_) {
      case Function::kCount:
        return Value(totals.count);
      case Function::kQuantity:
        return Value(totals.quantity);
      case Function::kSum:
        return money(Saturated(totals.sum));
      default:
        break;
    }
    if (totals.count == 0) return std::nullopt;
    switch (function_) {
      case Function::kAverage:
        return money(Saturated(totals.sum / totals.count));
      case Function::kMinimum:
        return money(totals.least);
      case Function::kMaximum:
        return money(totals.most);
      case Function::kFirstTime:
        return Value(TimeOf(totals.first));
      default:
        return Value(TimeOf(totals.last));
    }
  }

  const PersonTable& table_;
  const FactColumns& columns_;
  FactSource source_;
  Function function_;
  bool asks_lines_;
  bool reads_lines_;
  ScalarComparison comparison_;
  std::optional<ScalarComparison::Interval> accepted_;
  Judgement judgement_;
  bool only_worth_;
  // See AcceptedValues.
  std::optional<ScalarComparison::Interval> values_;
  // Facts count that came after the first, up to the second; kAbsent is before every time.
  std::int64_t after_ = kAbsent;
  std::int64_t until_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace

std::unique_ptr<RuleNode> MakeAggregateNode(const Condition& condition, const PersonTable& table,
                                            const RuleContext& context) {
  return std::make_unique<AggregateNode>(condition, std::get<AggregateOperand>(condition.operand), table, context);
}

}  // namespace esnaf::segmentation

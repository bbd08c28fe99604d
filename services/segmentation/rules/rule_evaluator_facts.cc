// Conditions over orders, carts, tickets and answers. Several of one group are asked together, person by person, while
// that person's facts are at hand.
#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "services/segmentation/people/fact_cursor.h"
#include "services/segmentation/rules/fact_judgement.h"
#include "services/segmentation/rules/rule_node.h"
#include "services/segmentation/rules/rule_time.h"

namespace esnaf::segmentation {
namespace {

using Text = PersonTable::Text;

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

// One condition, prepared for one table.
class Aggregate {
 public:
  Aggregate(const Condition& condition, const PersonTable& table, const RuleContext& context)
      : Aggregate(condition, std::get<AggregateOperand>(condition.operand), table, context) {}

  // Whether it holds of a row. `run` lies at the row's facts where `lies` says so.
  bool HoldsOf(PersonRow row, bool lies, const FactCursor& run, LineCursor& lines) const {
    if (!lies || test_ == nullptr) return Holds(TotalsOf(row));
    const std::optional<bool> holds = (this->*test_)(row, run, lines);
    return holds ? *holds : Holds(TotalsOf(row));
  }

  Observation Observe(PersonRow row) const {
    Observation observation{.source = source_};
    const Totals totals = TotalsOf(row, [&](std::uint32_t fact) { observation.facts.push_back(fact); });
    observation.holds = Holds(totals);
    observation.value = ValueOf(totals, observation.facts);
    observation.absent = !observation.value;
    return observation;
  }

  // Who bought nothing of late is the easiest told and leaves the fewest.
  int cost() const {
    const int base = function_ == Function::kLastTime ? 10 : after_ == kAbsent ? 30 : 20;
    return reads_lines_ ? 4 * base : base;
  }

 private:
  // Whether the condition holds by what lies together; nullopt where that does not tell.
  using Test = std::optional<bool> (Aggregate::*)(PersonRow row, const FactCursor& run, LineCursor& lines) const;
  struct Nothing {
    void operator()(std::uint32_t) const {}
  };

  Aggregate(const Condition& condition, const AggregateOperand& aggregate, const PersonTable& table,
            const RuleContext& context)
      : table_(table),
        columns_(FactsOf(table, aggregate.source)),
        source_(aggregate.source),
        function_(aggregate.function),
        asks_lines_(AsksLines(aggregate)),
        reads_lines_(asks_lines_ || aggregate.function == Function::kQuantity),
        comparison_(TypeOf(aggregate.function, aggregate.source), condition.op, condition.values, context.reference),
        judgement_(JudgeFacts(aggregate, table, context, comparison_.currency_code())),
        // What an order that is worth nothing adds to a sum is nothing, and a return takes away from it.
        only_worth_(judgement_.only_kept && aggregate.function != Function::kSum),
        values_(AcceptedValues()) {
    // Averages are compared as ratios.
    if (function_ != Function::kAverage) accepted_ = comparison_.AcceptedIntegers();
    if (accepted_ && accepted_->high == std::numeric_limits<std::int64_t>::max()) enough_ = accepted_->low;
    if (const auto range = RangeOf(aggregate.window, context.reference.as_of, context.reference.zone)) {
      after_ = range->after.time_since_epoch().count();
      until_ = range->until.time_since_epoch().count();
    }
    if (values_) test_ = TestOf(function_);
    if (reads_lines_ && !asks_lines_) judgement_.items.assign(table.items().size(), 1);
  }

  Test TestOf(Function function) const {
    switch (function) {
      case Function::kCount:
        return TestBy<Function::kCount>();
      case Function::kSum:
        return TestBy<Function::kSum>();
      case Function::kAverage:
        return TestBy<Function::kAverage>();
      case Function::kQuantity:
        return TestBy<Function::kQuantity>();
      case Function::kLastTime:
        return TestBy<Function::kLastTime>();
      default:
        return nullptr;
    }
  }
  template <Function kFunction>
  Test TestBy() const {
    return reads_lines_ ? &Aggregate::HoldsOfLines<kFunction> : &Aggregate::HoldsOfRun<kFunction>;
  }

  bool Counts(std::int64_t time, std::uint32_t shape, std::int64_t value) const {
    return (static_cast<int>(time > after_) & static_cast<int>(time <= until_) & judgement_.shapes[shape] &
            static_cast<int>(value >= values_->low) & static_cast<int>(value <= values_->high)) != 0;
  }

  // From the newest fact back, up to where the window begins or more would change nothing; within, no branch asks
  // whether a fact counts, for that is as good as random. Nullopt where amounts are so large that sums might not fit.
  template <Function kFunction>
  std::optional<bool> HoldsOfRun(PersonRow, const FactCursor& run, LineCursor&) const {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    bool large = false;
    for (std::uint32_t i = run.count(); i-- > 0;) {
      const std::int64_t time = run.Time(i);
      if (time <= after_) break;
      const std::int64_t value = run.NetMinor(i);
      const bool counts = Counts(time, run.Shape(i), value);
      if constexpr (kFunction == Function::kLastTime) {
        if (counts) return Holds(Totals{.count = 1, .last = time});
      }
      count += counts ? 1 : 0;
      if constexpr (kFunction == Function::kSum || kFunction == Function::kAverage) {
        large |= value != static_cast<std::int32_t>(value);
        sum += counts ? static_cast<std::int32_t>(value) : 0;
      }
      if constexpr (kFunction == Function::kCount) {
        if (count >= enough_) return true;
      }
    }
    if (large) return std::nullopt;
    if constexpr (kFunction == Function::kSum) return HoldsOfInteger(sum);
    if constexpr (kFunction == Function::kCount) {
      if (accepted_) return HoldsOfInteger(count);
    }
    return Holds(Totals{.count = count, .sum = sum});
  }

  // By lines, as far as the function asks; ends once the answer is known. Nullopt where lines lie in two pieces.
  template <Function kFunction>
  std::optional<bool> HoldsOfLines(PersonRow row, const FactCursor& run, LineCursor& lines) const {
    constexpr bool kWorth = kFunction == Function::kSum || kFunction == Function::kAverage;
    Totals totals;
    std::uint32_t line_end = columns_.LineBeginOf(row);
    for (std::uint32_t i = 0; i < run.count(); ++i) {
      const std::uint32_t line_count = run.LineCount(i);
      const std::uint32_t line_begin = std::exchange(line_end, line_end + line_count);
      const std::int64_t value = run.NetMinor(i);
      if (!Counts(run.Time(i), run.Shape(i), value)) continue;
      if (line_count > 0 && !lines.MoveTo(line_begin, line_count)) return std::nullopt;
      const LineSums<kWorth> sums = SumLines<kWorth>(lines, line_count);
      if (asks_lines_ && !sums.any) continue;
      ++totals.count;
      totals.quantity += sums.quantity;
      totals.last = run.Time(i);
      if constexpr (kWorth) {
        const bool is_return = table_.shapes()[run.Shape(i)].is_return;
        totals.sum += asks_lines_ ? Saturated(is_return ? -sums.worth : sums.worth) : value;
      }
      if constexpr (kFunction == Function::kCount) {
        if (totals.count >= enough_) return true;
      }
      if constexpr (kFunction == Function::kQuantity) {
        if (judgement_.only_kept && totals.quantity >= enough_) return true;
      }
    }
    return Holds(totals);
  }

  // Of the lines that match.
  template <bool kWorth>
  struct LineSums {
    bool any = false;
    std::int64_t quantity = 0;
    std::conditional_t<kWorth, __int128, std::int64_t> worth = 0;
  };
  template <bool kWorth>
  LineSums<kWorth> SumLines(const LineCursor& lines, std::uint32_t count) const {
    LineSums<kWorth> sums;
    const std::uint8_t* const asked = judgement_.items.data();
    const std::int64_t least = judgement_.only_kept ? 1 : std::numeric_limits<std::int64_t>::min();
    for (std::uint32_t line = 0; line < count; ++line) {
      const std::int64_t pieces = lines.Quantity(line);
      const bool counts = (static_cast<int>(asked[lines.Item(line)]) & static_cast<int>(pieces >= least)) != 0;
      sums.any |= counts;
      sums.quantity += counts ? pieces : 0;
      if constexpr (kWorth) sums.worth += counts ? lines.ValueMinor(line) : 0;
    }
    return sums;
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
        return HoldsOfInteger(totals.count);
      case Function::kQuantity:
        return HoldsOfInteger(totals.quantity);
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
    const auto amount = [&](std::int64_t minor) {
      if (source_ == FactSource::kAnswers) return Value(minor);
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
        return amount(Saturated(totals.sum));
      default:
        break;
    }
    if (totals.count == 0) return std::nullopt;
    switch (function_) {
      case Function::kAverage:
        if (source_ == FactSource::kAnswers) {
          return Value(static_cast<double>(totals.sum) / static_cast<double>(totals.count));
        }
        return amount(Saturated(totals.sum / totals.count));
      case Function::kMinimum:
        return amount(totals.least);
      case Function::kMaximum:
        return amount(totals.most);
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
  // From this count on the condition holds whatever more there is.
  std::int64_t enough_ = std::numeric_limits<std::int64_t>::max();
  Judgement judgement_;
  bool only_worth_;
  // See AcceptedValues.
  std::optional<ScalarComparison::Interval> values_;
  // Facts count that came after the first, up to the second; kAbsent is before every time.
  std::int64_t after_ = kAbsent;
  std::int64_t until_ = std::numeric_limits<std::int64_t>::max();
  Test test_ = nullptr;
};

// Conditions over orders, or over carts, of which all must hold, or any.
class AggregatesNode final : public RuleNode {
 public:
  AggregatesNode(const std::vector<const Condition*>& conditions, bool all, const PersonTable& table,
                 const RuleContext& context)
      : columns_(FactsOf(table, SourceOf(*conditions.front()))), all_(all) {
    for (const Condition* condition : conditions) {
      aggregates_.push_back(std::make_unique<Aggregate>(*condition, table, context));
    }
    std::stable_sort(aggregates_.begin(), aggregates_.end(),
                     [](const auto& a, const auto& b) { return a->cost() < b->cost(); });
  }

  void Narrow(std::uint32_t block, Selection& selection) const override {
    const PersonRow first = block * kBlockRows;
    FactCursor run(columns_);
    LineCursor lines(columns_);
    KeepIf(selection, [&](std::uint32_t i) {
      const bool lies = run.MoveTo(first + i);
      for (const auto& aggregate : aggregates_) {
        if (aggregate->HoldsOf(first + i, lies, run, lines) != all_) return !all_;
      }
      return all_;
    });
  }

  Observation Observe(PersonRow row) const override {
    if (aggregates_.size() == 1) return aggregates_.front()->Observe(row);
    const auto holds = [&](const auto& aggregate) { return aggregate->Observe(row).holds == all_; };
    return {.holds = std::all_of(aggregates_.begin(), aggregates_.end(), holds) == all_};
  }

  int cost() const override {
    int sum = 0;
    for (const auto& aggregate : aggregates_) sum += aggregate->cost();
    return sum;
  }

 private:
  static FactSource SourceOf(const Condition& condition) {
    return std::get<AggregateOperand>(condition.operand).source;
  }

  const FactColumns& columns_;
  bool all_;
  std::vector<std::unique_ptr<Aggregate>> aggregates_;
};

}  // namespace

std::unique_ptr<RuleNode> MakeAggregatesNode(const std::vector<const Condition*>& conditions, bool all,
                                             const PersonTable& table, const RuleContext& context) {
  return std::make_unique<AggregatesNode>(conditions, all, table, context);
}

}  // namespace esnaf::segmentation

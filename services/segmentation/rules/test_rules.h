#pragma once

// Random rules that may stand, for property tests.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// A catalogue with a field of each type and two RFM policies.
inline const Catalogue& TestCatalogue() {
  static const Catalogue kCatalogue({{"shoe_size", "Ayakkabı numarası", AttributeType::kNumber},
                                     {"birthday", "Doğum günü", AttributeType::kDate},
                                     {"vip", "VIP", AttributeType::kBoolean},
                                     {"note", "Not", AttributeType::kText},
                                     {"size", "Beden", AttributeType::kEnum, {"S", "M", "L"}},
                                     {"budget", "Bütçe", AttributeType::kMoney},
                                     {"sizes", "Bedenler", AttributeType::kTextList, {"S", "M", "L"}}},
                                    {{"default", {"champions", "loyal", "hibernating"}}, {"web-shop", {"best"}}});
  return kCatalogue;
}

class RandomRules {
 public:
  explicit RandomRules(std::uint64_t seed) : random_(seed) {}

  Rule Next() {
    budget_ = 20;
    return Make(0);
  }

  std::int64_t Number(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  bool Chance(int percent) { return Number(1, 100) <= percent; }
  template <typename T>
  const T& Of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(Number(0, static_cast<std::int64_t>(all.size()) - 1))];
  }

 private:
  Rule Make(int depth) {
    if (depth >= 5 || budget_ <= 0 || Chance(40)) return {MakeCondition()};
    Group group{Of<Combinator>({Combinator::kAll, Combinator::kAny, Combinator::kNone}), {}};
    const std::int64_t count = Number(1, 4);
    for (std::int64_t i = 0; i < count; ++i) group.rules.push_back(Make(depth + 1));
    return {std::move(group)};
  }

  Condition MakeCondition() {
    --budget_;
    const std::int64_t kind = Number(0, 9);
    if (kind == 0) return {SegmentOperand{Of<std::string>({"loyal", "win-back", "2024"})}, Operator::kHolds, {}};
    if (kind == 1) {
      return {
          SampleOperand{static_cast<std::int32_t>(Number(1, 9999)), Chance(50) ? Text() : ""}, Operator::kHolds, {}};
    }
    Condition condition;
    if (kind < 5) {
      const AggregateOperand aggregate = MakeAggregate();
      condition.operand = aggregate;
      Compare(TypeOf(aggregate.function, aggregate.source), {}, condition.op, condition.values);
      return condition;
    }
    const Attribute& attribute = Of(TestCatalogue().attributes());
    const bool length = attribute.type == AttributeType::kTextList && Chance(30);
    condition.operand = AttributeOperand{attribute.key, length};
    Compare(length ? AttributeType::kNumber : attribute.type, attribute.options, condition.op, condition.values);
    return condition;
  }

  AggregateOperand MakeAggregate() {
    AggregateOperand aggregate;
    aggregate.source = Chance(60) ? FactSource::kOrders : Of<FactSource>({kFactSources.begin(), kFactSources.end()});
    aggregate.function = Of(FunctionsOf(aggregate.source));
    aggregate.window = MakeWindow();
    while (Chance(35)) {
      const Attribute& field = Of(Catalogue::Fields(aggregate.source));
      FactFilter filter{field.key, Operator::kEquals, {}};
      Compare(field.type, field.options, filter.op, filter.values);
      aggregate.filters.push_back(std::move(filter));
      --budget_;
    }
    return aggregate;
  }

  Window MakeWindow() {
    Window window;
    window.kind = static_cast<Window::Kind>(Number(0, 3));
    if (window.kind == Window::Kind::kLast) window.near = Length(1);
    if (window.kind == Window::Kind::kBetweenAgo) {
      window.near = {static_cast<std::int32_t>(Number(0, 20)), TimeUnit::kDay};
      window.far = {static_cast<std::int32_t>(Number(1, 50)), TimeUnit::kMonth};
    }
    if (window.kind == Window::Kind::kBetweenDates) {
      window.from = Day();
      window.to = std::max(Day(), window.from);
    }
    return window;
  }

  void Compare(AttributeType type, const std::vector<std::string>& options, Operator& op, std::vector<Value>& values) {
    op = Of(OperatorsOf(type));
    switch (op) {
      case Operator::kIsSet:
      case Operator::kIsNotSet:
      case Operator::kAnniversaryThisMonth:
        return;
      case Operator::kInLast:
      case Operator::kInNext:
      case Operator::kMoreThanAgo:
        values = {Length(1, type == AttributeType::kDate)};
        return;
      case Operator::kAnniversaryInLast:
      case Operator::kAnniversaryInNext:
        values = {Period{static_cast<std::int32_t>(Number(1, 52)), Of<TimeUnit>({TimeUnit::kDay, TimeUnit::kWeek})}};
        return;
      case Operator::kBetweenAgo:
        values = {Period{static_cast<std::int32_t>(Number(0, 6)), TimeUnit::kDay},
                  Period{static_cast<std::int32_t>(Number(1, 50)), TimeUnit::kWeek}};
        return;
      case Operator::kInMonth:
        values = {Number(1, 12)};
        return;
      case Operator::kBetween:
        return Range(type, values);
      case Operator::kMatches:
      case Operator::kNotMatches:
        values = {std::string(Of<std::string>({"^a.*z$", "(?i)şeker", "[0-9]{2,5}"}))};
        return;
      case Operator::kIn:
      case Operator::kNotIn:
      case Operator::kHasAny:
      case Operator::kHasAll:
      case Operator::kHasNone:
        do values.push_back(One(type, options, op));
        while (Chance(50));
        return;
      default:
        values = {One(type, options, op)};
    }
  }

  void Range(AttributeType type, std::vector<Value>& values) {
    if (type == AttributeType::kNumber) {
      const std::int64_t low = Number(-1000, 1000);
      values = {low, low + Number(0, 1000)};
    } else if (type == AttributeType::kMoney) {
      const std::int64_t low = Number(-1000, 1000);
      const Currency currency = AnyCurrency();
      values = {Money{low, currency}, Money{low + Number(0, 1000), currency}};
    } else {
      const Date low = Day();
      values = {low, std::max(low, Day())};
    }
  }

  Value One(AttributeType type, const std::vector<std::string>& options, Operator op) {
    switch (type) {
      case AttributeType::kNumber:
        if (Chance(50)) return Number(INT64_MIN, INT64_MAX);
        return std::ldexp(static_cast<double>(Number(-(1LL << 53), 1LL << 53)), static_cast<int>(Number(-900, 900)));
      case AttributeType::kMoney:
        return Money{Number(-1'000'000'000'000, 1'000'000'000'000), AnyCurrency()};
      case AttributeType::kBoolean:
        return Chance(50);
      case AttributeType::kDate:
        if (Chance(30)) return Period{static_cast<std::int32_t>(Number(-100000, 100000)), TimeUnit::kMonth};
        return Day();
      case AttributeType::kTime:
        if (Chance(30)) return Day();
        if (Chance(50) && op != Operator::kEquals && op != Operator::kNotEquals) {
          return Period{static_cast<std::int32_t>(Number(-100000, 100000)), Unit()};
        }
        return Time(Duration(Number(-60'000'000'000'000'000, 250'000'000'000'000'000)));
      case AttributeType::kEnum:
      case AttributeType::kTextList:
        if (!options.empty()) return Of(options);
        [[fallthrough]];
      case AttributeType::kText:
        break;
    }
    return Text();
  }

  Currency AnyCurrency() { return Currency::Parse(Of<std::string>({"TRY", "EUR", "JPY", "KWD"})).value(); }
  TimeUnit Unit() { return static_cast<TimeUnit>(Number(0, 4)); }
  Period Length(std::int32_t least, bool days = false) {
    return {static_cast<std::int32_t>(Number(least, 100000)), days ? TimeUnit::kDay : Unit()};
  }
  Date Day() { return Date(std::chrono::sys_days(std::chrono::days(Number(-719'000, 2'900'000)))); }
  std::string Text() {
    static const std::vector<std::string> kPieces = {"a", "Z", "ş", "İ", "ı", " ",   "\"", "\\", "\n",  "\t",
                                                     "'", "(", ")", "%", "😀", "AND", "7",  "\r", "\x01"};
    std::string text;
    do text += Of(kPieces);
    while (Chance(70));
    return text;
  }

  std::mt19937_64 random_;
  int budget_ = 0;
};

}  // namespace esnaf::segmentation

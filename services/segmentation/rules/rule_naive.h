#pragma once

// What rules mean, written as plainly as possible and slowly, over records: what the evaluator is tested against.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/text.h"
#include "re2/re2.h"
#include "services/segmentation/people/person_record.h"
#include "services/segmentation/rules/attribute.h"
#include "services/segmentation/rules/rule.h"
#include "services/segmentation/rules/rule_comparison.h"
#include "services/segmentation/rules/rule_time.h"

namespace esnaf::segmentation {

class NaiveRules {
 public:
  NaiveRules(RuleReference reference, std::string store_id, std::map<std::string, std::set<Uuid>> segments)
      : reference_(std::move(reference)), store_id_(std::move(store_id)), segments_(std::move(segments)) {}

  // A person of one profile.
  bool Holds(const Rule& rule, const PersonRecord& person) const {
    if (const Condition* condition = rule.condition()) return Holds(*condition, person);
    int holding = 0;
    for (const Rule& part : rule.group()->rules) holding += Holds(part, person);
    if (rule.group()->combinator == Combinator::kAny) return holding > 0;
    if (rule.group()->combinator == Combinator::kNone) return holding == 0;
    return holding == static_cast<int>(rule.group()->rules.size());
  }

 private:
  // What a person has: nullopt, a scalar, or texts of a list.
  struct Had {
    std::optional<Value> value;
    bool folded = false;
  };

  bool Holds(const Condition& condition, const PersonRecord& person) const {
    if (const auto* segment = std::get_if<SegmentOperand>(&condition.operand)) {
      const auto found = segments_.find(segment->segment_id);
      return found != segments_.end() && found->second.contains(person.contact_id);
    }
    if (const auto* sample = std::get_if<SampleOperand>(&condition.operand)) {
      return Sampler(*sample).Takes(person.contact_id);
    }
    if (const auto* aggregate = std::get_if<AggregateOperand>(&condition.operand)) {
      return HoldsOfFacts(*aggregate, condition, person);
    }
    const auto& attribute = std::get<AttributeOperand>(condition.operand);
    if (attribute.key == "contact.tags" || attribute.key == "custom.sizes") {
      const std::set<std::string> texts = ListOf(attribute.key, person);
      return attribute.length
                 ? Compare(condition.op, Value(static_cast<std::int64_t>(texts.size())), condition.values, false)
                 : HoldsOfList(texts, attribute.key == "contact.tags", condition);
    }
    const Had had = AttributeOf(attribute.key, person);
    return Compare(condition.op, had.value, condition.values, had.folded);
  }

  // The person's tags or options, each once.
  static std::set<std::string> ListOf(const std::string& key, const PersonRecord& person) {
    if (person.profiles.empty()) return {};
    const Profile& profile = person.profiles[0];
    if (key == "contact.tags") return {profile.tags.begin(), profile.tags.end()};
    const auto found = profile.custom_fields.find(key.substr(7));
    if (found == profile.custom_fields.end()) return {};
    const auto& options = std::get<std::vector<std::string>>(found->second);
    return {options.begin(), options.end()};
  }

  static bool HoldsOfList(const std::set<std::string>& texts, bool folded, const Condition& condition) {
    const auto fold = [&](const std::string& text) { return folded ? FoldName(text) : text; };
    std::set<std::string> has;
    for (const std::string& text : texts) has.insert(fold(text));
    if (condition.op == Operator::kIsSet) return !texts.empty();
    if (condition.op == Operator::kIsNotSet) return texts.empty();
    if (texts.empty()) return false;
    int found = 0;
    for (const Value& value : condition.values) found += has.contains(fold(std::get<std::string>(value)));
    if (condition.op == Operator::kHasAny) return found > 0;
    if (condition.op == Operator::kHasNone) return found == 0;
    return found == static_cast<int>(condition.values.size());
  }

  static Value ValueOf(const std::vector<std::string>&) { return {}; }
  template <typename T>
  static Value ValueOf(const T& value) {
    return Value(value);
  }
  static Had Text(const std::string& text, bool folded) {
    return {text.empty() ? std::optional<Value>() : Value(text), folded};
  }

  Had AttributeOf(const std::string& key, const PersonRecord& person) const {
    if (key.starts_with("consent.")) {
      for (const ConsentWord& word : person.words) {
        if (key == "consent." + word.purpose + "." + word.channel) return Text(word.granted ? "ONAY" : "RET", false);
      }
      return {};
    }
    if (key.starts_with("rfm.")) return ScoreOf(key, person);
    if (key.starts_with("acquisition.")) return AcquisitionOf(key, person);
    for (const DerivedValue& value : person.values) {
      if (value.key != key) continue;
      if (value.type == ColumnType::kDecimal) return {Value(value.number), false};
      if (value.type == ColumnType::kDate) return {Value(DateOf(value.minor)), false};
      return {Value(Money{value.minor, Currency::Parse(value.currency_code).value()}), false};
    }
    if (person.profiles.empty()) return {};
    const Profile& profile = person.profiles[0];
    if (key.starts_with("custom.")) {
      const auto found = profile.custom_fields.find(key.substr(7));
      if (found == profile.custom_fields.end()) return {};
      if (std::holds_alternative<std::vector<std::string>>(found->second)) return {};  // see ListOf
      return std::visit([](const auto& value) { return Had{ValueOf(value), true}; }, found->second);
    }
    if (key == "contact.city") return Text(profile.city, true);
    if (key == "contact.company_name") return Text(profile.company_name, true);
    if (key == "contact.country") return Text(profile.country_code, false);
    if (key == "contact.family_name") return Text(profile.family_name, true);
    if (key == "contact.given_name") return Text(profile.given_name, true);
    if (key == "contact.lifecycle_stage") return Text(profile.lifecycle_stage, true);
    if (key == "contact.locale") return Text(profile.locale, false);
    if (key == "contact.owner") return Text(profile.owner, true);
    if (key == "contact.has_email") return {Value(profile.has_email), false};
    if (key == "contact.has_phone") return {Value(profile.has_phone), false};
    if (key == "contact.create_time") return {Value(profile.create_time), false};
    return {};
  }

  static Had AcquisitionOf(const std::string& key, const PersonRecord& person) {
    const Acquisition* first = nullptr;
    for (const Acquisition& one : person.acquisitions) {
      const bool same_time = first != nullptr && one.place_time == first->place_time;
      if (first == nullptr || one.place_time < first->place_time || (same_time && one.order_id < first->order_id)) {
        first = &one;
      }
    }
    if (first == nullptr) return {};
    if (key == "acquisition.campaign") return Text(first->campaign, true);
    if (key == "acquisition.channel") return Text(first->channel, true);
    if (key == "acquisition.medium") return Text(first->medium, true);
    return Text(first->source, true);
  }

  static Had ScoreOf(const std::string& key, const PersonRecord& person) {
    for (const ScoreFacts& score : person.scores) {
      const std::string prefix = score.policy_id == "default" ? "rfm." : "rfm." + score.policy_id + ".";
      if (key == prefix + "label") return Text(score.label, false);
      if (key == prefix + "recency_score") return {Value(std::int64_t{score.recency_score}), false};
      if (key == prefix + "frequency_score") return {Value(std::int64_t{score.frequency_score}), false};
      if (key == prefix + "monetary_score") return {Value(std::int64_t{score.monetary_score}), false};
    }
    return {};
  }

  static const std::vector<FactRecord>& FactsOf(FactSource source, const PersonRecord& person) {
    return source == FactSource::kOrders    ? person.orders
           : source == FactSource::kCarts   ? person.carts
           : source == FactSource::kTickets ? person.tickets
                                            : person.answers;
  }

  static std::string FieldOf(FactSource source, const FactRecord& fact, const std::string& field) {
    if (field == "store") return fact.store_id;
    if (field == "channel") return fact.channel;
    if (field == "kind") return fact.channel;
    const bool ticket = source == FactSource::kTickets;
    if (fact.cancelled) return ticket ? "spam" : "cancelled";
    return !fact.completed ? "open" : source == FactSource::kCarts ? "ordered" : ticket ? "solved" : "completed";
  }
  static std::string FieldOf(const FactLine& line, const std::string& field) {
    if (field == "sku" || field == "product") return line.sku;
    if (field == "category" || field == "type") return line.category;
    if (field == "brand" || field == "priority") return line.brand;
    return line.seller_id;
  }

  bool HoldsOfFacts(const AggregateOperand& aggregate, const Condition& condition, const PersonRecord& person) const {
    __int128 sum = 0;
    std::int64_t count = 0, quantity = 0;
    std::vector<std::int64_t> amounts;
    std::vector<Time> times;
    for (const FactRecord& fact : FactsOf(aggregate.source, person)) {
      std::int64_t amount = fact.net_minor, pieces = 0;
      if (!Counts(aggregate, condition, fact, amount, pieces)) continue;
      ++count;
      quantity += pieces;
      sum += amount;
      amounts.push_back(amount);
      times.push_back(fact.time);
    }
    std::sort(amounts.begin(), amounts.end());
    std::sort(times.begin(), times.end());
    const Currency currency = CurrencyOf(condition.values);
    const auto compare = [&](std::optional<Value> value) {
      return Compare(condition.op, value, condition.values, false);
    };
    const bool answers = aggregate.source == FactSource::kAnswers;
    const auto money = [&](std::int64_t minor) { return answers ? Value(minor) : Value(Money{minor, currency}); };
    if (aggregate.function == Function::kCount) return compare(Value(count));
    if (aggregate.function == Function::kQuantity) return compare(Value(quantity));
    if (aggregate.function == Function::kSum) return compare(money(static_cast<std::int64_t>(sum)));
    if (count == 0) return compare(std::nullopt);
    if (aggregate.function == Function::kMinimum) return compare(money(amounts.front()));
    if (aggregate.function == Function::kMaximum) return compare(money(amounts.back()));
    if (aggregate.function == Function::kFirstTime) return compare(Value(times.front()));
    if (aggregate.function == Function::kLastTime) return compare(Value(times.back()));
    if (answers) return compare(Value(static_cast<double>(sum) / static_cast<double>(count)));
    // The average, compared exactly: all amounts, times the count.
    std::vector<Value> scaled = condition.values;
    for (Value& value : scaled) std::get<Money>(value).minor *= count;
    return Compare(condition.op, money(static_cast<std::int64_t>(sum)), scaled, false);
  }

  static Currency CurrencyOf(const std::vector<Value>& values) {
    for (const Value& value : values) {
      if (const auto* money = std::get_if<Money>(&value)) return money->currency;
    }
    return Currency();
  }

  bool Counts(const AggregateOperand& aggregate, const Condition& condition, const FactRecord& fact,
              std::int64_t& amount, std::int64_t& pieces) const {
    const auto asks = [&](const auto& test) {
      return std::any_of(aggregate.filters.begin(), aggregate.filters.end(), test);
    };
    const bool only_kept =
        aggregate.source == FactSource::kOrders && !asks([](const FactFilter& f) { return f.field == "status"; });
    if (fact.cancelled && !asks([](const FactFilter& f) { return f.field == "status"; })) return false;
    if (only_kept && aggregate.function != Function::kSum && fact.net_minor <= 0) return false;
    if (fact.is_return && aggregate.function != Function::kSum) return false;
    if (!store_id_.empty() && fact.store_id != store_id_) return false;
    const Currency currency = CurrencyOf(condition.values);
    if (!currency.empty() && fact.currency_code != currency.code()) return false;
    if (const auto range = RangeOf(aggregate.window, reference_.as_of, reference_.zone)) {
      if (!range->Contains(fact.time)) return false;
    }
    const bool priced = aggregate.source == FactSource::kOrders || aggregate.source == FactSource::kCarts;
    const Money worth{fact.net_minor, priced ? Currency::Parse(fact.currency_code).value() : Currency()};
    for (const FactFilter& filter : aggregate.filters) {
      if (IsLineField(filter.field)) continue;
      const auto compare = [&](const Value& value) { return Compare(filter.op, value, filter.values, false); };
      const bool holds = filter.field == "amount"  ? compare(worth)
                         : filter.field == "score" ? compare(fact.net_minor)
                         : filter.field == "breached"
                             ? compare(fact.net_minor != 0)
                             : Compare(filter.op, Text(FieldOf(aggregate.source, fact, filter.field), false).value,
                                       filter.values, false);
      if (!holds) return false;
    }
    const bool asks_lines = asks([](const FactFilter& f) { return IsLineField(f.field); });
    std::int64_t value = 0;
    bool any = false;
    for (const FactLine& line : ParseLines(fact.lines)) {
      if (!std::all_of(aggregate.filters.begin(), aggregate.filters.end(), [&](const FactFilter& filter) {
            return !IsLineField(filter.field) ||
                   Compare(filter.op, Text(FieldOf(line, filter.field), false).value, filter.values,
                           filter.field == "brand" || filter.field == "category" || filter.field == "priority" ||
                               filter.field == "type");
          })) {
        continue;
      }
      if (only_kept && line.quantity <= 0) continue;
      any = true;
      pieces += line.quantity;
      value += line.value_minor;
    }
    if (asks_lines) amount = fact.is_return ? -value : value;
    return any || !asks_lines;
  }

  // ---- Comparisons

  bool Compare(Operator op, const std::optional<Value>& had, const std::vector<Value>& values, bool folded) const {
    if (op == Operator::kIsSet) return had.has_value();
    if (op == Operator::kIsNotSet) return !had.has_value();
    if (!had) return false;
    if (const auto* text = std::get_if<std::string>(&*had)) return CompareText(op, *text, values, folded);
    if (const auto* time = std::get_if<Time>(&*had)) return CompareTime(op, *time, values);
    if (const auto* day = std::get_if<Date>(&*had)) return CompareDay(op, *day, values);
    return ByOrder(op, values, [&](const Value& value) { return Order(*had, value); });
  }

  bool CompareText(Operator op, const std::string& text, const std::vector<Value>& values, bool folded) const {
    const auto fold = [&](const std::string& t) { return folded ? FoldName(t) : t; };
    const std::string has = fold(text);
    const std::string raw = std::get<std::string>(values.at(0));
    const std::string wanted = fold(raw);
    const bool among = std::any_of(values.begin(), values.end(),
                                   [&](const Value& value) { return fold(std::get<std::string>(value)) == has; });
    switch (op) {
      case Operator::kEquals:
      case Operator::kIn:
        return among;
      case Operator::kNotEquals:
      case Operator::kNotIn:
        return !among;
      case Operator::kContains:
        return has.find(wanted) != std::string::npos;
      case Operator::kNotContains:
        return has.find(wanted) == std::string::npos;
      case Operator::kStartsWith:
        return has.substr(0, wanted.size()) == wanted;
      case Operator::kNotStartsWith:
        return has.substr(0, wanted.size()) != wanted;
      case Operator::kEndsWith:
        return has.size() >= wanted.size() && has.substr(has.size() - wanted.size()) == wanted;
      case Operator::kNotEndsWith:
        return has.size() < wanted.size() || has.substr(has.size() - wanted.size()) != wanted;
      default:
        return re2::RE2::PartialMatch(text, raw) == (op == Operator::kMatches);
    }
  }

  static bool IsAnniversary(Operator op) {
    return op == Operator::kAnniversaryInNext || op == Operator::kAnniversaryInLast ||
           op == Operator::kAnniversaryThisMonth || op == Operator::kInMonth;
  }
  static bool IsRange(Operator op) {
    return op == Operator::kInLast || op == Operator::kInNext || op == Operator::kMoreThanAgo ||
           op == Operator::kBetweenAgo;
  }

  bool CompareTime(Operator op, Time time, const std::vector<Value>& values) const {
    if (IsAnniversary(op)) return CompareDay(op, reference_.zone.LocalDate(time), values);
    if (IsRange(op)) return RangeOf(op, values, reference_.as_of, reference_.zone).Contains(time);
    return ByOrder(op, values, [&](const Value& value) {
      if (const auto* day = std::get_if<Date>(&value)) return Sign(reference_.zone.LocalDate(time), *day);
      if (const auto* period = std::get_if<Period>(&value)) {
        return Sign(time, Shift(reference_.as_of, *period, 1, reference_.zone));
      }
      return Sign(time, std::get<Time>(value));
    });
  }

  bool CompareDay(Operator op, Date day, const std::vector<Value>& values) const {
    const Date today = reference_.zone.LocalDate(reference_.as_of);
    if (IsAnniversary(op)) return AnniversaryHolds(op, values, day, today);
    if (IsRange(op)) return RangeOf(op, values, today).Contains(day);
    return ByOrder(op, values, [&](const Value& value) {
      if (const auto* period = std::get_if<Period>(&value)) return Sign(day, Shift(today, *period, 1));
      return Sign(day, std::get<Date>(value));
    });
  }

  template <typename T>
  static int Sign(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
  }
  static double NumberOf(const Value& value) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
    return std::get<double>(value);
  }
  // Nullopt where they cannot be compared.
  static std::optional<int> Order(const Value& a, const Value& b) {
    if (const auto* money = std::get_if<Money>(&a)) {
      const Money& other = std::get<Money>(b);
      if (money->currency != other.currency) return std::nullopt;
      return Sign(money->minor, other.minor);
    }
    if (const auto* truth = std::get_if<bool>(&a)) return Sign(*truth, std::get<bool>(b));
    return Sign(NumberOf(a), NumberOf(b));
  }

  template <typename Order>
  static bool ByOrder(Operator op, const std::vector<Value>& values, const Order& order) {
    std::vector<int> signs;
    for (const Value& value : values) {
      const std::optional<int> sign = order(value);
      if (!sign) return false;
      signs.push_back(*sign);
    }
    const bool among = std::find(signs.begin(), signs.end(), 0) != signs.end();
    switch (op) {
      case Operator::kEquals:
      case Operator::kIn:
        return among;
      case Operator::kNotEquals:
      case Operator::kNotIn:
        return !among;
      case Operator::kLess:
        return signs[0] < 0;
      case Operator::kLessOrEquals:
        return signs[0] <= 0;
      case Operator::kGreater:
        return signs[0] > 0;
      case Operator::kGreaterOrEquals:
        return signs[0] >= 0;
      default:
        return signs[0] >= 0 && signs[1] <= 0;
    }
  }

  RuleReference reference_;
  std::string store_id_;
  std::map<std::string, std::set<Uuid>> segments_;
};

}  // namespace esnaf::segmentation

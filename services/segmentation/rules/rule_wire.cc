#include "services/segmentation/rules/rule_wire.h"

#include <type_traits>
#include <utility>

#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

std::string_view TextOf(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

// Reads a message and notes everything that the tree cannot hold.
class RuleReader {
 public:
  explicit RuleReader(FieldViolations& violations) : violations_(violations) {}

  Rule Read(const v1::Rule& message, const std::string& path) {
    switch (message.node_case()) {
      case v1::Rule::kGroup:
        return {ReadGroup(message.group(), path + ".group")};
      case v1::Rule::kCondition:
        return {ReadCondition(message.condition(), path + ".condition")};
      case v1::Rule::NODE_NOT_SET:
        break;
    }
    violations_.Add(path, "is neither a group nor a condition");
    return {};
  }

 private:
  Group ReadGroup(const v1::RuleGroup& message, const std::string& path) {
    Group group{Number<Combinator>(message.combinator(), v1::RULE_COMBINATOR_NONE, path + ".combinator"), {}};
    for (int i = 0; i < message.rules_size(); ++i) {
      group.rules.push_back(Read(message.rules(i), absl::StrCat(path, ".rules[", i, "]")));
    }
    return group;
  }

  Condition ReadCondition(const v1::RuleCondition& message, const std::string& path) {
    Condition condition;
    switch (message.operand_case()) {
      case v1::RuleCondition::kAttribute:
        condition.operand = AttributeOperand{message.attribute().key(), message.attribute().length()};
        break;
      case v1::RuleCondition::kAggregate:
        condition.operand = ReadAggregate(message.aggregate(), path + ".aggregate");
        break;
      case v1::RuleCondition::kMembership:
        condition.operand = SegmentOperand{message.membership().segment_id()};
        break;
      case v1::RuleCondition::kSample:
        condition.operand = SampleOperand{message.sample().basis_points(), message.sample().seed()};
        break;
      case v1::RuleCondition::OPERAND_NOT_SET:
        violations_.Add(path, "has no operand: attribute, aggregate, membership or sample");
        return condition;
    }
    const bool may_be_left_out = message.has_membership() || message.has_sample();
    condition.op = message.operator_() == v1::RULE_OPERATOR_UNSPECIFIED && may_be_left_out
                       ? Operator::kHolds
                       : ReadOperator(message.operator_(), path);
    condition.values = ReadValues(message.values(), path);
    return condition;
  }

  AggregateOperand ReadAggregate(const v1::RuleAggregate& message, const std::string& path) {
    AggregateOperand aggregate;
    aggregate.function = Number<Function>(message.function(), v1::RULE_FUNCTION_QUANTITY, path + ".function");
    aggregate.source = Number<FactSource>(message.source(), v1::RULE_FACT_SOURCE_ANSWERS, path + ".source");
    aggregate.window = ReadWindow(message.window(), path + ".window");
    for (int i = 0; i < message.filters_size(); ++i) {
      const v1::RuleFactFilter& filter = message.filters(i);
      const std::string filter_path = absl::StrCat(path, ".filters[", i, "]");
      aggregate.filters.push_back(
          {filter.field(), ReadOperator(filter.operator_(), filter_path), ReadValues(filter.values(), filter_path)});
    }
    return aggregate;
  }

  Window ReadWindow(const v1::RuleWindow& message, const std::string& path) {
    Window window;
    switch (message.kind_case()) {
      case v1::RuleWindow::kLast:
        window.kind = Window::Kind::kLast;
        window.near = ReadPeriod(message.last(), path + ".last");
        break;
      case v1::RuleWindow::kBetweenAgo:
        window.kind = Window::Kind::kBetweenAgo;
        window.near = ReadPeriod(message.between_ago().near(), path + ".between_ago.near");
        window.far = ReadPeriod(message.between_ago().far(), path + ".between_ago.far");
        break;
      case v1::RuleWindow::kBetweenDates:
        window.kind = Window::Kind::kBetweenDates;
        window.from = ReadDate(message.between_dates().from_date(), path + ".between_dates.from_date");
        window.to = ReadDate(message.between_dates().to_date(), path + ".between_dates.to_date");
        break;
      case v1::RuleWindow::KIND_NOT_SET:
        break;
    }
    return window;
  }

  Operator ReadOperator(v1::RuleOperator op, const std::string& path) {
    return Number<Operator>(op, v1::RULE_OPERATOR_HOLDS, path + ".operator");
  }

  std::vector<Value> ReadValues(const google::protobuf::RepeatedPtrField<v1::RuleValue>& messages,
                                const std::string& path) {
    std::vector<Value> values;
    for (int i = 0; i < messages.size(); ++i) {
      values.push_back(ReadValue(messages[i], absl::StrCat(path, ".values[", i, "]")));
    }
    return values;
  }

  Value ReadValue(const v1::RuleValue& message, const std::string& path) {
    switch (message.kind_case()) {
      case v1::RuleValue::kText:
        return message.text();
      case v1::RuleValue::kInteger:
        return std::int64_t{message.integer()};
      case v1::RuleValue::kDecimal:
        return message.decimal();
      case v1::RuleValue::kMoney:
        return Good(api::FromProto(message.money(), path + ".money"), path);
      case v1::RuleValue::kBoolean:
        return message.boolean();
      case v1::RuleValue::kDate:
        return ReadDate(message.date(), path + ".date");
      case v1::RuleValue::kTime:
        return Good(api::FromProto(message.time(), path + ".time"), path);
      case v1::RuleValue::kPeriod:
        return ReadPeriod(message.period(), path + ".period");
      case v1::RuleValue::KIND_NOT_SET:
        break;
    }
    violations_.Add(path, "has no value");
    return std::int64_t{0};
  }

  Period ReadPeriod(const v1::RulePeriod& message, const std::string& path) {
    // The tree counts its units from 0.
    const int unit = static_cast<int>(message.unit()) - 1;
    if (unit < static_cast<int>(TimeUnit::kHour) || unit > static_cast<int>(TimeUnit::kYear)) {
      violations_.Add(path + ".unit", "is no unit of time");
      return {};
    }
    return {message.count(), static_cast<TimeUnit>(unit)};
  }

  Date ReadDate(const std::string& text, const std::string& path) {
    const absl::StatusOr<Date> date = ParseDate(text);
    if (date.ok()) return *date;
    violations_.Add(path, TextOf(date.status()));
    return {};
  }

  // A value that was read, or none and the reason noted.
  template <typename T>
  Value Good(absl::StatusOr<T> value, const std::string& path) {
    if (value.ok()) return *std::move(value);
    const auto fields = ErrorFields(value.status());
    for (const auto& [field, description] : fields) violations_.Add(field, description);
    if (fields.empty()) violations_.Add(path, TextOf(value.status()));
    return std::int64_t{0};
  }

  // The tree's enums have the contract's numbers from 1 on.
  template <typename Enum, typename Message>
  Enum Number(Message number, Message last, const std::string& path) {
    if (static_cast<int>(number) >= 1 && static_cast<int>(number) <= static_cast<int>(last)) {
      return static_cast<Enum>(number);
    }
    violations_.Add(path, static_cast<int>(number) == 0 ? "is not given" : "is unknown");
    return static_cast<Enum>(1);
  }

  FieldViolations& violations_;
};

void PeriodToProto(Period period, v1::RulePeriod* message) {
  message->set_count(period.count);
  message->set_unit(static_cast<v1::RuleTimeUnit>(static_cast<int>(period.unit) + 1));
}

void ValueToProto(const Value& value, v1::RuleValue* message) {
  struct Writer {
    v1::RuleValue* message;
    void operator()(const std::string& text) const { message->set_text(text); }
    void operator()(std::int64_t number) const { message->set_integer(number); }
    void operator()(double number) const { message->set_decimal(number); }
    void operator()(const Money& money) const { *message->mutable_money() = api::ToProto(money); }
    void operator()(bool truth) const { message->set_boolean(truth); }
    void operator()(Date date) const { message->set_date(FormatDate(date)); }
    void operator()(Time time) const { *message->mutable_time() = api::ToProto(time); }
    void operator()(Period period) const { PeriodToProto(period, message->mutable_period()); }
  };
  std::visit(Writer{message}, value);
}

void WindowToProto(const Window& window, v1::RuleWindow* message) {
  switch (window.kind) {
    case Window::Kind::kAll:
      return;
    case Window::Kind::kLast:
      return PeriodToProto(window.near, message->mutable_last());
    case Window::Kind::kBetweenAgo:
      PeriodToProto(window.near, message->mutable_between_ago()->mutable_near());
      return PeriodToProto(window.far, message->mutable_between_ago()->mutable_far());
    case Window::Kind::kBetweenDates:
      message->mutable_between_dates()->set_from_date(FormatDate(window.from));
      message->mutable_between_dates()->set_to_date(FormatDate(window.to));
      return;
  }
}

void AggregateToProto(const AggregateOperand& aggregate, v1::RuleAggregate* message) {
  message->set_function(static_cast<v1::RuleFunction>(aggregate.function));
  message->set_source(static_cast<v1::RuleFactSource>(aggregate.source));
  if (aggregate.window.kind != Window::Kind::kAll) WindowToProto(aggregate.window, message->mutable_window());
  for (const FactFilter& filter : aggregate.filters) {
    v1::RuleFactFilter* out = message->add_filters();
    out->set_field(filter.field);
    out->set_operator_(static_cast<v1::RuleOperator>(filter.op));
    for (const Value& value : filter.values) ValueToProto(value, out->add_values());
  }
}

void ConditionToProto(const Condition& condition, v1::RuleCondition* message) {
  if (const auto* attribute = std::get_if<AttributeOperand>(&condition.operand)) {
    message->mutable_attribute()->set_key(attribute->key);
    message->mutable_attribute()->set_length(attribute->length);
  } else if (const auto* aggregate = std::get_if<AggregateOperand>(&condition.operand)) {
    AggregateToProto(*aggregate, message->mutable_aggregate());
  } else if (const auto* segment = std::get_if<SegmentOperand>(&condition.operand)) {
    message->mutable_membership()->set_segment_id(segment->segment_id);
  } else {
    const auto& sample = std::get<SampleOperand>(condition.operand);
    message->mutable_sample()->set_basis_points(sample.basis_points);
    message->mutable_sample()->set_seed(sample.seed);
  }
  message->set_operator_(static_cast<v1::RuleOperator>(condition.op));
  for (const Value& value : condition.values) ValueToProto(value, message->add_values());
}

}  // namespace

absl::StatusOr<Rule> RuleFromProto(const v1::Rule& message, std::string_view prefix) {
  FieldViolations violations;
  Rule rule = RuleReader(violations).Read(message, std::string(prefix) + "rule");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return rule;
}

v1::Rule RuleToProto(const Rule& rule) {
  v1::Rule message;
  if (const Condition* condition = rule.condition()) {
    ConditionToProto(*condition, message.mutable_condition());
    return message;
  }
  const Group& group = *rule.group();
  message.mutable_group()->set_combinator(static_cast<v1::RuleCombinator>(group.combinator));
  for (const Rule& part : group.rules) *message.mutable_group()->add_rules() = RuleToProto(part);
  return message;
}

v1::RuleAttributeInfo AttributeToProto(const Attribute& attribute, std::optional<FactSource> source) {
  v1::RuleAttributeInfo message;
  message.set_key(attribute.key);
  message.set_type(static_cast<v1::RuleType>(attribute.type));
  if (source) message.set_source(static_cast<v1::RuleFactSource>(*source));
  for (const std::string& option : attribute.options) message.add_options(option);
  message.set_description_tr(attribute.description_tr);
  message.set_description_en(attribute.description_en);
  for (const Operator op : OperatorsOf(attribute.type)) message.add_operators(static_cast<v1::RuleOperator>(op));
  return message;
}

}  // namespace esnaf::segmentation

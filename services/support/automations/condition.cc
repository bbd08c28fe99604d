#include "services/support/automations/condition.h"

#include <charconv>
#include <functional>

#include "absl/strings/str_join.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/tickets/ticket_list.h"

namespace esnaf::support {
namespace {

using api::FieldType;
using Op = api::FilterOperator;
using Getter = std::function<FieldValue(const AutomationFacts&)>;

template <typename T>
FieldValue Maybe(const std::optional<T>& value) {
  return value ? FieldValue(*value) : FieldValue();
}
FieldValue MaybeId(const std::optional<Uuid>& id) { return id ? FieldValue(id->ToString()) : FieldValue(); }
FieldValue HoursSince(const std::optional<Time>& since, Time now) {
  if (!since) return {};
  return std::chrono::duration<double, std::ratio<3600>>(now - *since).count();
}
template <typename Enum>
FieldValue Number(Enum value) {
  return std::to_string(static_cast<int>(value));
}

void AddTicketFields(std::map<std::string, Getter>& getters) {
  const auto add = [&getters](const char* name, FieldValue (*get)(const Ticket&)) {
    getters[name] = [get](const AutomationFacts& facts) { return get(facts.ticket); };
  };
  add("number", [](const Ticket& t) { return FieldValue(t.number); });
  add("external_id", [](const Ticket& t) { return FieldValue(t.external_id); });
  add("store_id", [](const Ticket& t) { return FieldValue(t.store_id); });
  add("subject", [](const Ticket& t) { return FieldValue(t.subject); });
  add("contact_id", [](const Ticket& t) { return MaybeId(t.contact_id); });
  add("state", [](const Ticket& t) { return Number(t.state); });
  add("priority", [](const Ticket& t) { return Number(t.priority); });
  add("type", [](const Ticket& t) { return FieldValue(t.type); });
  add("channel", [](const Ticket& t) { return Number(t.channel); });
  add("team", [](const Ticket& t) { return FieldValue(t.team); });
  add("assignee", [](const Ticket& t) { return FieldValue(t.assignee); });
  add("tags", [](const Ticket& t) { return FieldValue(t.tags); });
  add("followers", [](const Ticket& t) { return FieldValue(t.followers); });
  add("custom_fields", [](const Ticket& t) { return FieldValue(t.custom_fields); });
  add("order_id", [](const Ticket& t) { return MaybeId(t.order_id); });
  add("seller_id", [](const Ticket& t) { return FieldValue(t.seller_id); });
  add("product_id", [](const Ticket& t) { return FieldValue(t.product_id); });
  add("parent_id", [](const Ticket& t) { return MaybeId(t.parent_id); });
  add("follow_up_of_id", [](const Ticket& t) { return MaybeId(t.follow_up_of_id); });
  add("sla_policy_id", [](const Ticket& t) { return FieldValue(t.sla.policy_id); });
  add("breached", [](const Ticket& t) { return FieldValue(t.sla.breached); });
  add("next_due_time", [](const Ticket& t) { return Maybe(t.sla.next_due_time); });
  add("hold_until_time", [](const Ticket& t) { return Maybe(t.hold_until); });
  add("solve_time", [](const Ticket& t) { return Maybe(t.solve_time); });
  add("create_time", [](const Ticket& t) { return FieldValue(t.create_time); });
  add("update_time", [](const Ticket& t) { return FieldValue(t.update_time); });
  add("last_customer_time", [](const Ticket& t) { return Maybe(t.last_customer_time); });
  add("last_agent_time", [](const Ticket& t) { return Maybe(t.last_agent_time); });
  add("message_count", [](const Ticket& t) { return FieldValue(static_cast<std::int64_t>(t.message_count)); });
  add("reopen_count", [](const Ticket& t) { return FieldValue(static_cast<std::int64_t>(t.reopen_count)); });
}

const std::map<std::string, Getter>& Getters() {
  static const auto* const kGetters = [] {
    auto* getters = new std::map<std::string, Getter>;
    AddTicketFields(*getters);
    using Facts = AutomationFacts;
    const auto add = [getters](const char* name, Getter get) { (*getters)[name] = std::move(get); };
    add("hours_since_create", [](const Facts& f) { return HoursSince(f.ticket.create_time, f.now); });
    add("hours_since_update", [](const Facts& f) { return HoursSince(f.times.touch_time, f.now); });
    add("hours_since_customer", [](const Facts& f) { return HoursSince(f.ticket.last_customer_time, f.now); });
    add("hours_since_agent", [](const Facts& f) { return HoursSince(f.ticket.last_agent_time, f.now); });
    add("hours_in_state", [](const Facts& f) { return HoursSince(f.times.state_time, f.now); });
    add("clv", [](const Facts& f) {
      if (!f.standing) return FieldValue();
      double units = static_cast<double>(f.standing->clv_minor);
      for (int i = 0; i < f.standing->currency.exponent(); ++i) units /= 10;
      return FieldValue(units);
    });
    add("churn_probability",
        [](const Facts& f) { return f.standing ? Maybe(f.standing->churn_probability) : FieldValue(); });
    add("author", [](const Facts& f) { return f.event.author ? Number(*f.event.author) : FieldValue(); });
    add("actor", [](const Facts& f) { return f.event.actor.empty() ? FieldValue() : FieldValue(f.event.actor); });
    add("message_text", [](const Facts& f) { return Maybe(f.event.message_text); });
    add("previous_state", [](const Facts& f) { return Maybe(f.event.previous_state); });
    add("previous_priority", [](const Facts& f) { return Maybe(f.event.previous_priority); });
    add("previous_assignee", [](const Facts& f) { return Maybe(f.event.previous_assignee); });
    add("previous_team", [](const Facts& f) { return Maybe(f.event.previous_team); });
    add("sla_metric", [](const Facts& f) { return Maybe(f.event.sla_metric); });
    add("survey_id", [](const Facts& f) { return Maybe(f.event.survey_id); });
    add("survey_score", [](const Facts& f) {
      return f.event.survey_score ? FieldValue(static_cast<std::int64_t>(*f.event.survey_score)) : FieldValue();
    });
    return getters;
  }();
  return *kGetters;
}

// The names of an enum of tickets as texts.
std::vector<std::pair<std::string, std::string>> NamesOf(const char* field) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& [name, number] : TicketFields().Find(field)->enum_values) names.emplace_back(name, name);
  return names;
}

// The field that a comparison names, and the key of a map.
const api::Field* FieldOf(const api::FilterNode& node, std::string& key) {
  if (const api::Field* field = ConditionFields().Find(node.field)) return field;
  const std::size_t dot = node.field.find('.');
  key = node.field.substr(dot + 1);
  return ConditionFields().Find(node.field.substr(0, dot));
}

// The value that a comparison is about: of a map its entry.
FieldValue ValueOf(const api::FilterNode& node, const AutomationFacts& facts) {
  std::string key;
  const api::Field* const field = FieldOf(node, key);
  const FieldValue value = Getters().at(field->name)(facts);
  if (field->type != FieldType::kTextMap) return value;
  const auto& map = std::get<std::map<std::string, std::string>>(value);
  const auto entry = map.find(key);
  return entry == map.end() ? FieldValue() : FieldValue(entry->second);
}

template <typename T>
bool Compare(const T& left, Op op, const T& right) {
  switch (op) {
    case Op::kEquals:
    case Op::kHas:
      return left == right;
    case Op::kNotEquals:
      return left != right;
    case Op::kLess:
      return left < right;
    case Op::kGreater:
      return left > right;
    case Op::kLessOrEquals:
      return left <= right;
    case Op::kGreaterOrEquals:
      return left >= right;
  }
  return false;
}

template <typename Number>
Number NumberOf(const std::string& text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Time TimeOf(const std::string& text) {
  if (const auto date = ParseDate(text); date.ok()) return TimeZone::Utc().StartOfDay(*date);
  const absl::StatusOr<Time> time = ParseRfc3339(text);
  return time.ok() ? *time : Time();
}

bool IsPresent(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return !text->empty();
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return !list->empty();
  return !std::holds_alternative<std::monostate>(value);
}

bool HasText(const api::Field& field, const AutomationFacts& facts, const std::string& text, const std::string& part) {
  if (field.folded_sql.empty()) return LowerCase(text).find(LowerCase(part)) != std::string::npos;
  // The subject is looked for as the list does, in all that a search looks at.
  const std::string folded = field.name == "subject" ? SearchTextOf(facts.ticket) : FoldName(text);
  return folded.find(FoldName(part)) != std::string::npos;
}

// Of a comparison that Parse has let through.
bool Holds(const api::FilterNode& node, const AutomationFacts& facts) {
  std::string key;
  const api::Field& field = *FieldOf(node, key);
  const FieldValue value = ValueOf(node, facts);
  const std::string& text = node.value.text;
  if (node.op == Op::kHas && !node.value.quoted && text == "*") return IsPresent(value);
  if (std::holds_alternative<std::monostate>(value)) return node.op == Op::kNotEquals;
  switch (field.type) {
    case FieldType::kInteger:
      return Compare(std::get<std::int64_t>(value), node.op, NumberOf<std::int64_t>(text));
    case FieldType::kNumber:
      return Compare(std::get<double>(value), node.op, NumberOf<double>(text));
    case FieldType::kTime:
      return Compare(std::get<Time>(value), node.op, TimeOf(text));
    case FieldType::kBoolean:
      return Compare(std::get<bool>(value), node.op, text == "true");
    case FieldType::kTextArray: {
      const auto& list = std::get<std::vector<std::string>>(value);
      return std::find(list.begin(), list.end(), text) != list.end();
    }
    case FieldType::kUuid:
      return Compare(std::get<std::string>(value), node.op, Uuid::Parse(text).value_or(Uuid()).ToString());
    case FieldType::kEnum: {
      const auto named = std::find_if(field.enum_values.begin(), field.enum_values.end(),
                                      [&](const auto& entry) { return entry.first == text; });
      return Compare(std::get<std::string>(value), node.op, named->second);
    }
    case FieldType::kText:
    case FieldType::kTextMap:
      if (node.op == Op::kHas) return HasText(field, facts, std::get<std::string>(value), text);
      return Compare(std::get<std::string>(value), node.op, text);
  }
  return false;
}

bool Fits(const api::FilterNode& node, const AutomationFacts& facts) {
  const auto fits = [&facts](const api::FilterNode& child) { return Fits(child, facts); };
  switch (node.kind) {
    case api::FilterNode::Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), fits);
    case api::FilterNode::Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), fits);
    case api::FilterNode::Kind::kNot:
      return !Fits(node.children[0], facts);
    case api::FilterNode::Kind::kComparison:
      return Holds(node, facts);
  }
  return false;
}

// Runs are kept: of a message they tell no more than what it was about.
constexpr std::size_t kMostShownBytes = 200;

// As people read it; none where it is missing.
std::optional<std::string> Show(const api::Field& field, const FieldValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value)) {
    for (const auto& [name, number] : field.enum_values) {
      if (number == *text) return name;
    }
    return *text;
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return absl::StrCat(*number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* time = std::get_if<Time>(&value)) return FormatRfc3339(*time);
  return absl::StrJoin(std::get<std::vector<std::string>>(value), ", ");
}

void AddValues(const api::FilterNode& node, const AutomationFacts& facts, std::map<std::string, std::string>& values) {
  for (const api::FilterNode& child : node.children) AddValues(child, facts, values);
  if (node.kind != api::FilterNode::Kind::kComparison) return;
  std::string key;
  const auto shown = Show(*FieldOf(node, key), ValueOf(node, facts));
  if (shown) values[node.field] = Truncate(*shown, kMostShownBytes);
}

absl::Status CheckOrders(const api::FilterNode& node) {
  for (const api::FilterNode& child : node.children) ESNAF_RETURN_IF_ERROR(CheckOrders(child));
  if (node.kind != api::FilterNode::Kind::kComparison) return absl::OkStatus();
  std::string key;
  const FieldType type = FieldOf(node, key)->type;
  const bool by_order = node.op != Op::kEquals && node.op != Op::kNotEquals && node.op != Op::kHas;
  if (by_order && (type == FieldType::kText || type == FieldType::kTextMap)) {
    return InvalidField("filter", absl::StrCat("column ", node.field_column, ": `", node.field,
                                               "` is compared by `=`, `!=` and `:` only"));
  }
  return absl::OkStatus();
}

}  // namespace

const api::FieldTable& ConditionFields() {
  static const auto* const kFields = [] {
    auto* table = new api::FieldTable(TicketFields());
    const auto add = [table](const char* name, FieldType type,
                             std::vector<std::pair<std::string, std::string>> names = {}) {
      table->fields.push_back(
          {.name = name, .sql = "NULL", .type = type, .nullable = true, .enum_values = std::move(names)});
    };
    for (const char* name : {"last_customer_time", "last_agent_time"}) add(name, FieldType::kTime);
    for (const char* name : {"message_count", "reopen_count", "survey_score"}) add(name, FieldType::kInteger);
    for (const char* name : {"hours_since_create", "hours_since_update", "hours_since_customer", "hours_since_agent",
                             "hours_in_state", "clv", "churn_probability"}) {
      add(name, FieldType::kNumber);
    }
    for (const char* name : {"actor", "previous_assignee", "previous_team", "survey_id"}) add(name, FieldType::kText);
    // Looked for as FoldName has it.
    table->fields.push_back({.name = "message_text", .sql = "NULL", .nullable = true, .folded_sql = "NULL"});
    add("author", FieldType::kEnum, {{"CUSTOMER", "1"}, {"AGENT", "2"}, {"SYSTEM", "3"}});
    add("previous_state", FieldType::kEnum, NamesOf("state"));
    add("previous_priority", FieldType::kEnum, NamesOf("priority"));
    add("sla_metric", FieldType::kEnum,
        {{"FIRST_RESPONSE", "FIRST_RESPONSE"}, {"NEXT_RESPONSE", "NEXT_RESPONSE"}, {"RESOLUTION", "RESOLUTION"}});
    return table;
  }();
  return *kFields;
}

absl::StatusOr<Condition> Condition::Parse(const std::string& text) {
  ESNAF_ASSIGN_OR_RETURN(api::FilterNode node, api::ParseFilter(text));
  // Says of the fields and values whatever is wrong with them.
  ESNAF_RETURN_IF_ERROR(api::FilterToSql(text, ConditionFields(), 1).status());
  ESNAF_RETURN_IF_ERROR(CheckOrders(node));
  return Condition(text, std::move(node));
}

ConditionOutcome Condition::Judge(const AutomationFacts& facts) const {
  ConditionOutcome outcome{.condition = text_, .holds = Fits(node_, facts)};
  AddValues(node_, facts, outcome.values);
  return outcome;
}

}  // namespace esnaf::support

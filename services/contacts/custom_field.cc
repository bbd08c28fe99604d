#include "services/contacts/custom_field.h"

#include <set>

namespace esnaf::contacts {
namespace {

bool IsOption(const CustomField& definition, const std::string& text) {
  return std::find(definition.options.begin(), definition.options.end(), text) != definition.options.end();
}

bool HasOptions(CustomFieldType type) { return type == CustomFieldType::kEnum || type == CustomFieldType::kMultiEnum; }

// What is wrong with the value; nullptr where nothing is.
const char* FindProblem(const CustomValue& value, const CustomField& definition) {
  switch (definition.type) {
    case CustomFieldType::kText:
      return std::holds_alternative<std::string>(value) ? nullptr : "is no text";
    case CustomFieldType::kNumber:
      return std::holds_alternative<double>(value) ? nullptr : "is no number";
    case CustomFieldType::kBoolean:
      return std::holds_alternative<bool>(value) ? nullptr : "is neither true nor false";
    case CustomFieldType::kDate:
      return std::holds_alternative<Date>(value) ? nullptr : "is no date";
    case CustomFieldType::kEnum: {
      const auto* option = std::get_if<std::string>(&value);
      return option != nullptr && IsOption(definition, *option) ? nullptr : "is none of the options";
    }
    case CustomFieldType::kMoney:
      return std::holds_alternative<Money>(value) ? nullptr : "is no amount of money";
    case CustomFieldType::kMultiEnum:
      return std::holds_alternative<std::vector<std::string>>(value) ? nullptr : "is no list of options";
    default:
      return "has a definition without a type";
  }
}

void CheckOptions(const std::vector<std::string>& options, const CustomField& definition, const std::string& name,
                  FieldViolations& violations) {
  for (const std::string& option : options) {
    if (!IsOption(definition, option)) violations.Add(name, "has \"" + option + "\", which is none of the options");
  }
}

}  // namespace

CustomField Apply(const CustomField& known, const CustomFieldChange& change) {
  CustomField changed = known;
  if (change.display_name) changed.display_name = *change.display_name;
  if (change.options) changed.options = *change.options;
  return changed;
}

std::vector<std::string> OptionsGone(const CustomField& before, const CustomField& after) {
  std::vector<std::string> gone;
  for (const std::string& option : before.options) {
    if (std::find(after.options.begin(), after.options.end(), option) == after.options.end()) gone.push_back(option);
  }
  return gone;
}

void CheckDefinition(const CustomField& field, FieldViolations& violations) {
  if (!IsKey(field.key)) violations.Add("custom_field.key", "is not of the form [a-z][a-z0-9_]{0,62}");
  CheckText(field.display_name, "custom_field.display_name", kMaxTextBytes, violations);
  const bool known = field.type >= CustomFieldType::kText && field.type <= CustomFieldType::kMultiEnum;
  if (!known) violations.Add("custom_field.type", "is no type of field");
  if (HasOptions(field.type)) {
    if (field.options.empty()) violations.Add("custom_field.options", "is empty");
  } else if (known && !field.options.empty()) {
    violations.Add("custom_field.options", "is only for the types ENUM and MULTI_ENUM");
  }
  if (field.options.size() > kMaxOptions) violations.Add("custom_field.options", "has more than 200 options");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < field.options.size(); ++i) {
    const std::string name = "custom_field.options[" + std::to_string(i) + "]";
    if (field.options[i].empty()) violations.Add(name, "is empty");
    CheckText(field.options[i], name, kMaxTextBytes, violations);
    if (!seen.insert(field.options[i]).second) violations.Add(name, "comes twice");
  }
}

void CheckValues(const CustomFields& values, const std::vector<CustomField>& definitions, FieldViolations& violations) {
  for (const auto& [key, value] : values) {
    const auto definition = std::find_if(definitions.begin(), definitions.end(),
                                         [&key = key](const CustomField& field) { return field.key == key; });
    const char* problem = definition == definitions.end() ? "is not defined" : FindProblem(value, *definition);
    const std::string name = "contact.custom_fields." + key;
    if (problem != nullptr) {
      violations.Add(name, problem);
    } else if (definition->type == CustomFieldType::kMultiEnum) {
      CheckOptions(std::get<std::vector<std::string>>(value), *definition, name, violations);
    }
  }
}

}  // namespace esnaf::contacts

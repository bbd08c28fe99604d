#include "services/contacts/custom_field.h"

#include <set>

namespace esnaf::contacts {
namespace {

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
      const auto& options = definition.options;
      const bool known = option != nullptr && std::find(options.begin(), options.end(), *option) != options.end();
      return known ? nullptr : "is none of the options";
    }
    default:
      return "has a definition without a type";
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
  const bool known = field.type >= CustomFieldType::kText && field.type <= CustomFieldType::kEnum;
  if (!known) violations.Add("custom_field.type", "is no type of field");
  if (field.type == CustomFieldType::kEnum) {
    if (field.options.empty()) violations.Add("custom_field.options", "is empty");
  } else if (known && !field.options.empty()) {
    violations.Add("custom_field.options", "is only for the type ENUM");
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
    if (problem != nullptr) violations.Add("contact.custom_fields." + key, problem);
  }
}

}  // namespace esnaf::contacts

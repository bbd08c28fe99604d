#pragma once

// The definitions of the shop's own contact fields, and whether values keep them.
#include <optional>
#include <string>
#include <vector>

#include "services/contacts/contact.h"

namespace esnaf::contacts {

// The numbers are those of esnaf.contacts.v1.CustomFieldType.
enum class CustomFieldType {
  kUnspecified = 0,
  kText = 1,
  kNumber = 2,
  kBoolean = 3,
  kDate = 4,
  kEnum = 5,
  kMoney = 6,
  kMultiEnum = 7
};

struct CustomField {
  std::string key;
  std::string display_name;
  CustomFieldType type = CustomFieldType::kUnspecified;
  std::vector<std::string> options;
  bool operator==(const CustomField&) const = default;
};

// What a definition may be changed to: its options and what people read, each where it is given.
struct CustomFieldChange {
  std::optional<std::string> display_name;
  std::optional<std::vector<std::string>> options;
};
CustomField Apply(const CustomField& known, const CustomFieldChange& change);
// The options that one has and the other has no more.
std::vector<std::string> OptionsGone(const CustomField& before, const CustomField& after);

inline constexpr std::size_t kMaxOptions = 200;

// Says what is wrong with a definition, under `custom_field.`.
void CheckDefinition(const CustomField& field, FieldViolations& violations);
// Says which values have no definition, or are not of its type, under `contact.custom_fields.`.
void CheckValues(const CustomFields& values, const std::vector<CustomField>& definitions, FieldViolations& violations);

}  // namespace esnaf::contacts

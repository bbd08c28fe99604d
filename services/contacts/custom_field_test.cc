#include "services/contacts/custom_field.h"

#include "libs/testing/catch.h"

namespace esnaf::contacts {
namespace {

const std::vector<CustomField> kDefinitions = {{"note", "Not", CustomFieldType::kText, {}},
                                               {"shoe", "Ayakkabı", CustomFieldType::kNumber, {}},
                                               {"member", "Üye", CustomFieldType::kBoolean, {}},
                                               {"since", "Tarih", CustomFieldType::kDate, {}},
                                               {"budget", "Bütçe", CustomFieldType::kMoney, {}},
                                               {"sizes", "Bedenler", CustomFieldType::kMultiEnum, {"M", "L", "XL"}},
                                               {"size", "Beden", CustomFieldType::kEnum, {"M", "L"}}};
const Money kBudget{150000, Currency::Parse("TRY").value()};
using Options = std::vector<std::string>;

std::string Problems(const CustomFields& values) {
  FieldViolations violations;
  CheckValues(values, kDefinitions, violations);
  std::string problems;
  for (const auto& [field, problem] : ErrorFields(violations.ToStatus())) problems += field + " " + problem + ";";
  return problems;
}

TEST_CASE("values of the defined types are fine") {
  const Date day = ParseDate("2026-01-31").value();
  CHECK(Problems({{"note", "x"}, {"shoe", 42.5}, {"member", true}, {"since", day}, {"size", "L"}}).empty());
  CHECK(Problems({{"budget", kBudget}, {"sizes", Options{"L", "M"}}}).empty());
}

TEST_CASE("a value of another type, an unknown option or an undefined key is named") {
  CHECK(Problems({{"shoe", "42"}}) == "contact.custom_fields.shoe is no number;");
  CHECK(Problems({{"note", 1.0}}) == "contact.custom_fields.note is no text;");
  CHECK(Problems({{"since", "2026-01-31"}}) == "contact.custom_fields.since is no date;");
  CHECK(Problems({{"member", 1.0}}) == "contact.custom_fields.member is neither true nor false;");
  CHECK(Problems({{"size", "XL"}}) == "contact.custom_fields.size is none of the options;");
  CHECK(Problems({{"budget", 1500.0}}) == "contact.custom_fields.budget is no amount of money;");
  CHECK(Problems({{"shoe", kBudget}}) == "contact.custom_fields.shoe is no number;");
  CHECK(Problems({{"sizes", "L"}}) == "contact.custom_fields.sizes is no list of options;");
  CHECK(Problems({{"size", Options{"L"}}}) == "contact.custom_fields.size is none of the options;");
  CHECK(Problems({{"sizes", Options{"L", "S"}}}) ==
        "contact.custom_fields.sizes has \"S\", which is none of the options;");
  CHECK(Problems({{"other", "x"}}) == "contact.custom_fields.other is not defined;");
}

TEST_CASE("a definition needs a key, a type, and options exactly where it is an ENUM or MULTI_ENUM") {
  const auto bad = [](const CustomField& field) {
    FieldViolations violations;
    CheckDefinition(field, violations);
    std::string fields;
    for (const auto& [name, problem] : ErrorFields(violations.ToStatus())) fields += name + ";";
    return fields;
  };
  for (const CustomField& field : kDefinitions) CHECK(bad(field).empty());
  CHECK(bad({"Key", "", CustomFieldType::kText, {}}) == "custom_field.key;");
  CHECK(bad({"key", "", CustomFieldType::kUnspecified, {}}) == "custom_field.type;");
  CHECK(bad({"key", "", CustomFieldType::kEnum, {}}) == "custom_field.options;");
  CHECK(bad({"key", "", CustomFieldType::kMultiEnum, {}}) == "custom_field.options;");
  CHECK(bad({"key", "", CustomFieldType::kMoney, {"a"}}) == "custom_field.options;");
  CHECK(bad({"key", "", CustomFieldType::kText, {"a"}}) == "custom_field.options;");
  CHECK(bad({"key", "", CustomFieldType::kEnum, {"a", "", "a"}}) == "custom_field.options[1];custom_field.options[2];");
}

TEST_CASE("a change sets what is given and tells which options are gone") {
  const CustomField size = kDefinitions.back();
  const CustomField changed = Apply(size, {.options = std::vector<std::string>{"L", "XL"}});
  CHECK(changed == CustomField{"size", "Beden", CustomFieldType::kEnum, {"L", "XL"}});
  CHECK(OptionsGone(size, changed) == std::vector<std::string>{"M"});
  CHECK(OptionsGone(changed, size) == std::vector<std::string>{"XL"});
  CHECK(Apply(size, {.display_name = "Ölçü"}).display_name == "Ölçü");
  CHECK(OptionsGone(size, Apply(size, {})).empty());
}

}  // namespace
}  // namespace esnaf::contacts

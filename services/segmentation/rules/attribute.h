#pragma once

// The catalogue of what rules can ask for: values of the person, and the fields of facts. A new source of values adds
// rows here; neither the language nor the contract changes. Pure: no SQL, no clock, no protobuf.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/segmentation/rules/rule.h"

namespace esnaf::segmentation {

// The numbers are those of esnaf.segmentation.v1.RuleType.
enum class AttributeType {
  kText = 1,
  kNumber = 2,
  kMoney = 3,
  kDate = 4,
  kTime = 5,
  kBoolean = 6,
  kEnum = 7,
  kTextList = 8,
};

struct Attribute {
  std::string key;
  AttributeType type = AttributeType::kText;
  // Text that people write is compared by FoldName (libs/base/text.h): without regard to case and accents. Codes are
  // compared as they are written. MATCHES never folds.
  bool folded = false;
  std::vector<std::string> options{};  // kEnum, and what a kTextList may hold where that is fixed
  std::string description_tr{};
  std::string description_en{};
};

// A field that the firm defined for its contacts.
struct CustomAttribute {
  std::string key;  // without `custom.`
  std::string display_name;
  AttributeType type = AttributeType::kText;
  std::vector<std::string> options{};
};

// An RFM policy whose labels and scores rules can ask for.
struct RfmAttributes {
  std::string policy_id;
  std::vector<std::string> labels;
};

// What can be asked for at a moment. Keys of the person:
//   contact.<field>               what contacts knows of the person
//   custom.<key>                  the firm's own fields
//   consent.<purpose>.<channel>   ONAY or RET: the newest line of the purpose and channel, whichever recipient
//   rfm.<field>                   under the policy `default`; rfm.<policy>.<field> under another
//   value.<field>                 customer value and churn
//   acquisition.<field>           by which way the first order came
class Catalogue {
 public:
  Catalogue() : Catalogue({}, {{"default", {}}}) {}
  Catalogue(const std::vector<CustomAttribute>& custom, const std::vector<RfmAttributes>& policies);

  // The same without what is known of all stores together (`acquisition.*`, `value.*`), for whoever may be told of some
  // stores alone.
  Catalogue OfSomeStores() const;

  // A value of the person.
  std::optional<Attribute> Find(std::string_view key) const;
  // The key that a name in a text means: `city` is short for `contact.city`.
  std::string KeyOf(std::string_view name) const;
  // A field of a source's facts.
  static const Attribute* FindField(FactSource source, std::string_view field);

  // Every value of the person that can be listed, by key; consents as those of the purpose `marketing`.
  const std::vector<Attribute>& attributes() const { return attributes_; }
  static const std::vector<Attribute>& Fields(FactSource source);

  // The key that may have been meant; empty where none is near.
  std::string Nearest(std::string_view key) const;
  static std::string NearestField(FactSource source, std::string_view field);

 private:
  std::vector<Attribute> attributes_;
};

// The one of `known` that differs from `word` by the fewest letters; empty where none is near.
std::string NearestWord(std::string_view word, const std::vector<std::string>& known);

// Fields that a line of an order or cart has, not the whole: they must hold of one line together. What a ticket or an
// answer is about is one line of it.
bool IsLineField(std::string_view field);

// By which operators a type can be compared, in the order of their numbers.
std::vector<Operator> OperatorsOf(AttributeType type);

// The type of what an aggregate gives: a number, money or a time.
AttributeType TypeOf(Function function, FactSource source);

// What can be made of a source's facts, in the order of their numbers.
std::vector<Function> FunctionsOf(FactSource source);

}  // namespace esnaf::segmentation

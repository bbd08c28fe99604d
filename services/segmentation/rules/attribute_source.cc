#include "services/segmentation/rules/attribute_source.h"

#include <algorithm>

#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/base/macros.h"

namespace esnaf::segmentation {
namespace {

constexpr std::chrono::seconds kFresh{10};
constexpr std::chrono::milliseconds kLongestWait{2000};

// None for a type that this version does not know: rules cannot ask for it yet.
std::optional<AttributeType> TypeFromProto(contacts::v1::CustomFieldType type) {
  switch (type) {
    case contacts::v1::CUSTOM_FIELD_TYPE_TEXT:
      return AttributeType::kText;
    case contacts::v1::CUSTOM_FIELD_TYPE_NUMBER:
      return AttributeType::kNumber;
    case contacts::v1::CUSTOM_FIELD_TYPE_BOOLEAN:
      return AttributeType::kBoolean;
    case contacts::v1::CUSTOM_FIELD_TYPE_DATE:
      return AttributeType::kDate;
    case contacts::v1::CUSTOM_FIELD_TYPE_ENUM:
      return AttributeType::kEnum;
    case contacts::v1::CUSTOM_FIELD_TYPE_MONEY:
      return AttributeType::kMoney;
    case contacts::v1::CUSTOM_FIELD_TYPE_MULTI_ENUM:
      return AttributeType::kTextList;
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<std::vector<CustomAttribute>> AttributeSource::Ask(Time deadline) {
  runtime::ClientCallOptions options;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock_.Now());
  options.timeout = std::clamp(left, std::chrono::milliseconds(1), kLongestWait);
  ESNAF_ASSIGN_OR_RETURN(
      const contacts::v1::ListCustomFieldsResponse response,
      contacts_->Call<contacts::v1::ListCustomFieldsResponse>("/esnaf.contacts.v1.CustomFieldService/ListCustomFields",
                                                              contacts::v1::ListCustomFieldsRequest(), options));
  std::vector<CustomAttribute> attributes;
  for (const contacts::v1::CustomField& field : response.custom_fields()) {
    const std::optional<AttributeType> type = TypeFromProto(field.type());
    if (!type) continue;
    attributes.push_back({field.key(), field.display_name(), *type, {field.options().begin(), field.options().end()}});
  }
  return attributes;
}

absl::StatusOr<std::vector<CustomAttribute>> AttributeSource::Get(Time deadline) {
  const Time now = clock_.Now();
  {
    const std::lock_guard lock(mutex_);
    if (known_ && now - ask_time_ < kFresh) return *known_;
  }
  // Outside of the lock: whoever can do with what is known does not wait for contacts.
  absl::StatusOr<std::vector<CustomAttribute>> answer = Ask(deadline);
  const std::lock_guard lock(mutex_);
  if (answer.ok()) {
    known_ = *answer;
  } else if (!known_) {
    return absl::UnavailableError("contacts cannot be asked for the firm's own fields");
  }
  // After a failure too, so that not every call waits while contacts is away.
  ask_time_ = now;
  return *known_;
}

}  // namespace esnaf::segmentation

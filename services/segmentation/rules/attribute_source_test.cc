#include "services/segmentation/rules/attribute_source.h"

#include "esnaf/contacts/v1/contacts.pb.h"
#include "libs/testing/catch.h"

namespace esnaf::segmentation {
namespace {

// Answers with what a test says of contacts.
class FakeContacts final : public runtime::Channel {
 public:
  absl::Status CallErased(std::string_view method, const google::protobuf::Message&,
                          google::protobuf::Message& response, const runtime::ClientCallOptions&) override {
    ++calls;
    CHECK(method == "/esnaf.contacts.v1.CustomFieldService/ListCustomFields");
    if (away) return absl::UnavailableError("away");
    response.CopyFrom(fields);
    return absl::OkStatus();
  }
  absl::Status ReadStream(std::string_view, const google::protobuf::Message&, const google::protobuf::Message&,
                          const std::function<bool(const google::protobuf::Message&)>&, const std::function<bool()>&,
                          const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no streams");
  }
  absl::Status WriteStream(std::string_view, const google::protobuf::Message&,
                           const std::function<bool(google::protobuf::Message&)>&, google::protobuf::Message&,
                           const runtime::ClientCallOptions&) override {
    return absl::UnimplementedError("no streams");
  }

  void Define(const std::string& key, contacts::v1::CustomFieldType type) {
    contacts::v1::CustomField& field = *fields.add_custom_fields();
    field.set_key(key);
    field.set_type(type);
  }

  contacts::v1::ListCustomFieldsResponse fields;
  bool away = false;
  int calls = 0;
};

TEST_CASE("the firm's own fields are asked for, kept for a while, and still known while contacts is away") {
  const auto contacts = std::make_shared<FakeContacts>();
  ManualClock clock(ParseRfc3339("2026-11-22T09:00:00Z").value());
  AttributeSource source(contacts, clock);
  const auto keys = [&] {
    std::string text;
    const auto attributes = source.Get(clock.Now() + std::chrono::seconds(5));
    REQUIRE_OK(attributes);
    for (const CustomAttribute& attribute : *attributes) text += attribute.key + " ";
    return text;
  };

  contacts->away = true;
  CHECK_STATUS_IS(source.Get(clock.Now()), absl::StatusCode::kUnavailable, "contacts");
  contacts->away = false;
  contacts->Define("shoe_size", contacts::v1::CUSTOM_FIELD_TYPE_NUMBER);
  contacts->Define("birthday", contacts::v1::CUSTOM_FIELD_TYPE_DATE);
  contacts->Define("unheard", static_cast<contacts::v1::CustomFieldType>(77));
  CHECK(keys() == "shoe_size birthday ");
  contacts->Define("vip", contacts::v1::CUSTOM_FIELD_TYPE_BOOLEAN);
  CHECK(keys() == "shoe_size birthday ");
  CHECK(contacts->calls == 2);
  clock.Advance(std::chrono::seconds(10));
  CHECK(keys() == "shoe_size birthday vip ");
  contacts->away = true;
  clock.Advance(std::chrono::seconds(10));
  CHECK(keys() == "shoe_size birthday vip ");
  CHECK(keys() == "shoe_size birthday vip ");
  CHECK(contacts->calls == 4);
  contacts->away = false;
  contacts->Define("budget", contacts::v1::CUSTOM_FIELD_TYPE_MONEY);
  contacts->Define("sizes", contacts::v1::CUSTOM_FIELD_TYPE_MULTI_ENUM);
  clock.Advance(std::chrono::seconds(10));
  ESNAF_REQUIRE_VALUE(const std::vector<CustomAttribute> attributes, source.Get(clock.Now()));
  REQUIRE(attributes.size() == 5);
  CHECK(attributes[3].type == AttributeType::kMoney);
  CHECK(attributes[4].type == AttributeType::kTextList);
}

}  // namespace
}  // namespace esnaf::segmentation

// Goal: answers are written as protobuf itself writes them, for every message of every contract.
#include "services/gateway/json_writer.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "libs/testing/catch.h"
#include "services/gateway/contract_descriptors.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

std::vector<const Descriptor*> ContractMessages() {
  google::protobuf::FileDescriptorSet contracts;
  const std::string_view bytes = ContractDescriptors();
  REQUIRE(contracts.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  std::vector<const Descriptor*> messages;
  for (const auto& file : contracts.file()) {
    const auto* linked = DescriptorPool::generated_pool()->FindFileByName(file.name());
    if (linked == nullptr || !linked->package().starts_with("esnaf.")) continue;
    for (int i = 0; i < linked->message_type_count(); ++i) messages.push_back(linked->message_type(i));
  }
  return messages;
}

// Fills messages by chance, with what is hard to write.
class Filler {
 public:
  explicit Filler(std::uint32_t seed) : random_(seed) {}

  void Fill(Message& message, int depth = 0) {
    const Descriptor& type = *message.GetDescriptor();
    if (FillWellKnown(message)) return;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const bool nested = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      if (Below(3) == 0 || (nested && depth > 3)) continue;
      const int count = field.is_repeated() ? (field.is_map() ? 1 : Below(3)) : 1;
      for (int k = 0; k < count; ++k) Set(message, field, depth);
    }
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }

  template <typename T, std::size_t kCount>
  T OneOf(const T (&values)[kCount]) {
    return values[Below(static_cast<int>(kCount))];
  }

  bool FillWellKnown(Message& message) {
    switch (message.GetDescriptor()->well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      case Descriptor::WELLKNOWNTYPE_ANY:
        return message.GetDescriptor()->well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP: {
        auto& time = static_cast<google::protobuf::Timestamp&>(message);
        time.set_seconds(OneOf<std::int64_t>({0, -1, 1'700'000'000, -62135596800, 253402300799}));
        time.set_nanos(OneOf({0, 1, 500, 120'000'000, 123'456'000, 999'999'999}));
        return true;
      }
      case Descriptor::WELLKNOWNTYPE_DURATION: {
        auto& duration = static_cast<google::protobuf::Duration&>(message);
        const std::int64_t sign = OneOf({-1, 1});
        duration.set_seconds(sign * OneOf<std::int64_t>({0, 1, 86400, 315'576'000'000}));
        duration.set_nanos(static_cast<int>(sign) * OneOf({0, 1, 1000, 250'000'000}));
        return true;
      }
      case Descriptor::WELLKNOWNTYPE_VALUE:
        static_cast<google::protobuf::Value&>(message).set_string_value(Text());
        return true;
      case Descriptor::WELLKNOWNTYPE_STRUCT:
        (*static_cast<google::protobuf::Struct&>(message).mutable_fields())["a<b"].set_number_value(0.5);
        return true;
      case Descriptor::WELLKNOWNTYPE_FIELDMASK: {
        const auto& reflection = *message.GetReflection();
        reflection.AddString(&message, message.GetDescriptor()->field(0), "given_name");
        return true;
      }
      default:
        return false;
    }
  }

  std::string Text() {
    return OneOf<const char*>({"", "plain", "İstanbul'da şık bir dükkân, ğüşıöç", "<script>&\"\\/",
                               "\x01\b\f\n\r\t\x1f\x7f", "₺ € “tırnak” …",
                               "\u00ad\u06dd\u070f\u17b4\u200b\u2028\u202e\u2060\u206f\ufeff\ufff9",
                               "😀𝄞\U000e0001\U0001d173", "ÿĀ߿ࠀ\u3042\ud7ff\uffee\u00a0\u0085"});
  }

  // The n-th kind of number: smallest, largest, zero, small ones.
  template <typename Number>
  Number Any() {
    using Limits = std::numeric_limits<Number>;
    return OneOf<Number>({0, 1, 42, Limits::lowest(), Limits::max()});
  }

  template <typename Real>
  Real AnyReal() {
    using Limits = std::numeric_limits<Real>;
    return OneOf<Real>({Real(0), -Real(0), Real(0.1), Real(-2.5), Real(1) / 3, Limits::max(), Limits::min(),
                        Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()});
  }

  int AnyEnum(const FieldDescriptor& field) {
    const auto& type = *field.enum_type();
    return Below(8) == 0 ? 7777 : type.value(Below(type.value_count()))->number();
  }

  void Set(Message& message, const FieldDescriptor& field, int depth) {
    const auto& reflection = *message.GetReflection();
#define ESNAF_SET(kind, Name, value)                 \
  case FieldDescriptor::CPPTYPE_##kind:              \
    if (field.is_repeated()) {                       \
      reflection.Add##Name(&message, &field, value); \
    } else {                                         \
      reflection.Set##Name(&message, &field, value); \
    }                                                \
    return
    switch (field.cpp_type()) {
      ESNAF_SET(INT32, Int32, Any<std::int32_t>());
      ESNAF_SET(UINT32, UInt32, Any<std::uint32_t>());
      ESNAF_SET(INT64, Int64, Any<std::int64_t>());
      ESNAF_SET(UINT64, UInt64, Any<std::uint64_t>());
      ESNAF_SET(BOOL, Bool, Below(2) == 0);
      ESNAF_SET(ENUM, EnumValue, AnyEnum(field));
      ESNAF_SET(STRING, String, field.type() == FieldDescriptor::TYPE_BYTES ? std::string("\xff\x00?>", 4) : Text());
      ESNAF_SET(DOUBLE, Double, AnyReal<double>());
      ESNAF_SET(FLOAT, Float, AnyReal<float>());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                 : *reflection.MutableMessage(&message, &field),
             depth + 1);
        return;
    }
#undef ESNAF_SET
  }

  std::mt19937 random_;
};

std::string ByProtobuf(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  REQUIRE(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

// The order of fields means nothing; the length tells escapes and quotes apart that the same value may be written by.
void CheckSame(const Message& message) {
  const std::string expected = ByProtobuf(message);
  ESNAF_REQUIRE_VALUE(const std::string json, WriteJson(message));
  INFO(json);
  INFO(expected);
  CHECK(nlohmann::json::parse(json) == nlohmann::json::parse(expected));
  CHECK(json.size() == expected.size());
}

TEST_CASE("every message of every contract is written as protobuf writes it") {
  const auto messages = ContractMessages();
  CHECK(messages.size() > 300);
  for (const Descriptor* type : messages) {
    const Message& prototype = *MessageFactory::generated_factory()->GetPrototype(type);
    INFO(type->full_name());
    CheckSame(prototype);
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      const std::unique_ptr<Message> message(prototype.New());
      Filler(seed).Fill(*message);
      CheckSame(*message);
    }
  }
}

TEST_CASE("times and durations that JSON cannot tell are refused") {
  google::protobuf::Timestamp time;
  time.set_seconds(253402300800);
  CHECK_STATUS_IS(WriteJson(time), absl::StatusCode::kInternal, "");
  time.set_seconds(0);
  time.set_nanos(-1);
  CHECK_STATUS_IS(WriteJson(time), absl::StatusCode::kInternal, "");
  google::protobuf::Duration duration;
  duration.set_seconds(315'576'000'001);
  CHECK_STATUS_IS(WriteJson(duration), absl::StatusCode::kInternal, "");
  duration.set_seconds(1);
  duration.set_nanos(-1);
  CHECK_STATUS_IS(WriteJson(duration), absl::StatusCode::kInternal, "");
}

}  // namespace
}  // namespace esnaf::gateway

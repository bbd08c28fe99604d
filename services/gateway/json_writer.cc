#include "services/gateway/json_writer.h"

#include <cmath>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "google/protobuf/wrappers.pb.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// Whether a byte of UTF-8 text stands for itself, whatever stands beside it. Protobuf escapes control characters,
// quotes, the brackets of HTML and invisible characters; the latter begin with one of the bytes that are left out here.
bool StandsForItself(unsigned char byte) {
  if (byte < 0x80) return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '<' && byte != '>';
  const bool continues = byte < 0xc0;
  return continues || (byte >= 0xc3 && byte <= 0xda) || (byte >= 0xdd && byte <= 0xe0) ||
         (byte >= 0xe3 && byte <= 0xee);
}

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  // False where the message has no JSON.
  bool Write(const Message& message) {
    switch (message.GetDescriptor()->well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
        return WriteObject(message);
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
        return WriteTimestamp(message);
      case Descriptor::WELLKNOWNTYPE_DURATION:
        return WriteDuration(message);
      default:
        return WriteByProtobuf(message);
    }
  }

 private:
  bool WriteObject(const Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    bool first = true;
    out_ += '{';
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!field.is_repeated() && field.has_presence() && !reflection.HasField(message, &field)) continue;
      absl::StrAppend(&out_, first ? "\"" : ",\"", field.json_name(), "\":");
      first = false;
      if (!WriteField(message, reflection, field)) return false;
    }
    out_ += '}';
    return true;
  }

  bool WriteField(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    if (field.is_map()) return WriteMap(message, reflection, field);
    if (!field.is_repeated()) return WriteSingular(message, reflection, field);
    out_ += '[';
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      if (i > 0) out_ += ',';
      if (!WriteElement(message, reflection, field, i)) return false;
    }
    out_ += ']';
    return true;
  }

  bool WriteMap(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    out_ += '{';
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const Reflection& parts = *entry.GetReflection();
      if (i > 0) out_ += ',';
      const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
      // Text and large numbers are in quotes already.
      const std::size_t begin = out_.size();
      if (!WriteSingular(entry, parts, key)) return false;
      if (out_[begin] != '"') {
        out_.insert(begin, 1, '"');
        out_ += '"';
      }
      out_ += ':';
      if (!WriteSingular(entry, parts, *entry.GetDescriptor()->map_value())) return false;
    }
    out_ += '}';
    return true;
  }

  bool WriteSingular(const Message& message, const Reflection& reflection, const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return WriteNumber(reflection.GetInt32(message, &field));
      case FieldDescriptor::CPPTYPE_UINT32:
        return WriteNumber(reflection.GetUInt32(message, &field));
      case FieldDescriptor::CPPTYPE_INT64:
        return WriteLarge(reflection.GetInt64(message, &field));
      case FieldDescriptor::CPPTYPE_UINT64:
        return WriteLarge(reflection.GetUInt64(message, &field));
      case FieldDescriptor::CPPTYPE_BOOL:
        return WriteBool(reflection.GetBool(message, &field));
      case FieldDescriptor::CPPTYPE_ENUM:
        return WriteEnum(field, reflection.GetEnumValue(message, &field));
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        return WriteText(field, reflection.GetStringReference(message, &field, &scratch));
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(reflection.GetMessage(message, &field));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return WriteReal<google::protobuf::DoubleValue>(reflection.GetDouble(message, &field));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return WriteReal<google::protobuf::FloatValue>(reflection.GetFloat(message, &field));
    }
    return false;
  }

  bool WriteElement(const Message& message, const Reflection& reflection, const FieldDescriptor& field, int i) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return WriteNumber(reflection.GetRepeatedInt32(message, &field, i));
      case FieldDescriptor::CPPTYPE_UINT32:
        return WriteNumber(reflection.GetRepeatedUInt32(message, &field, i));
      case FieldDescriptor::CPPTYPE_INT64:
        return WriteLarge(reflection.GetRepeatedInt64(message, &field, i));
      case FieldDescriptor::CPPTYPE_UINT64:
        return WriteLarge(reflection.GetRepeatedUInt64(message, &field, i));
      case FieldDescriptor::CPPTYPE_BOOL:
        return WriteBool(reflection.GetRepeatedBool(message, &field, i));
      case FieldDescriptor::CPPTYPE_ENUM:
        return WriteEnum(field, reflection.GetRepeatedEnumValue(message, &field, i));
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        return WriteText(field, reflection.GetRepeatedStringReference(message, &field, i, &scratch));
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(reflection.GetRepeatedMessage(message, &field, i));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return WriteReal<google::protobuf::DoubleValue>(reflection.GetRepeatedDouble(message, &field, i));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return WriteReal<google::protobuf::FloatValue>(reflection.GetRepeatedFloat(message, &field, i));
    }
    return false;
  }

  template <typename Number>
  bool WriteNumber(Number number) {
    absl::StrAppend(&out_, number);
    return true;
  }

  // In quotes, since the numbers of JSON's readers lose digits.
  template <typename Number>
  bool WriteLarge(Number number) {
    absl::StrAppend(&out_, "\"", number, "\"");
    return true;
  }

  bool WriteBool(bool value) {
    out_ += value ? "true" : "false";
    return true;
  }

  bool WriteEnum(const FieldDescriptor& field, int number) {
    const auto* value = field.enum_type()->FindValueByNumber(number);
    if (value == nullptr) return WriteNumber(number);
    absl::StrAppend(&out_, "\"", value->name(), "\"");
    return true;
  }

  bool WriteText(const FieldDescriptor& field, const std::string& value) {
    if (field.type() == FieldDescriptor::TYPE_BYTES) {
      absl::StrAppend(&out_, "\"", absl::Base64Escape(value), "\"");
      return true;
    }
    for (const char byte : value) {
      if (StandsForItself(static_cast<unsigned char>(byte))) continue;
      google::protobuf::StringValue text;
      text.set_value(value);
      return WriteByProtobuf(text);
    }
    absl::StrAppend(&out_, "\"", value, "\"");
    return true;
  }

  // Zero is by far the most frequent one.
  template <typename Wrapper, typename Real>
  bool WriteReal(Real value) {
    if (value == 0 && !std::signbit(value)) return WriteNumber(0);
    Wrapper real;
    real.set_value(value);
    return WriteByProtobuf(real);
  }

  bool WriteTimestamp(const Message& message) {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(message);
    if (time.seconds() < TimeUtil::kTimestampMinSeconds || time.seconds() > TimeUtil::kTimestampMaxSeconds ||
        time.nanos() < 0 || time.nanos() >= kNanosPerSecond) {
      return false;
    }
    absl::StrAppend(&out_, "\"", TimeUtil::ToString(time), "\"");
    return true;
  }

  bool WriteDuration(const Message& message) {
    const auto& duration = static_cast<const google::protobuf::Duration&>(message);
    const std::int64_t seconds = duration.seconds();
    const std::int64_t nanos = duration.nanos();
    const bool mixed = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    if (std::abs(seconds) > TimeUtil::kDurationMaxSeconds || std::abs(nanos) >= kNanosPerSecond || mixed) return false;
    absl::StrAppend(&out_, "\"", TimeUtil::ToString(duration), "\"");
    return true;
  }

  // What is rare.
  bool WriteByProtobuf(const Message& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.always_print_primitive_fields = true;
    std::string json;
    if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return false;
    out_ += json;
    return true;
  }

  std::string& out_;
};

}  // namespace

absl::StatusOr<std::string> WriteJson(const Message& message) {
  std::string json;
  if (!JsonWriter(json).Write(message)) return absl::InternalError("the answer cannot be written as JSON");
  return json;
}

}  // namespace esnaf::gateway

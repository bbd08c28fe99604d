#include "services/gateway/field_setter.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Bad(std::string_view path, const char* what) { return InvalidField(path, what); }

// Numbers, enums and texts; one overload set for singular and repeated fields.
template <typename T, typename Set, typename Add>
absl::Status Store(Message& message, const FieldDescriptor& field, T value, Set set, Add add) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    (reflection.*add)(&message, &field, value);
  } else {
    (reflection.*set)(&message, &field, value);
  }
  return absl::OkStatus();
}

template <typename T, typename Set, typename Add>
absl::Status StoreInteger(Message& message, const FieldDescriptor& field, std::string_view path,
                          const std::string& text, Set set, Add add) {
  T value;
  if (!absl::SimpleAtoi(text, &value)) return Bad(path, "is no integer in the field's range");
  return Store(message, field, value, set, add);
}

absl::Status StoreEnum(Message& message, const FieldDescriptor& field, std::string_view path, const std::string& text) {
  const google::protobuf::EnumValueDescriptor* value = field.enum_type()->FindValueByName(text);
  int number = 0;
  if (value == nullptr && absl::SimpleAtoi(text, &number)) value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) return Bad(path, "is none of the field's names");
  return Store(message, field, value->number(), &Reflection::SetEnumValue, &Reflection::AddEnumValue);
}

absl::Status StoreText(Message& message, const FieldDescriptor& field, std::string_view path, const std::string& text) {
  std::string value = text;
  if (field.type() == FieldDescriptor::TYPE_BYTES) {
    if (!absl::WebSafeBase64Unescape(text, &value) && !absl::Base64Unescape(text, &value))
      return Bad(path, "is no base64");
  } else if (!IsCleanUtf8(text)) {
    return Bad(path, "is no clean UTF-8 text");
  }
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    reflection.AddString(&message, &field, std::move(value));
  } else {
    reflection.SetString(&message, &field, std::move(value));
  }
  return absl::OkStatus();
}

// Whether JSON writes the message as a string: what a query parameter can hold.
bool IsTextMessage(const google::protobuf::Descriptor& type) {
  switch (type.well_known_type()) {
    case google::protobuf::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
    case google::protobuf::Descriptor::WELLKNOWNTYPE_DURATION:
    case google::protobuf::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return true;
    default:
      return false;
  }
}

absl::Status StoreMessage(Message& message, const FieldDescriptor& field, std::string_view path,
                          const std::string& text) {
  if (!IsTextMessage(*field.message_type())) return Bad(path, "holds more than one value: name one of its fields");
  std::string json = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return Bad(path, "cannot be read");
    json.push_back(c);
  }
  json.push_back('"');
  const Reflection& reflection = *message.GetReflection();
  Message* target =
      field.is_repeated() ? reflection.AddMessage(&message, &field) : reflection.MutableMessage(&message, &field);
  if (!google::protobuf::util::JsonStringToMessage(json, target).ok()) {
    return Bad(path, field.message_type()->well_known_type() == google::protobuf::Descriptor::WELLKNOWNTYPE_TIMESTAMP
                         ? "is no time such as 2026-01-31T09:30:00Z"
                         : "cannot be read");
  }
  return absl::OkStatus();
}

absl::Status StoreValue(Message& message, const FieldDescriptor& field, std::string_view path,
                        const std::string& text) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return StoreInteger<std::int32_t>(message, field, path, text, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return StoreInteger<std::int64_t>(message, field, path, text, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return StoreInteger<std::uint32_t>(message, field, path, text, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return StoreInteger<std::uint64_t>(message, field, path, text, &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double value;
      if (!absl::SimpleAtod(text, &value)) return Bad(path, "is no number");
      return Store(message, field, value, &Reflection::SetDouble, &Reflection::AddDouble);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      float value;
      if (!absl::SimpleAtof(text, &value)) return Bad(path, "is no number");
      return Store(message, field, value, &Reflection::SetFloat, &Reflection::AddFloat);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return Bad(path, "is neither true nor false");
      return Store(message, field, text == "true", &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return StoreEnum(message, field, path, text);
    case FieldDescriptor::CPPTYPE_STRING:
      return StoreText(message, field, path, text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return StoreMessage(message, field, path, text);
  }
  return Bad(path, "cannot be set");
}

}  // namespace

const FieldDescriptor* FindField(const google::protobuf::Descriptor& message, std::string_view name) {
  const std::string text(name);
  if (const FieldDescriptor* field = message.FindFieldByName(text)) return field;
  for (int i = 0; i < message.field_count(); ++i) {
    if (message.field(i)->json_name() == text) return message.field(i);
  }
  return nullptr;
}

absl::Status SetField(Message& message, std::string_view path, const std::string& text) {
  Message* target = &message;
  std::string_view rest = path;
  while (true) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const FieldDescriptor* field = FindField(*target->GetDescriptor(), rest.substr(0, dot));
    if (field == nullptr) return Bad(path, "is no known field");
    if (dot == rest.size()) return StoreValue(*target, *field, path, text);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) {
      return Bad(path, "names a field inside of one that has none, or is a list");
    }
    target = target->GetReflection()->MutableMessage(target, field);
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace esnaf::gateway

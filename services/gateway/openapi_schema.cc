#include "services/gateway/openapi_schema.h"

#include "absl/strings/str_cat.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

OrderedJson Reference(const std::string& name) { return {{"$ref", absl::StrCat("#/components/schemas/", name)}}; }

OrderedJson Plain(const char* type, const char* format = nullptr) {
  OrderedJson schema = {{"type", type}};
  if (format != nullptr) schema["format"] = format;
  return schema;
}

}  // namespace

OrderedJson SchemaCollector::OfMessage(const Descriptor& message) {
  switch (message.well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return Plain("string", "date-time");
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return {{"type", "string"}, {"example", "3.5s"}};
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return {{"type", "string"}, {"description", "Names of fields, separated by commas."}};
    case Descriptor::WELLKNOWNTYPE_ANY:
      return {{"type", "object"}, {"properties", {{"@type", {{"type", "string"}}}}}, {"additionalProperties", true}};
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      break;
    default:
      return OrderedJson::object();
  }
  if (seen_.insert(message.full_name()).second) {
    OrderedJson schema = Object(message);
    done_.emplace(message.full_name(), std::move(schema));
  }
  return Reference(message.full_name());
}

OrderedJson SchemaCollector::OfEnum(const google::protobuf::EnumDescriptor& type) {
  if (seen_.insert(type.full_name()).second) {
    OrderedJson schema = {{"type", "string"}, {"enum", OrderedJson::array()}};
    std::string description = CommentOf(type);
    for (int i = 0; i < type.value_count(); ++i) {
      schema["enum"].push_back(type.value(i)->name());
      const std::string comment = CommentOf(*type.value(i));
      if (!comment.empty()) absl::StrAppend(&description, "\n- `", type.value(i)->name(), "`: ", comment);
    }
    if (!description.empty()) schema["description"] = description;
    done_.emplace(type.full_name(), std::move(schema));
  }
  return Reference(type.full_name());
}

OrderedJson SchemaCollector::OfValue(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Plain("integer", "int32");
    case FieldDescriptor::CPPTYPE_UINT32:
      return {{"type", "integer"}, {"format", "int64"}, {"minimum", 0}};
    case FieldDescriptor::CPPTYPE_INT64:
      return Plain("string", "int64");
    case FieldDescriptor::CPPTYPE_UINT64:
      return Plain("string", "uint64");
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Plain("number", "double");
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Plain("number", "float");
    case FieldDescriptor::CPPTYPE_BOOL:
      return Plain("boolean");
    case FieldDescriptor::CPPTYPE_ENUM:
      return OfEnum(*field.enum_type());
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? Plain("string", "byte") : Plain("string");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return OfMessage(*field.message_type());
}

OrderedJson SchemaCollector::OfField(const FieldDescriptor& field) {
  if (field.is_map()) {
    return {{"type", "object"}, {"additionalProperties", OfValue(*field.message_type()->map_value())}};
  }
  if (field.is_repeated()) return {{"type", "array"}, {"items", OfValue(field)}};
  return OfValue(field);
}

OrderedJson SchemaCollector::Object(const Descriptor& message) {
  OrderedJson schema = {{"type", "object"}};
  if (const std::string comment = CommentOf(message); !comment.empty()) schema["description"] = comment;
  OrderedJson properties = OrderedJson::object();
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    OrderedJson property = OfField(field);
    if (const std::string comment = CommentOf(field); !comment.empty()) {
      // OpenAPI 3.0 ignores what stands beside a reference.
      if (property.contains("$ref")) property = {{"allOf", OrderedJson::array({property})}};
      property["description"] = comment;
    }
    properties[field.json_name()] = std::move(property);
  }
  schema["properties"] = std::move(properties);
  return schema;
}

OrderedJson SchemaCollector::TakeSchemas() {
  OrderedJson schemas = OrderedJson::object();
  for (auto& [name, schema] : done_) schemas[name] = std::move(schema);
  done_.clear();
  return schemas;
}

}  // namespace esnaf::gateway

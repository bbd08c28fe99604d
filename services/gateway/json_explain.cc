#include "services/gateway/json_explain.h"

#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/text.h"
#include "libs/base/time.h"
#include "services/gateway/field_setter.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

constexpr int kMostDepth = 64;
constexpr int kMostViolations = 20;

// Walks a text along its contract.
class Walk {
 public:
  void Message(const json& value, const Descriptor& type, const std::string& path, int depth) {
    if (depth > kMostDepth) return Add(path, "is nested too deeply");
    if (type.well_known_type() != Descriptor::WELLKNOWNTYPE_UNSPECIFIED) return WellKnown(value, type, path);
    if (!value.is_object()) return Add(path, "must be an object");
    for (const auto& [name, child] : value.items()) {
      const std::string child_path = path.empty() ? name : absl::StrCat(path, ".", name);
      const FieldDescriptor* field = FindField(type, name);
      if (field == nullptr) {
        Add(child_path, "is no known field");
      } else if (!child.is_null()) {
        Field(child, *field, child_path, depth);
      }
    }
  }

  absl::Status Result() const { return violations_.ToStatus(); }
  bool found() const { return !violations_.empty(); }

 private:
  void Add(const std::string& path, const char* what) {
    if (++count_ <= kMostViolations) violations_.Add(path.empty() ? "body" : Truncate(path, 200), what);
  }

  void Field(const json& value, const FieldDescriptor& field, const std::string& path, int depth) {
    if (field.is_map()) {
      if (!value.is_object()) return Add(path, "must be an object");
      const FieldDescriptor& element = *field.message_type()->map_value();
      for (const auto& [key, child] : value.items()) Value(child, element, absl::StrCat(path, ".", key), depth);
    } else if (field.is_repeated()) {
      if (!value.is_array()) return Add(path, "must be a list");
      for (std::size_t i = 0; i < value.size(); ++i) Value(value[i], field, absl::StrCat(path, "[", i, "]"), depth);
    } else {
      Value(value, field, path, depth);
    }
  }

  void Value(const json& value, const FieldDescriptor& field, const std::string& path, int depth) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Message(value, *field.message_type(), path, depth + 1);
      case FieldDescriptor::CPPTYPE_STRING:
        if (!value.is_string()) Add(path, "must be a string");
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!value.is_boolean()) Add(path, "must be true or false");
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        return Enum(value, field, path);
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Number(value, path);
      default:
        return Integer(value, field, path);
    }
  }

  void Enum(const json& value, const FieldDescriptor& field, const std::string& path) {
    if (value.is_number_integer()) return;
    if (!value.is_string() || field.enum_type()->FindValueByName(value.get<std::string>()) == nullptr) {
      Add(path, "is none of the field's names");
    }
  }

  void Number(const json& value, const std::string& path) {
    double number;
    if (value.is_number() || (value.is_string() && absl::SimpleAtod(value.get<std::string>(), &number))) return;
    Add(path, "must be a number");
  }

  void Integer(const json& value, const FieldDescriptor& field, const std::string& path) {
    std::string text;
    if (value.is_number_integer()) text = value.dump();
    if (value.is_string()) text = value.get<std::string>();
    if (value.is_number_float()) {
      const double number = value.get<double>();
      if (number == static_cast<double>(static_cast<std::int64_t>(number)))
        text = absl::StrCat(static_cast<std::int64_t>(number));
    }
    if (!Fits(text, field)) Add(path, "must be an integer in the field's range");
  }

  static bool Fits(const std::string& text, const FieldDescriptor& field) {
    std::int32_t i32;
    std::int64_t i64;
    std::uint32_t u32;
    std::uint64_t u64;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return absl::SimpleAtoi(text, &i32);
      case FieldDescriptor::CPPTYPE_UINT32:
        return absl::SimpleAtoi(text, &u32);
      case FieldDescriptor::CPPTYPE_UINT64:
        return absl::SimpleAtoi(text, &u64);
      default:
        return absl::SimpleAtoi(text, &i64);
    }
  }

  void WellKnown(const json& value, const Descriptor& type, const std::string& path) {
    switch (type.well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP: {
        // What protobuf refused has to be wrong somewhere; a time that reads well here is not the place.
        if (!value.is_string() || !ParseRfc3339(value.get<std::string>()).ok()) {
          Add(path, "must be a time such as 2026-01-31T09:30:00Z");
        }
        return;
      }
      case Descriptor::WELLKNOWNTYPE_DURATION:
      case Descriptor::WELLKNOWNTYPE_FIELDMASK:
        if (!value.is_string()) Add(path, "must be a string");
        return;
      default:
        return;
    }
  }

  FieldViolations violations_;
  int count_ = 0;
};

}  // namespace

absl::Status ExplainJson(const std::string& text, const Descriptor& type, const std::string& prefix) {
  json parsed;
  try {
    parsed = json::parse(text);
  } catch (const json::parse_error& error) {
    return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_JSON",
                     absl::StrCat("the body is no JSON: it stops being so at byte ", error.byte));
  } catch (const json::exception&) {
    return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_JSON", "the body is no JSON");
  }
  Walk walk;
  walk.Message(parsed, type, prefix, 0);
  if (walk.found()) return walk.Result();
  return MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_JSON",
                   "the body is no JSON of this method's contract");
}

}  // namespace esnaf::gateway

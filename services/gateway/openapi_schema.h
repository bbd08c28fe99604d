#pragma once

// Schemas of messages as protobuf's JSON mapping writes them.
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "google/protobuf/descriptor.h"

namespace esnaf::gateway {

// Keeps the order in which things are said, so that a document reads like the contract.
using OrderedJson = nlohmann::ordered_json;

// The comment above a declaration, as one text; empty where there is none.
template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return {};
  std::string comment = location.leading_comments;
  for (std::size_t i = 0; i < comment.size(); ++i) {
    if (comment[i] == '\n') comment[i] = ' ';
  }
  while (!comment.empty() && comment.back() == ' ') comment.pop_back();
  comment.erase(0,
                comment.find_first_not_of(' ') == std::string::npos ? comment.size() : comment.find_first_not_of(' '));
  return comment;
}

// Collects the schemas that are referred to, each under its message's full name.
class SchemaCollector {
 public:
  // A reference to the message's schema, or the schema itself where JSON writes the message as a plain value.
  OrderedJson OfMessage(const google::protobuf::Descriptor& message);
  OrderedJson OfField(const google::protobuf::FieldDescriptor& field);
  // Everything that was referred to, also from within.
  OrderedJson TakeSchemas();

 private:
  OrderedJson OfEnum(const google::protobuf::EnumDescriptor& type);
  OrderedJson OfValue(const google::protobuf::FieldDescriptor& field);
  OrderedJson Object(const google::protobuf::Descriptor& message);

  std::map<std::string, OrderedJson> done_;
  std::set<std::string> seen_;
};

}  // namespace esnaf::gateway

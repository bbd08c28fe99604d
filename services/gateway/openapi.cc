#include "services/gateway/openapi.h"

#include <cctype>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "libs/base/check.h"
#include "services/gateway/contract_descriptors.h"
#include "services/gateway/field_setter.h"
#include "services/gateway/openapi_schema.h"

namespace esnaf::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;

// The descriptors with comments; those that are linked into the program have none.
class CommentedContracts {
 public:
  CommentedContracts() {
    google::protobuf::FileDescriptorSet set;
    const std::string_view bytes = ContractDescriptors();
    ESNAF_CHECK(set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    for (const auto& file : set.file()) ESNAF_CHECK(pool_.BuildFile(file) != nullptr);
  }
  // The method itself where the set does not have it.
  const MethodDescriptor& Find(const MethodDescriptor& linked) const {
    const MethodDescriptor* found = pool_.FindMethodByName(linked.full_name());
    return found != nullptr ? *found : linked;
  }

 private:
  google::protobuf::DescriptorPool pool_;
};

const char* AudienceName(Audience audience) {
  switch (audience) {
    case Audience::kStorefront:
      return "storefront";
    case Audience::kStaff:
      return "staff";
    case Audience::kAdmin:
      break;
  }
  return "admin";
}

std::string Description(const Route& route, const MethodDescriptor& method) {
  std::string text = CommentOf(method);
  absl::StrAppend(&text, text.empty() ? "" : "\n\n", "Least trusted audience: `", AudienceName(route.access.audience),
                  "`.");
  if (!route.access.scope.empty()) absl::StrAppend(&text, " Scope: `", route.access.scope, "`.");
  if (route.access.publishable) absl::StrAppend(&text, " Open to publishable keys.");
  if (route.access.beacon || route.access.browser_stream) {
    absl::StrAppend(&text, " The key may come in the request itself.");
  }
  if (route.server_streaming) absl::StrAppend(&text, " Answers are server-sent events.");
  return text;
}

// `contact.given_name` as clients write it: `contact.givenName`.
std::string JsonPath(const Descriptor& request, const std::string& path) {
  std::string json;
  const Descriptor* message = &request;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const FieldDescriptor* field = FindField(*message, rest.substr(0, dot));
    absl::StrAppend(&json, json.empty() ? "" : ".", field->json_name());
    message = field->message_type();
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  return json;
}

OrderedJson PathParameters(const HttpBinding& binding, const Descriptor& request) {
  OrderedJson parameters = OrderedJson::array();
  for (const std::string& variable : binding.path.variables()) {
    parameters.push_back(
        {{"name", JsonPath(request, variable)}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

bool InPath(const HttpBinding& binding, const FieldDescriptor& field) {
  for (const std::string& variable : binding.path.variables()) {
    if (variable.substr(0, variable.find('.')) == field.name()) return true;
  }
  return false;
}

void AddQueryParameters(const HttpBinding& binding, const Descriptor& request, SchemaCollector& schemas,
                        OrderedJson& parameters) {
  if (binding.body == "*") return;
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (field.name() == binding.body || InPath(binding, field) || field.is_map()) continue;
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_message && field.message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_UNSPECIFIED) continue;
    OrderedJson parameter = {{"name", field.json_name()}, {"in", "query"}};
    if (const std::string comment = CommentOf(field); !comment.empty()) parameter["description"] = comment;
    parameter["schema"] = schemas.OfField(field);
    parameters.push_back(std::move(parameter));
  }
}

OrderedJson Body(const HttpBinding& binding, const Descriptor& request, SchemaCollector& schemas) {
  const Descriptor* type = &request;
  if (binding.body != "*") type = request.FindFieldByName(binding.body)->message_type();
  return {{"required", binding.body != "*"},
          {"content", {{"application/json", {{"schema", schemas.OfMessage(*type)}}}}}};
}

OrderedJson Responses(const Route& route, const MethodDescriptor& method, SchemaCollector& schemas) {
  const char* const type = route.server_streaming ? "text/event-stream" : "application/json";
  OrderedJson responses;
  if (route.access.beacon) {
    responses["204"] = {{"description", "It was taken."}};
    responses["default"] = {{"$ref", "#/components/responses/Error"}};
    return responses;
  }
  if (method.output_type()->full_name() == "esnaf.api.v1.File") {
    responses["200"] = {{"description", "The file's bytes, as a download, of the type that it was given as."},
                        {"content", {{"*/*", {{"schema", {{"type", "string"}, {"format", "binary"}}}}}}}};
    responses["default"] = {{"$ref", "#/components/responses/Error"}};
    return responses;
  }
  responses["200"] = {{"description", "The answer."},
                      {"content", {{type, {{"schema", schemas.OfMessage(*method.output_type())}}}}}};
  responses["default"] = {{"$ref", "#/components/responses/Error"}};
  return responses;
}

// One level of the path at a time has a name of its own in operationIds: `ContactService_GetContact`.
OrderedJson Operation(const Route& route, const HttpBinding& binding, int number, const CommentedContracts& contracts,
                      SchemaCollector& schemas) {
  const MethodDescriptor& method = contracts.Find(*route.descriptor);
  const Descriptor& request = *method.input_type();
  OrderedJson operation;
  operation["operationId"] =
      absl::StrCat(method.service()->name(), "_", method.name(), number == 0 ? "" : absl::StrCat("_", number + 1));
  operation["tags"] = OrderedJson::array({method.service()->name()});
  const std::string comment = CommentOf(method);
  operation["summary"] =
      comment.substr(0, comment.find(". ") == std::string::npos ? comment.size() : comment.find(". ") + 1);
  operation["description"] = Description(route, method);
  OrderedJson parameters = PathParameters(binding, request);
  AddQueryParameters(binding, request, schemas, parameters);
  if (route.mutates) parameters.push_back({{"$ref", "#/components/parameters/IdempotencyKey"}});
  parameters.push_back({{"$ref", "#/components/parameters/EsnafAfter"}});
  operation["parameters"] = std::move(parameters);
  if (!binding.body.empty()) operation["requestBody"] = Body(binding, request, schemas);
  operation["responses"] = Responses(route, method, schemas);
  operation["x-esnaf-access"] = {{"audience", AudienceName(route.access.audience)},
                                 {"scope", route.access.scope},
                                 {"publishable", route.access.publishable}};
  return operation;
}

// `{contact.id}` in a template stands for the parameter `contact.id`, as JSON names it.
std::string PathText(const HttpBinding& binding, const Descriptor& request) {
  std::string text = binding.path.text();
  for (const std::string& variable : binding.path.variables()) {
    const std::string quoted = absl::StrCat("{", variable, "}");
    text.replace(text.find(quoted), quoted.size(), absl::StrCat("{", JsonPath(request, variable), "}"));
  }
  return text;
}

OrderedJson HeaderParameter(const char* name, const char* description) {
  return {{"name", name}, {"in", "header"}, {"description", description}, {"schema", {{"type", "string"}}}};
}

OrderedJson ErrorSchema() {
  const OrderedJson details = {
      {"type", "array"},
      {"description", "google.rpc details: ErrorInfo with a `reason`, BadRequest with `fieldViolations`, RetryInfo."},
      {"items",
       {{"type", "object"}, {"properties", {{"@type", {{"type", "string"}}}}}, {"additionalProperties", true}}}};
  const OrderedJson error = {
      {"type", "object"},
      {"properties",
       {{"code", {{"type", "integer"}, {"description", "The HTTP status."}}},
        {"status", {{"type", "string"}, {"description", "The canonical code, for example `NOT_FOUND`."}}},
        {"message", {{"type", "string"}}},
        {"details", details}}}};
  return {{"type", "object"}, {"required", OrderedJson::array({"error"})}, {"properties", {{"error", error}}}};
}

OrderedJson Components(SchemaCollector& schemas) {
  OrderedJson components;
  components["securitySchemes"] = {
      {"bearer",
       {{"type", "http"}, {"scheme", "bearer"}, {"description", "An API key: `Authorization: Bearer esk_…`."}}},
      {"apiKey", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}};
  components["parameters"] = {
      {"IdempotencyKey",
       HeaderParameter("Idempotency-Key", "The same key with the same request replays the first answer.")},
      {"EsnafAfter",
       HeaderParameter("Esnaf-After", "Waits until the service has seen this `Esnaf-Position` of an earlier answer.")}};
  components["responses"] = {
      {"Error",
       {{"description", "What went wrong."},
        {"content", {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}}}};
  components["schemas"] = schemas.TakeSchemas();
  components["schemas"]["Error"] = ErrorSchema();
  return components;
}

}  // namespace

std::string OpenApiJson(const RouteTable& routes) {
  const CommentedContracts contracts;
  SchemaCollector schemas;
  OrderedJson paths = OrderedJson::object();
  for (const auto& route : routes.routes()) {
    int number = 0;
    for (const HttpBinding& binding : route->bindings) {
      std::string verb = binding.verb;
      for (char& c : verb) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      paths[PathText(binding, *route->request->GetDescriptor())][verb] =
          Operation(*route, binding, number++, contracts, schemas);
    }
  }
  OrderedJson document;
  document["openapi"] = "3.0.3";
  document["info"] = {
      {"title", "Esnaf"},
      {"version", "v1"},
      {"description",
       "A CRM for e-commerce. The same methods are served over gRPC. 64-bit integers are strings; money "
       "is in minor units; times are UTC."}};
  document["security"] = OrderedJson::array({{{"bearer", OrderedJson::array()}}, {{"apiKey", OrderedJson::array()}}});
  document["paths"] = std::move(paths);
  document["components"] = Components(schemas);
  return document.dump();
}

}  // namespace esnaf::gateway

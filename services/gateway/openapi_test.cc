// The description of the HTTP interface, as tools read it.
#include "services/gateway/openapi.h"

#include <nlohmann/json.hpp>

#include "libs/testing/catch.h"

namespace esnaf::gateway {
namespace {

using nlohmann::json;

// Every place where `$ref` stands.
void CollectReferences(const json& node, std::set<std::string>& references) {
  if (node.is_object()) {
    for (const auto& [name, child] : node.items()) {
      if (name == "$ref") references.insert(child.get<std::string>());
      CollectReferences(child, references);
    }
  } else if (node.is_array()) {
    for (const json& child : node) CollectReferences(child, references);
  }
}

struct Document {
  Document() : routes(*RouteTable::BuildLinked()), text(OpenApiJson(routes)), api(json::parse(text)) {}
  RouteTable routes;
  std::string text;
  json api;
};

TEST_CASE("every method with a path is described, once for each path") {
  const Document document;
  std::set<std::string> operations;
  int expected = 0;
  int found = 0;
  for (const auto& route : document.routes.routes()) expected += static_cast<int>(route->bindings.size());
  for (const auto& [path, verbs] : document.api["paths"].items()) {
    for (const auto& [verb, operation] : verbs.items()) {
      INFO(verb << " " << path);
      ++found;
      CHECK(operations.insert(operation["operationId"]).second);
      CHECK_FALSE(operation["summary"].get<std::string>().empty());
      CHECK((operation["responses"].contains("200") || operation["responses"].contains("204")));
      CHECK(operation["responses"].contains("default"));
      // The variables of the path are parameters, and the other way round.
      std::set<std::string> variables;
      for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1)) {
        variables.insert(path.substr(open + 1, path.find('}', open) - open - 1));
      }
      std::set<std::string> parameters;
      for (const json& parameter : operation["parameters"]) {
        if (parameter.contains("in") && parameter["in"] == "path") parameters.insert(parameter["name"]);
      }
      CHECK(parameters == variables);
    }
  }
  CHECK(found == expected);
  CHECK(found > 40);
}

TEST_CASE("nothing is referred to that is not there") {
  const Document document;
  std::set<std::string> references;
  CollectReferences(document.api, references);
  CHECK(references.size() > 50);
  for (const std::string& reference : references) {
    INFO(reference);
    REQUIRE(reference.starts_with("#/"));
    // Names hold dots but no slash.
    CHECK_NOTHROW(document.api.at(json::json_pointer(reference.substr(1))));
  }
}

TEST_CASE("the contracts' words and types come through") {
  const Document document;
  const json& contact = document.api["components"]["schemas"]["esnaf.contacts.v1.Contact"];
  CHECK(contact["properties"]["givenName"]["type"] == "string");
  CHECK(contact["properties"]["identities"]["items"]["$ref"] == "#/components/schemas/esnaf.contacts.v1.Identity");
  CHECK(contact["properties"]["createTime"]["format"] == "date-time");
  CHECK_FALSE(contact["properties"]["givenName"]["description"].get<std::string>().empty());
  const json& money = document.api["components"]["schemas"]["esnaf.api.v1.Money"];
  CHECK(money["properties"]["minor"]["type"] == "string");
  const json& list = document.api["paths"]["/v1/contacts"]["get"];
  std::set<std::string> names;
  for (const json& parameter : list["parameters"]) {
    if (parameter.contains("name")) names.insert(parameter["name"]);
  }
  CHECK(names.contains("pageSize"));
  CHECK(names.contains("orderBy"));
  CHECK(list["x-esnaf-access"]["scope"] == "contacts.read");
  const json& create = document.api["paths"]["/v1/apiKeys"]["post"];
  CHECK(create["requestBody"]["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/esnaf.gateway.v1.ApiKey");
}

}  // namespace
}  // namespace esnaf::gateway

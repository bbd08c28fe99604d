#include "libs/postgres/statement.h"

#include <map>
#include <mutex>

namespace esnaf::postgres {
namespace {

// Statements are registered while the program's static objects are made, in no known order, so the registry is made
// at its first use and never destroyed.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::vector<const Statement*>, std::less<>> statements;
};

Registry& TheRegistry() {
  static Registry& registry = *new Registry;
  return registry;
}

}  // namespace

Statement::Statement(const char* component, const char* name, const char* sql)
    : component_(component), name_(std::string(component) + "." + name), sql_(sql) {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  registry.statements[component_].push_back(this);
}

std::vector<const Statement*> Statement::OfComponent(std::string_view component) {
  Registry& registry = TheRegistry();
  std::lock_guard lock(registry.mutex);
  const auto found = registry.statements.find(component);
  return found == registry.statements.end() ? std::vector<const Statement*>() : found->second;
}

}  // namespace esnaf::postgres

#pragma once

// SQL as named constants. Each store declares its statements once, beside the code that uses them:
//
//   const postgres::Statement kGetOrder("orders", "get_order", "SELECT ... WHERE id = $1");
//
// A connection prepares every statement of the components that it was opened for, so that a typing error stops
// the service at start-up. Statements live as long as the program.
#include <string>
#include <string_view>
#include <vector>

namespace esnaf::postgres {

class Statement {
 public:
  // Registers the statement under its component: a service's schema name, or a library's (`events`).
  Statement(const char* component, const char* name, const char* sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  std::string_view component() const { return component_; }
  const std::string& name() const { return name_; }  // `<component>.<name>`
  const char* sql() const { return sql_; }

  // Every statement of a component, in no order.
  static std::vector<const Statement*> OfComponent(std::string_view component);

 private:
  const char* component_;
  std::string name_;
  const char* sql_;
};

}  // namespace esnaf::postgres

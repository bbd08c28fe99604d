#pragma once

// Reads what a storefront posts: each member by its name, exactly, collecting every place that cannot be read
// (`body.line_items[2].price`). Pure.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/error.h"
#include "libs/base/money.h"
#include "libs/base/time.h"

namespace esnaf::orders {

// An object within a document. Absent and null are the same. The document and the violations outlive it.
class Place {
 public:
  Place(const nlohmann::json& object, std::string path, FieldViolations& violations)
      : object_(&object), path_(std::move(path)), violations_(&violations) {}

  bool Has(const char* name) const { return !Member(name).is_null(); }
  // A text as one clean line of at most `bytes`; empty where it is absent.
  std::string Text(const char* name, std::size_t bytes = 500) const;
  // A text or a whole number, of at most 200 bytes.
  std::string Id(const char* name) const;
  // What anybody may have put there: a text as one clean line of at most `bytes`, or a whole number; empty where it is
  // something else.
  std::string Anything(const char* name, std::size_t bytes) const;
  bool Flag(const char* name) const;
  std::int64_t Count(const char* name) const;
  // RFC 3339, or the same without a zone, which then is UTC.
  std::optional<Time> When(const char* name) const;
  // A decimal text or a whole number, in minor units; what is finer is rounded half away from zero. A number with a
  // fraction is refused: it has been through binary floating point before we could read it.
  std::optional<std::int64_t> Amount(const char* name, Currency currency) const;
  std::int64_t AmountOrZero(const char* name, Currency currency) const { return Amount(name, currency).value_or(0); }
  Place Object(const char* name) const;
  std::vector<Place> Objects(const char* name) const;
  std::vector<std::string> Texts(const char* name) const;

  const std::string& path() const { return path_; }
  void Refuse(const char* name, std::string_view problem) const;

 private:
  const nlohmann::json& Member(const char* name) const;

  const nlohmann::json* object_;
  std::string path_;
  FieldViolations* violations_;
};

// One clean line of at most `bytes`.
std::string CleanLine(std::string_view text, std::size_t bytes);

}  // namespace esnaf::orders

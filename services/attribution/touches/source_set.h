#pragma once

// A set of sources and hosts, as channel rules list them.
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace esnaf::attribution {

class SourceSet {
 public:
  SourceSet() = default;
  explicit SourceSet(const std::vector<std::string>& entries);
  // Whether a source, a word or a host in lower case, is in the set: by itself, as a host below an entry with a dot, or
  // as `name.<country>` for an entry `name.*`, with one or two labels behind the name.
  bool Has(std::string_view source) const;

 private:
  std::unordered_set<std::string> exact_;
  std::unordered_set<std::string> any_country_;  // without the `.*`
};

// The name of a search engine by its host: the label before the country, `google` of `google.com.tr`, `yahoo` of
// `search.yahoo.com`, `yandex` of `yandex.com.tr`.
std::string EngineName(std::string_view host);

}  // namespace esnaf::attribution

#pragma once

// Addresses of pages, as far as touches need them.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace esnaf::attribution {

struct WebAddress {
  std::string host;                                             // lower case, without `www.` and the port
  std::vector<std::pair<std::string, std::string>> parameters;  // of the query, decoded, in their order
  // The first parameter of a name; empty where there is none.
  std::string Get(std::string_view name) const;
};

// Reads `scheme://host/path?query#fragment`, also of apps (`android-app://…`). nullopt where the text is no such
// address. Parameters that are not clean UTF-8 or hold control characters are left out.
std::optional<WebAddress> ReadWebAddress(std::string_view text);

// Whether two hosts are of one site: the same, or one below the other.
bool SameSite(std::string_view a, std::string_view b);

// The address without its query and fragment, which may hold what identifies a person.
std::string WithoutQuery(std::string_view address);

}  // namespace esnaf::attribution

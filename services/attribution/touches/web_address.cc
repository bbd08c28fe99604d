#include "services/attribution/touches/web_address.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "libs/base/absl_compat.h"
#include "libs/base/text.h"
#include "libs/base/url.h"

namespace esnaf::attribution {
namespace {

constexpr std::size_t kMostParameters = 200;

bool IsPlain(std::string_view text) {
  return IsCleanUtf8(text) && std::none_of(text.begin(), text.end(),
                                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void ReadParameters(std::string_view query, WebAddress& address) {
  while (!query.empty() && address.parameters.size() < kMostParameters) {
    const std::string_view parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(parameter.size() + 1, query.size()));
    const std::size_t equals = parameter.find('=');
    std::string name = DecodeQueryPart(parameter.substr(0, equals));
    std::string value = equals == parameter.npos ? "" : DecodeQueryPart(parameter.substr(equals + 1));
    if (!name.empty() && IsPlain(name) && IsPlain(value))
      address.parameters.emplace_back(std::move(name), std::move(value));
  }
}

std::string_view HostOf(std::string_view authority) {
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) return authority.substr(0, std::min(authority.find(']') + 1, authority.size()));
  return authority.substr(0, std::min(authority.find(':'), authority.size()));
}

}  // namespace

std::string WebAddress::Get(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [name](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? std::string() : found->second;
}

std::optional<WebAddress> ReadWebAddress(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return std::nullopt;
  std::string_view rest = text.substr(scheme + 3);
  rest = rest.substr(0, std::min(rest.find('#'), rest.size()));
  const std::string_view authority = rest.substr(0, std::min(rest.find_first_of("/?"), rest.size()));
  WebAddress address{.host = absl::AsciiStrToLower(ToAbsl(HostOf(authority))), .parameters = {}};
  if (address.host.empty() || !IsPlain(address.host)) return std::nullopt;
  if (address.host.starts_with("www.") && address.host.size() > 4) address.host.erase(0, 4);
  if (const std::size_t query = rest.find('?'); query != std::string_view::npos) {
    ReadParameters(rest.substr(query + 1), address);
  }
  return address;
}

bool SameSite(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  if (b.empty() || !a.ends_with(b)) return false;
  return a.size() == b.size() || a[a.size() - b.size() - 1] == '.';
}

std::string WithoutQuery(std::string_view address) {
  return std::string(address.substr(0, std::min(address.find_first_of("?#"), address.size())));
}

}  // namespace esnaf::attribution

#include "services/support/forms/spam_guard.h"

#include "libs/base/text.h"

namespace esnaf::support {
namespace {

constexpr int kFloodFactor = 4;

}  // namespace

std::vector<std::string> SuspicionsOf(const SpamSigns& signs, const SpamLimits& limits) {
  std::vector<std::string> suspicions;
  if (signs.trap_filled) suspicions.emplace_back("HONEYPOT");
  if (signs.fill_time < limits.least_fill_time) suspicions.emplace_back("TOO_FAST");
  if (signs.links > limits.most_links) suspicions.emplace_back("LINKS");
  if (signs.said_before) suspicions.emplace_back("DUPLICATE");
  if (signs.from_address >= limits.most_per_address) suspicions.emplace_back("ADDRESS_RATE");
  if (signs.to_store >= limits.most_per_store) suspicions.emplace_back("STORE_RATE");
  return suspicions;
}

SpamLimits LimitsOfKey(const SpamLimits& limits) {
  SpamLimits shared = limits;
  shared.most_per_address = std::max(1, limits.most_per_store / 2);
  return shared;
}

std::int64_t FloodFrom(const SpamLimits& limits) { return std::int64_t{kFloodFactor} * limits.most_per_address; }

int CountLinks(std::string_view text) {
  const std::string lower = LowerCase(text);
  int links = 0;
  for (std::size_t at = 0; at < lower.size();) {
    const std::string_view rest = std::string_view(lower).substr(at);
    std::size_t length = 0;
    for (const std::string_view begin : {"https://www.", "http://www.", "https://", "http://", "www.", "[url", "<a "}) {
      if (length == 0 && rest.starts_with(begin)) length = begin.size();
    }
    if (length > 0) ++links;
    at += std::max<std::size_t>(length, 1);
  }
  return links;
}

}  // namespace esnaf::support

#include "services/attribution/touches/source_set.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "libs/base/absl_compat.h"

namespace esnaf::attribution {
namespace {

constexpr std::string_view kAnyCountry = ".*";

std::vector<std::string> LabelsOf(std::string_view host) { return absl::StrSplit(ToAbsl(host), '.'); }

// `com.tr`, `co.uk`: the second label is one of a handful, the first a country.
bool IsSecondLevel(std::string_view label) {
  static const std::unordered_set<std::string_view> kLabels = {"com", "co", "org", "net", "gov",
                                                               "edu", "ac", "gen", "web"};
  return kLabels.contains(label);
}

}  // namespace

SourceSet::SourceSet(const std::vector<std::string>& entries) {
  for (const std::string& written : entries) {
    std::string entry = absl::AsciiStrToLower(written);
    if (std::string_view(entry).ends_with(kAnyCountry)) {
      entry.resize(entry.size() - kAnyCountry.size());
      any_country_.insert(std::move(entry));
    } else {
      exact_.insert(std::move(entry));
    }
  }
}

bool SourceSet::Has(std::string_view source) const {
  const std::string whole(source);
  if (exact_.contains(whole)) return true;
  std::size_t dot = whole.find('.');
  if (dot == std::string::npos) return false;
  // The name in front of the country, which is one label, or two such as `com.tr`.
  if (any_country_.contains(whole.substr(0, whole.rfind('.')))) return true;
  const std::vector<std::string> labels = LabelsOf(whole);
  if (labels.size() > 2 && labels.back().size() == 2 && IsSecondLevel(labels[labels.size() - 2])) {
    const std::size_t tail = labels.back().size() + labels[labels.size() - 2].size() + 2;
    if (any_country_.contains(whole.substr(0, whole.size() - tail))) return true;
  }
  // A host below an entry; the last label alone is no entry.
  while (dot != std::string::npos) {
    const std::string above = whole.substr(dot + 1);
    if (above.find('.') == std::string::npos) break;
    if (exact_.contains(above)) return true;
    dot = whole.find('.', dot + 1);
  }
  return false;
}

std::string EngineName(std::string_view host) {
  std::vector<std::string> labels = LabelsOf(host);
  if (labels.size() < 2) return std::string(host);
  labels.pop_back();
  if (labels.size() > 1 && IsSecondLevel(labels.back())) labels.pop_back();
  return labels.back();
}

}  // namespace esnaf::attribution

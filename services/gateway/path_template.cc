#include "services/gateway/path_template.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kMostSegments = 16;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsFieldPath(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.'; });
}

bool IsLiteral(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
}

absl::Status Unusable(std::string_view text, const char* problem) {
  return absl::InvalidArgumentError(absl::StrCat("the path template ", std::string(text), " ", problem));
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0 || (high | low) == 0) return std::nullopt;
      decoded.push_back(static_cast<char>(high << 4 | low));
      i += 2;
    } else {
      decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

std::optional<SplitPath> SplitHttpPath(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  SplitPath split;
  while (true) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash == 0 || split.segments.size() == kMostSegments) return std::nullopt;
    split.segments.push_back(path.substr(0, slash));
    if (slash == path.size()) break;
    path.remove_prefix(slash + 1);
  }
  // A colon that belongs to an id is written %3A.
  std::string_view& last = split.segments.back();
  if (const std::size_t colon = last.rfind(':'); colon != std::string_view::npos) {
    split.verb = last.substr(colon + 1);
    last = last.substr(0, colon);
    if (last.empty() || split.verb.empty()) return std::nullopt;
  }
  return split;
}

absl::StatusOr<PathTemplate> PathTemplate::Parse(std::string_view text) {
  PathTemplate parsed;
  parsed.text_ = text;
  const std::optional<SplitPath> split = SplitHttpPath(text);
  if (!split) return Unusable(text, "is malformed");
  parsed.verb_ = split->verb;
  if (!split->verb.empty() && !IsLiteral(split->verb)) return Unusable(text, "has a malformed verb");
  for (std::string_view segment : split->segments) {
    if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
      const std::string_view field = segment.substr(1, segment.size() - 2);
      if (!IsFieldPath(field)) return Unusable(text, "has a variable that is no plain field path");
      parsed.segments_.push_back({true, std::string(field)});
    } else if (IsLiteral(segment)) {
      parsed.segments_.push_back({false, std::string(segment)});
    } else {
      return Unusable(text, "has a segment that is neither a literal nor a variable");
    }
  }
  return parsed;
}

std::optional<Captures> PathTemplate::Match(const SplitPath& path) const {
  if (path.segments.size() != segments_.size() || path.verb != verb_) return std::nullopt;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (!segments_[i].variable && path.segments[i] != segments_[i].text) return std::nullopt;
  }
  Captures captures;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (!segments_[i].variable) continue;
    std::optional<std::string> value = PercentDecode(path.segments[i], /*plus_is_space=*/false);
    if (!value) return std::nullopt;
    captures.emplace_back(segments_[i].text, *std::move(value));
  }
  return captures;
}

int PathTemplate::literal_count() const {
  return static_cast<int>(
      std::count_if(segments_.begin(), segments_.end(), [](const Segment& segment) { return !segment.variable; }));
}

std::vector<std::string> PathTemplate::variables() const {
  std::vector<std::string> fields;
  for (const Segment& segment : segments_) {
    if (segment.variable) fields.push_back(segment.text);
  }
  return fields;
}

}  // namespace esnaf::gateway

#pragma once

// Paths of HTTP calls and the templates of google.api.http that they are matched with: `/v1/contacts/{id}:merge`.
// Supported are literals, variables of one segment and a verb; the contracts use no more, and the start fails on
// others.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace esnaf::gateway {

// Decodes %XX; nullopt where it is malformed or gives a NUL.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

// The parts of a path, undecoded: `/v1/contacts/7:merge` is {v1, contacts, 7} and the verb `merge`.
struct SplitPath {
  std::vector<std::string_view> segments;
  std::string_view verb;
};
// nullopt where the path does not start with `/`, has an empty segment or too many.
std::optional<SplitPath> SplitHttpPath(std::string_view path);

// Field paths with the decoded text of their segments.
using Captures = std::vector<std::pair<std::string, std::string>>;

class PathTemplate {
 public:
  // INVALID_ARGUMENT where it is malformed or uses what is not supported.
  static absl::StatusOr<PathTemplate> Parse(std::string_view text);

  // nullopt where the path is another one.
  std::optional<Captures> Match(const SplitPath& path) const;

  const std::string& text() const { return text_; }
  int literal_count() const;
  std::size_t segment_count() const { return segments_.size(); }
  const std::string& verb() const { return verb_; }
  // The field paths that it binds, in order: {`contact.id`}.
  std::vector<std::string> variables() const;

 private:
  struct Segment {
    bool variable = false;
    std::string text;  // the literal, or the variable's field path
  };
  std::string text_;
  std::vector<Segment> segments_;
  std::string verb_;
};

}  // namespace esnaf::gateway

#pragma once

// Files by what is in them: the name of each is its SHA-256, so that the same file is kept once and none ever changes.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/time.h"

namespace esnaf::files {

// Safe to use from several threads and processes.
class FileStore {
 public:
  virtual ~FileStore() = default;
  // Keeps the file and answers its SHA-256 in hex. When it has answered, the file is whole and on the disk. UNAVAILABLE
  // where it cannot be kept.
  virtual absl::StatusOr<std::string> Put(std::string_view content) = 0;
  // NOT_FOUND where there is none, DATA_LOSS where it is not what its name says any more, UNAVAILABLE where it cannot
  // be read.
  virtual absl::StatusOr<std::string> Get(const std::string& sha256) const = 0;
  // Forgets files that were put for the last time before `before` and that `is_used` does not know; at most `most` are
  // looked at. Answers how many were forgotten. A file that is put meanwhile stays.
  virtual absl::StatusOr<int> Prune(Time before, int most,
                                    const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_used) = 0;
};

}  // namespace esnaf::files

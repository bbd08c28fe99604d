#pragma once

// Files in a folder of this machine, or of a network file system that knows rename and flock: `ab/<sha256>`.
#include <string>

#include "libs/files/file_store.h"

namespace esnaf::files {

class LocalFileStore final : public FileStore {
 public:
  // Makes the folder where there is none. INVALID_ARGUMENT where that cannot be done.
  static absl::StatusOr<LocalFileStore> Open(const std::string& folder);

  absl::StatusOr<std::string> Put(std::string_view content) override;
  absl::StatusOr<std::string> Get(const std::string& sha256) const override;
  // Removes what a crash left half written, too.
  absl::StatusOr<int> Prune(Time before, int most,
                            const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_used) override;

 private:
  explicit LocalFileStore(std::string folder) : folder_(std::move(folder)) {}
  std::string PathOf(const std::string& sha256) const;

  std::string folder_;
  std::string pruned_up_to_;  // so that each call of Prune goes on where the last one ended
};

}  // namespace esnaf::files

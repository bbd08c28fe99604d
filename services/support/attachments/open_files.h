#pragma once

// Where the installation keeps files: nowhere, in a folder, or in a bucket of a store that speaks S3.
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/files/file_store.h"
#include "libs/runtime/config.h"

namespace esnaf::support {

// The keys `files` and `files-s3-…`.
std::vector<runtime::ConfigKey> FileKeys();

// Null where there is no place. INVALID_ARGUMENT naming the key that is wrong.
absl::StatusOr<std::shared_ptr<files::FileStore>> OpenFiles(const runtime::Config& config);

}  // namespace esnaf::support

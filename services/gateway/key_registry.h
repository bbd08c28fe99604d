#pragma once

// Keeps the cache of keys equal to the database, and sees to it that there is an admin key from the first start on.
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "libs/postgres/connection.h"
#include "services/gateway/key_cache.h"

namespace esnaf::gateway {

class KeyRegistry {
 public:
  // The cache outlives the registry.
  explicit KeyRegistry(KeyCache& cache) : cache_(cache) {}

  // Reads all keys anew. One reload at a time, so that an older state of the database never follows a newer one.
  absl::Status Reload(postgres::Connection& connection);

 private:
  std::mutex mutex_;
  KeyCache& cache_;
};

// Where no admin key can be used, creates one and writes its secret into the file, which nobody else may read. The file
// is in place before the key counts; where it cannot be written there is no key either.
absl::Status BootstrapAdminKey(postgres::Connection& connection, const std::string& file, const Clock& clock);

}  // namespace esnaf::gateway

#include "services/gateway/key_registry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/log.h"
#include "services/gateway/api_key_store.h"

namespace esnaf::gateway {
namespace {

constexpr std::size_t kSecretBytes = 32;

absl::Status FileError(const char* doing, const std::string& path) {
  return absl::UnavailableError(absl::StrCat("cannot ", doing, " ", path, ": ", std::strerror(errno)));
}

// Writes the file beside its place and moves it there, so that it is never seen half written.
absl::Status WriteSecretFile(const std::string& path, const std::string& text) {
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return FileError("create", temporary);
  // A file that was there before keeps its mode.
  const bool written = fchmod(file, S_IRUSR | S_IWUSR) == 0 &&
                       write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(file) == 0;
  const absl::Status status = written ? absl::OkStatus() : FileError("write", temporary);
  close(file);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) return FileError("move into place", path);
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

}  // namespace

absl::Status KeyRegistry::Reload(postgres::Connection& connection) {
  std::lock_guard lock(mutex_);
  ESNAF_ASSIGN_OR_RETURN(
      const std::vector<StoredKey> keys,
      connection.Run({.autocommit = true, .read_only = true}, [](postgres::Tx& tx) { return LoadApiKeys(tx); }));
  cache_.Replace(keys);
  return absl::OkStatus();
}

absl::Status BootstrapAdminKey(postgres::Connection& connection, const std::string& file, const Clock& clock) {
  const Time now = clock.Now();
  bool created = false;
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    created = false;
    ESNAF_ASSIGN_OR_RETURN(const bool exists, LockAndFindAdminKey(tx, now));
    if (exists) return absl::OkStatus();
    const Secret secret = MakeSecret(RandomBytes(kSecretBytes));
    ApiKey key;
    key.id = Uuid::NewV7(now);
    key.display_name = "bootstrap admin";
    key.kind = KeyKind::kAdmin;
    key.create_time = now;
    key.prefix = secret.prefix;
    ESNAF_RETURN_IF_ERROR(InsertApiKey(tx, key, secret.hash));
    // Before the commit: a key whose secret nobody knows would lock everybody out.
    ESNAF_RETURN_IF_ERROR(WriteSecretFile(file, secret.text + "\n"));
    created = true;
    return absl::OkStatus();
  }));
  if (created) LogInfo("created the first admin key", {{"file", file}});
  return absl::OkStatus();
}

}  // namespace esnaf::gateway

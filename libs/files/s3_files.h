#pragma once

// Files in a bucket of a store that speaks Amazon S3 (AWS, MinIO, Ceph, …): `<prefix>files/<sha256>`. Buckets are named
// in the path of the address, requests are signed by AWS Signature Version 4.
#include <chrono>
#include <string>

#include "libs/files/file_store.h"
#include "libs/https/https.h"

namespace esnaf::files {

struct S3Settings {
  std::string endpoint;  // `https://s3.eu-central-1.amazonaws.com`, or `http://127.0.0.1:9000` of this machine
  std::string region;    // `eu-central-1`
  std::string bucket;
  std::string prefix{};  // of all names; empty, or with `/` at its end
  std::string access_key;
  std::string secret_key;                     // never logged
  std::chrono::milliseconds timeout{20'000};  // of one request with all its attempts
  // Before the second attempt; four times as long before each further one.
  std::chrono::milliseconds first_pause{200};
};

// Whoever forgets a file leaves a mark of its own first, `<prefix>forgetting/<sha256>.<random>`; see Put.
//
// The store has to show what was written to whoever reads next, as S3 does since 2020, and MinIO and Ceph do.
class S3FileStore final : public FileStore {
 public:
  // Nothing is asked of the store yet. INVALID_ARGUMENT beginning with the name of the setting that is wrong.
  static absl::StatusOr<S3FileStore> Open(S3Settings settings);

  // The store checks the SHA-256, which the signature covers. INVALID_ARGUMENT beyond 64 MiB.
  absl::StatusOr<std::string> Put(std::string_view content) override;
  absl::StatusOr<std::string> Get(const std::string& sha256) const override;
  absl::StatusOr<int> Prune(Time before, int most,
                            const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_used) override;

 private:
  struct Entry {
    std::string name;  // within the folder
    Time modify_time;
  };

  explicit S3FileStore(S3Settings settings) : settings_(std::move(settings)) {}
  std::string FileName(const std::string& sha256) const { return settings_.prefix + "files/" + sha256; }
  https::Request RequestOf(const std::string& method, const std::string& name, std::string_view body) const;
  // As often as may help; UNAVAILABLE where the store does not answer, or refuses.
  absl::StatusOr<https::Answer> Ask(https::Request request) const;
  absl::Status Write(const std::string& name, std::string_view content) const;
  absl::Status Remove(const std::string& name) const;
  // When it was written last; none where there is none.
  absl::StatusOr<std::optional<Time>> ModifyTimeOf(const std::string& name) const;
  // At most 1000 whose names begin with the prefix and `beginning`, in the order of their names, those after `after`.
  // Their names are without both.
  absl::StatusOr<std::vector<Entry>> List(const std::string& beginning, const std::string& after) const;
  absl::Status WaitUntilUnmarked(const std::string& sha256) const;
  absl::StatusOr<bool> Forget(const std::string& sha256, Time before) const;

  S3Settings settings_;
  std::string pruned_up_to_;  // so that each call of Prune goes on where the last one ended
};

}  // namespace esnaf::files

#include "services/support/attachments/open_files.h"

#include "absl/strings/str_cat.h"
#include "libs/base/absl_compat.h"
#include "libs/base/macros.h"
#include "libs/files/local_files.h"
#include "libs/files/s3_files.h"

namespace esnaf::support {
namespace {

constexpr std::string_view kS3Scheme = "s3://";

// The store's settings by the names of the keys.
std::string KeyOf(std::string_view setting) {
  if (setting == "bucket" || setting == "prefix") return "files";
  if (setting == "access_key") return "files-s3-access-key";
  if (setting == "secret_key") return "files-s3-secret-key";
  return absl::StrCat("files-s3-", std::string(setting));
}

absl::StatusOr<std::shared_ptr<files::FileStore>> OpenBucket(const runtime::Config& config, std::string_view place) {
  const std::size_t slash = std::min(place.find('/'), place.size());
  files::S3Settings settings{.endpoint = config.Text("files-s3-endpoint"),
                             .region = config.Text("files-s3-region"),
                             .bucket = std::string(place.substr(0, slash)),
                             .prefix = std::string(place.substr(std::min(slash + 1, place.size()))),
                             .access_key = config.Text("files-s3-access-key"),
                             .secret_key = config.Text("files-s3-secret-key")};
  if (!settings.prefix.empty() && settings.prefix.back() != '/') settings.prefix += '/';
  absl::StatusOr<files::S3FileStore> store = files::S3FileStore::Open(std::move(settings));
  if (store.ok()) return std::make_shared<files::S3FileStore>(*std::move(store));
  const std::string_view why = ToStd(store.status().message());
  const std::size_t colon = why.find(':');
  return absl::InvalidArgumentError(
      absl::StrCat("the key ", KeyOf(why.substr(0, colon)), std::string(why.substr(colon))));
}

}  // namespace

std::vector<runtime::ConfigKey> FileKeys() {
  return {
      {.name = "files",
       .help = "Where the files of messages are kept: a folder, or s3://BUCKET or s3://BUCKET/PREFIX of a store that "
               "speaks S3; empty: none are taken."},
      {.name = "files-s3-endpoint", .help = "The address of that store, for example https://s3.example.com."},
      {.name = "files-s3-region", .default_value = "us-east-1", .help = "The region of the bucket."},
      {.name = "files-s3-access-key", .help = "The id of the access key."},
      {.name = "files-s3-secret-key", .help = "The secret of the access key.", .secret = true}};
}

absl::StatusOr<std::shared_ptr<files::FileStore>> OpenFiles(const runtime::Config& config) {
  const std::string_view place = config.Text("files");
  if (place.starts_with(kS3Scheme)) return OpenBucket(config, place.substr(kS3Scheme.size()));
  // Whoever sets up a bucket does not want a folder, or none, by mistake.
  for (const char* const key : {"files-s3-endpoint", "files-s3-access-key", "files-s3-secret-key"}) {
    if (config.Text(key).empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat("the key ", key, ": the key files names no s3://BUCKET"));
  }
  if (place.empty()) return std::shared_ptr<files::FileStore>();
  absl::StatusOr<files::LocalFileStore> store = files::LocalFileStore::Open(std::string(place));
  if (!store.ok()) return absl::InvalidArgumentError("the key files: the folder cannot be written");
  return std::make_shared<files::LocalFileStore>(*std::move(store));
}

}  // namespace esnaf::support

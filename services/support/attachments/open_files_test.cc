#include "services/support/attachments/open_files.h"

#include <filesystem>
#include <fstream>

#include "libs/base/crypto.h"
#include "libs/files/fake_s3.h"
#include "libs/testing/catch.h"

namespace esnaf::support {
namespace {

using files::testing::FakeS3;

absl::StatusOr<std::shared_ptr<files::FileStore>> Open(const std::vector<std::string>& arguments) {
  const auto config = runtime::Config::Load(FileKeys(), arguments, {});
  REQUIRE_OK(config);
  return OpenFiles(*config);
}

TEST_CASE("files are kept nowhere, in a folder or in a bucket") {
  const auto nowhere = Open({});
  REQUIRE_OK(nowhere);
  CHECK(*nowhere == nullptr);
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("esnaf-" + HexEncode(RandomBytes(8)));
  const auto local = Open({"--files", folder});
  REQUIRE_OK(local);
  CHECK(*(*local)->Get(*(*local)->Put("content")) == "content");

  FakeS3 server;
  std::ofstream(folder / "secret") << FakeS3::kSecretKey << "\n";
  const auto bucket =
      Open({"--files", absl::StrCat("s3://", FakeS3::kBucket, "/desk"), "--files-s3-endpoint", server.endpoint(),
            "--files-s3-access-key", FakeS3::kAccessKey, "--files-s3-secret-key-file", folder / "secret"});
  REQUIRE_OK(bucket);
  CHECK(*(*bucket)->Get(*(*bucket)->Put("content")) == "content");
  CHECK(server.objects().begin()->first == "desk/files/" + Sha256Hex("content"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a wrong key for files is named, and the secret is not told") {
  const std::vector<std::string> good = {"--files=s3://bucket", "--files-s3-endpoint=https://s3.example.com",
                                         "--files-s3-access-key=a", "--files-s3-secret-key=hidden"};
  CHECK_OK(Open(good).status());
  const auto refused = [&](std::size_t which, const std::string& given, const std::string& key) {
    std::vector<std::string> arguments = good;
    arguments[which] = given;
    const absl::Status status = Open(arguments).status();
    CHECK_STATUS_IS(status, absl::StatusCode::kInvalidArgument, "the key " + key + ":");
    CHECK(status.ToString().find("hidden") == std::string::npos);
  };
  refused(0, "--files=s3://", "files");
  refused(0, "--files=s3://bucket/ä", "files");
  refused(0, "--files=/tmp", "files-s3-endpoint");
  refused(0, "--files=", "files-s3-endpoint");
  refused(1, "--files-s3-endpoint=http://s3.example.com", "files-s3-endpoint");
  refused(1, "--files-s3-region=TR", "files-s3-endpoint");
  refused(2, "--files-s3-region=a", "files-s3-access-key");
  refused(3, "--files-s3-region=a", "files-s3-secret-key");
  CHECK_STATUS_IS(Open({"--files=/proc/no-such/folder"}).status(), absl::StatusCode::kInvalidArgument,
                  "the key files:");
  const auto config = runtime::Config::Load(FileKeys(), good, {});
  CHECK(config->Describe().find("hidden") == std::string::npos);
}

}  // namespace
}  // namespace esnaf::support

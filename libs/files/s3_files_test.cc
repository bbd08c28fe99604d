#include "libs/files/s3_files.h"

#include "libs/files/fake_s3.h"
#include "libs/testing/catch.h"

namespace esnaf::files {
namespace {

using testing::AwsSignature;
using testing::FakeS3;
using testing::SignedRequest;

constexpr char kEmptySha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const auto kNothingUsed = [](const std::string&) -> absl::StatusOr<bool> { return false; };

S3Settings SettingsOf(const FakeS3& server) {
  return {.endpoint = server.endpoint(),
          .region = "eu-central-1",
          .bucket = FakeS3::kBucket,
          .prefix = "desk/",
          .access_key = FakeS3::kAccessKey,
          .secret_key = FakeS3::kSecretKey,
          .first_pause = std::chrono::milliseconds(1)};
}
S3FileStore OpenAt(const FakeS3& server) {
  auto store = S3FileStore::Open(SettingsOf(server));
  REQUIRE_OK(store);
  return *std::move(store);
}
std::string NameOf(const std::string& sha256) { return "desk/files/" + sha256; }

// The examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" in the Amazon S3
// API reference: GET Object, PUT Object, and GET Bucket (List Objects).
TEST_CASE("the store of the tests makes the signatures that Amazon published") {
  SignedRequest request{.method = "GET",
                        .path = "/test.txt",
                        .query = "",
                        .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                                    {"range", "bytes=0-9"},
                                    {"x-amz-content-sha256", kEmptySha256},
                                    {"x-amz-date", "20130524T000000Z"}},
                        .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  const auto signature = [&](const std::string& names) {
    return AwsSignature(request,
                        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                        "SignedHeaders=" +
                            names);
  };
  CHECK(signature("host;range;x-amz-content-sha256;x-amz-date") ==
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  request.path = "/";
  request.query = "max-keys=2&prefix=J";
  CHECK(signature("host;x-amz-content-sha256;x-amz-date") ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  request.method = "PUT";
  request.path = "/test%24file.text";
  request.query = "";
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  request.headers["x-amz-content-sha256"] = Sha256Hex("Welcome to Amazon S3.");
  CHECK(signature("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class") ==
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("a file is kept in the bucket by what is in it, once") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  const std::string content("a\0b\xff", 4);
  const auto name = store.Put(content);
  REQUIRE_OK(name);
  CHECK(*name == Sha256Hex(content));
  CHECK(*store.Put(content) == *name);
  CHECK(*store.Get(*name) == content);
  CHECK(*store.Get(*store.Put("")) == "");
  // More than libcurl sends without asking first.
  const std::string large(13 << 20, 'x');
  CHECK(*store.Get(*store.Put(large)) == large);
  CHECK(server.objects().size() == 3);
  CHECK(server.objects().at(NameOf(*name)).content == content);
}

TEST_CASE("only names of files lead to files of the bucket") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  for (const std::string name : {"", "lock", "../lock", "00/../lock"}) {
    CHECK_STATUS_IS(store.Get(name).status(), absl::StatusCode::kNotFound, "");
  }
  CHECK(server.requests().empty());
  CHECK_STATUS_IS(store.Get(Sha256Hex("x")).status(), absl::StatusCode::kNotFound, "");
}

TEST_CASE("a damaged file of the bucket is told, and mended by putting it once more") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  const std::string name = *store.Put("content");
  server.Put(NameOf(name), "conten", SystemClock().Now());
  CHECK_STATUS_IS(store.Get(name).status(), absl::StatusCode::kDataLoss, "damaged");
  CHECK_OK(store.Put("content").status());
  CHECK(*store.Get(name) == "content");
}

TEST_CASE("a store that is busy is asked again, and one that refuses is told without its secrets") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  server.FailNext(2);
  CHECK_OK(store.Put("content").status());
  server.FailNext(3);
  CHECK_STATUS_IS(store.Put("content").status(), absl::StatusCode::kUnavailable, "503 SlowDown");
  server.FailNext(0);

  S3Settings settings = SettingsOf(server);
  settings.secret_key = "of-somebody-else";
  const std::size_t requests = server.requests().size();
  const absl::Status refused = S3FileStore::Open(settings)->Put("content").status();
  CHECK_STATUS_IS(refused, absl::StatusCode::kUnavailable, "403 SignatureDoesNotMatch");
  CHECK(refused.ToString().find("somebody") == std::string::npos);
  CHECK(server.requests().size() == requests);
  settings = SettingsOf(server);
  settings.bucket = "another";
  CHECK_STATUS_IS(S3FileStore::Open(settings)->Get(Sha256Hex("x")).status(), absl::StatusCode::kUnavailable,
                  "NoSuchBucket");
  settings.endpoint = "http://127.0.0.1:1";
  CHECK_STATUS_IS(S3FileStore::Open(settings)->Put("x").status(), absl::StatusCode::kUnavailable, "");
  CHECK_STATUS_IS(store.Put(std::string((64 << 20) + 1, 'x')).status(), absl::StatusCode::kInvalidArgument, "larger");
}

TEST_CASE("a store that hangs is asked once, within the time for all attempts") {
  std::atomic<bool> hangs = true;
  FakeS3 server;
  S3Settings settings = SettingsOf(server);
  settings.timeout = std::chrono::milliseconds(200);
  server.BeforeEach([&](const std::string&) {
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  CHECK_STATUS_IS(S3FileStore::Open(settings)->Put("content").status(), absl::StatusCode::kUnavailable, "");
  hangs = false;
  // It takes requests one after the other: all that were sent before come before this one.
  const std::string name = *OpenAt(server).Put("content");
  const std::vector<std::string> requests = server.requests();
  CHECK(std::count(requests.begin(), requests.end(), "PUT " + NameOf(name)) == 2);
}

TEST_CASE("files of the bucket that nobody uses are forgotten once they are old") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  const std::string used = *store.Put("used"), unused = *store.Put("unused"), young = *store.Put("young");
  const Time now = SystemClock().Now(), long_ago = now - std::chrono::hours(72);
  const Time before = now - std::chrono::hours(48);
  server.Put(NameOf(used), "used", long_ago);
  server.Put(NameOf(unused), "unused", long_ago);
  // Of somebody else, and what a process that died has left.
  server.Put("desk/files/readme", "", long_ago);
  server.Put("other/files/" + unused, "", long_ago);
  server.Put("desk/forgetting/" + young + ".1", "", long_ago);
  CHECK(*store.Prune(before, 100, [&](const std::string& name) { return absl::StatusOr<bool>(name == used); }) == 1);
  CHECK_OK(store.Get(used).status());
  CHECK_OK(store.Get(young).status());
  CHECK_STATUS_IS(store.Get(unused).status(), absl::StatusCode::kNotFound, "");
  CHECK(server.objects().size() == 4);
  CHECK_FALSE(server.objects().contains("desk/forgetting/" + young + ".1"));
}

TEST_CASE("pruning a bucket goes on where it ended, and looks at everything in the end") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  const Time long_ago = SystemClock().Now() - std::chrono::hours(72);
  for (int i = 0; i < 15; ++i) server.Put(NameOf(Sha256Hex(std::to_string(i))), std::to_string(i), long_ago);
  int forgotten = 0;
  for (int i = 0; i < 6; ++i) forgotten += *store.Prune(long_ago + std::chrono::hours(1), 4, kNothingUsed);
  CHECK(forgotten == 15);
  CHECK(server.objects().empty());
}

TEST_CASE("a file that is put while it is being forgotten stays, wherever the two meet") {
  const Time now = SystemClock().Now();
  // The request of the pruning before which somebody else puts the file anew.
  const std::string meeting = GENERATE("PUT desk/forgetting/", "HEAD desk/files/", "DELETE desk/forgetting/");
  FakeS3 server;
  S3FileStore pruning = OpenAt(server), putting = OpenAt(server);
  const std::string name = Sha256Hex("content");
  server.Put(NameOf(name), "content", now - std::chrono::hours(72));
  bool met = false;
  server.BeforeEach([&](const std::string& request) {
    if (met || !request.starts_with(meeting)) return;
    met = true;
    server.Put(NameOf(name), "content", SystemClock().Now());
  });
  CHECK_OK(pruning.Prune(now - std::chrono::hours(48), 10, kNothingUsed).status());
  CHECK(met);
  CHECK_OK(putting.Get(name).status());
}

TEST_CASE("a file that is put between the last look at it and its removal is put once more") {
  FakeS3 server;
  S3FileStore putting = OpenAt(server);
  const std::string name = Sha256Hex("content");
  int writes = 0;
  server.BeforeEach([&](const std::string& request) {
    if (request.starts_with("PUT desk/files/")) ++writes;
    // Somebody has removed it, and the mark, before the writer asked for marks.
    if (writes == 1 && request.starts_with("LIST desk/forgetting/")) server.Erase(NameOf(name));
  });
  CHECK(*putting.Put("content") == name);
  CHECK(writes == 2);
  CHECK(*putting.Get(name) == "content");
}

TEST_CASE("who puts a file that is marked waits, and puts it once more where it is gone") {
  FakeS3 server;
  S3FileStore store = OpenAt(server);
  const std::string name = Sha256Hex("content");
  server.Put("desk/forgetting/" + name + ".1", "", SystemClock().Now());
  int looks = 0;
  server.BeforeEach([&](const std::string& request) {
    if (!request.starts_with("LIST desk/forgetting/") || ++looks != 3) return;
    // Whoever marked it saw how old it was before, removes it and takes the mark away.
    server.Erase(NameOf(name));
    server.Erase("desk/forgetting/" + name + ".1");
  });
  CHECK(*store.Put("content") == name);
  CHECK(looks == 4);
  CHECK(*store.Get(name) == "content");
  // A mark of one who died holds nobody up.
  server.Put("desk/forgetting/" + name + ".1", "", SystemClock().Now() - std::chrono::hours(1));
  looks = 10;
  CHECK(*store.Put("content") == name);
  CHECK(looks == 11);
}

TEST_CASE("a wrong setting of the bucket is named") {
  const S3Settings good{.endpoint = "https://s3.eu-central-1.amazonaws.com",
                        .region = "eu-central-1",
                        .bucket = "files.example",
                        .access_key = "a",
                        .secret_key = "b"};
  CHECK_OK(S3FileStore::Open(good).status());
  const auto refused = [&](auto change, const std::string& name) {
    S3Settings settings = good;
    change(settings);
    CHECK_STATUS_IS(S3FileStore::Open(settings).status(), absl::StatusCode::kInvalidArgument, name);
  };
  for (const char* endpoint : {"", "http://example.com", "https://", "https://x/path", "https://a@b", "ftp://x"}) {
    refused([&](S3Settings& settings) { settings.endpoint = endpoint; }, "endpoint");
  }
  for (const char* bucket : {"", "ab", "Files", "a/b", "-ab", "ab."}) {
    refused([&](S3Settings& settings) { settings.bucket = bucket; }, "bucket");
  }
  for (const char* prefix : {"a", "/", "/a/", "a//", "../", "a b/", "ü/"}) {
    refused([&](S3Settings& settings) { settings.prefix = prefix; }, "prefix");
  }
  refused([](S3Settings& settings) { settings.region = ""; }, "region");
  refused([](S3Settings& settings) { settings.access_key = ""; }, "access_key");
  refused([](S3Settings& settings) { settings.secret_key = ""; }, "secret_key");
}

}  // namespace
}  // namespace esnaf::files

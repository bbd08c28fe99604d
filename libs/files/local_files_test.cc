#include "libs/files/local_files.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "libs/base/crypto.h"
#include "libs/testing/catch.h"

namespace esnaf::files {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("esnaf-files-" + HexEncode(RandomBytes(8)))) {}
  ~Folder() { fs::remove_all(path); }
  LocalFileStore Open() {
    auto store = LocalFileStore::Open(path);
    REQUIRE_OK(store);
    return *std::move(store);
  }
  std::string PathOf(const std::string& sha256) const { return path / sha256.substr(0, 2) / sha256; }
  fs::path path;
};

const auto kNothingUsed = [](const std::string&) -> absl::StatusOr<bool> { return false; };
const Time kFuture = SystemClock().Now() + std::chrono::hours(1);

TEST_CASE("a file is kept by what is in it, once") {
  Folder folder;
  LocalFileStore store = folder.Open();
  const std::string content("a\0b\xff", 4);
  const auto name = store.Put(content);
  REQUIRE_OK(name);
  CHECK(*name == Sha256Hex(content));
  CHECK(*store.Put(content) == *name);
  CHECK(*folder.Open().Get(*name) == content);
  CHECK(*store.Get(*store.Put("")) == "");
  CHECK(fs::is_empty(folder.path / "unfinished"));
}

TEST_CASE("only names of files lead to files") {
  Folder folder;
  LocalFileStore store = folder.Open();
  for (const std::string name : {"", "lock", "../lock", "00/../lock", "unfinished"}) {
    CHECK_STATUS_IS(store.Get(name).status(), absl::StatusCode::kNotFound, "");
  }
  CHECK_STATUS_IS(store.Get(Sha256Hex("x")).status(), absl::StatusCode::kNotFound, "");
}

TEST_CASE("a damaged file is told, and mended by putting it once more") {
  Folder folder;
  LocalFileStore store = folder.Open();
  const std::string name = *store.Put("content");
  std::ofstream(folder.PathOf(name)) << "conten";
  CHECK_STATUS_IS(store.Get(name).status(), absl::StatusCode::kDataLoss, "damaged");
  CHECK_OK(store.Put("content").status());
  CHECK(*store.Get(name) == "content");
}

TEST_CASE("files that nobody uses are forgotten once they are old") {
  Folder folder;
  LocalFileStore store = folder.Open();
  const std::string used = *store.Put("used"), unused = *store.Put("unused");
  std::ofstream(folder.path / "unfinished" / "left") << "half";
  const auto is_used = [&](const std::string& name) -> absl::StatusOr<bool> { return name == used; };
  CHECK(*store.Prune(SystemClock().Now() - std::chrono::hours(1), 100, is_used) == 0);
  CHECK_OK(store.Get(unused).status());
  CHECK(*store.Prune(kFuture, 100, is_used) == 1);
  CHECK_OK(store.Get(used).status());
  CHECK_FALSE(store.Get(unused).ok());
  CHECK(fs::is_empty(folder.path / "unfinished"));
}

TEST_CASE("pruning goes on where it ended, and looks at everything in the end") {
  Folder folder;
  LocalFileStore store = folder.Open();
  for (int i = 0; i < 30; ++i) CHECK_OK(store.Put(std::to_string(i)).status());
  int forgotten = 0;
  for (int i = 0; i < 10; ++i) forgotten += *store.Prune(kFuture, 7, kNothingUsed);
  CHECK(forgotten == 30);
}

TEST_CASE("a file that is put while unused ones are forgotten stays") {
  Folder folder;
  LocalFileStore store = folder.Open();
  const std::string name = *store.Put("content");
  const Time long_ago = SystemClock().Now() - std::chrono::hours(48);
  fs::last_write_time(folder.PathOf(name), fs::file_time_type::clock::now() - std::chrono::hours(72));
  // It is put between the question whether it is used and its removal.
  const auto put_meanwhile = [&](const std::string&) -> absl::StatusOr<bool> {
    CHECK_OK(store.Put("content").status());
    return false;
  };
  CHECK(*store.Prune(long_ago, 10, put_meanwhile) == 0);
  CHECK(*store.Get(name) == "content");
}

TEST_CASE("several put the same file at once") {
  Folder folder;
  std::vector<std::thread> threads;
  std::atomic<int> kept = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto store = LocalFileStore::Open(folder.path);
      const std::string content(100'000, 'x');
      if (store.ok() && store->Put(content).ok() && store->Get(Sha256Hex(content)).ok()) ++kept;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(kept == 8);
}

TEST_CASE("a folder that cannot be written is told at the start") {
  CHECK_STATUS_IS(LocalFileStore::Open("/proc/no-such/folder").status(), absl::StatusCode::kInvalidArgument, "folder");
}

}  // namespace
}  // namespace esnaf::files

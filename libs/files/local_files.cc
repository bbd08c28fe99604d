#include "libs/files/local_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::files {
namespace {

namespace fs = std::filesystem;

constexpr char kUnfinished[] = "unfinished";

absl::Status Unavailable(std::string_view what) {
  return absl::UnavailableError(absl::StrCat("files: ", std::string(what), ": ", std::strerror(errno)));
}

bool IsSha256(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  bool ok() const { return number_ >= 0; }

 private:
  int number_;
};

// Held shared while a file is put, alone while one is removed; let go with the descriptor.
absl::Status Lock(const Descriptor& lock, int how) {
  while (lock.ok() && flock(lock.get(), how) != 0) {
    if (errno != EINTR) return Unavailable("the folder cannot be locked");
  }
  return lock.ok() ? absl::OkStatus() : Unavailable("the folder cannot be locked");
}
int OpenLock(const std::string& folder) { return open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }

absl::Status WriteWhole(const std::string& path, std::string_view content) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.ok()) return Unavailable("no file can be made");
  while (!content.empty()) {
    const ssize_t written = write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Unavailable("a file cannot be written");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(file.get()) == 0 ? absl::OkStatus() : Unavailable("a file cannot be written to the disk");
}

absl::Status SyncFolder(const std::string& path) {
  const Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || fsync(folder.get()) != 0) return Unavailable("a folder cannot be written to the disk");
  return absl::OkStatus();
}

std::optional<Time> ChangeTimeOf(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return std::nullopt;
  return Time(std::chrono::seconds(about.st_mtim.tv_sec) + std::chrono::microseconds(about.st_mtim.tv_nsec / 1000));
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

absl::StatusOr<LocalFileStore> LocalFileStore::Open(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder + "/" + kUnfinished, error);
  const Descriptor lock(error ? -1 : OpenLock(folder));
  if (!lock.ok()) return absl::InvalidArgumentError(absl::StrCat("files: the folder ", folder, " cannot be written"));
  return LocalFileStore(folder);
}

std::string LocalFileStore::PathOf(const std::string& sha256) const {
  return absl::StrCat(folder_, "/", sha256.substr(0, 2), "/", sha256);
}

absl::StatusOr<std::string> LocalFileStore::Put(std::string_view content) {
  std::string sha256 = Sha256Hex(content);
  const std::string path = PathOf(sha256);
  const std::string room = path.substr(0, path.rfind('/'));
  const Descriptor lock(OpenLock(folder_));
  ESNAF_RETURN_IF_ERROR(Lock(lock, LOCK_SH));
  // What is there already is put once more: that counts for Prune.
  if (Get(sha256).ok()) {
    if (utimensat(AT_FDCWD, path.c_str(), nullptr, 0) != 0) return Unavailable("a file cannot be touched");
    // Who put it first may not have come to this yet.
    ESNAF_RETURN_IF_ERROR(SyncFolder(room));
    ESNAF_RETURN_IF_ERROR(SyncFolder(folder_));
    return sha256;
  }
  std::error_code error;
  fs::create_directory(room, error);
  if (error) return absl::UnavailableError("files: no folder can be made");
  ESNAF_RETURN_IF_ERROR(SyncFolder(folder_));
  const std::string unfinished = absl::StrCat(folder_, "/", kUnfinished, "/", HexEncode(RandomBytes(16)));
  if (const absl::Status written = WriteWhole(unfinished, content); !written.ok()) {
    unlink(unfinished.c_str());
    return written;
  }
  if (rename(unfinished.c_str(), path.c_str()) != 0) {
    const absl::Status failure = Unavailable("a file cannot be named");
    unlink(unfinished.c_str());
    return failure;
  }
  ESNAF_RETURN_IF_ERROR(SyncFolder(room));
  return sha256;
}

absl::StatusOr<std::string> LocalFileStore::Get(const std::string& sha256) const {
  if (!IsSha256(sha256)) return NotFound("file", sha256);
  std::ifstream file(PathOf(sha256), std::ios::binary);
  if (!file) return NotFound("file", sha256);
  std::ostringstream content;
  content << file.rdbuf();
  if (file.bad()) return absl::UnavailableError("files: a file cannot be read");
  if (Sha256Hex(content.view()) != sha256) return absl::DataLossError(absl::StrCat("files: ", sha256, " is damaged"));
  return std::move(content).str();
}

absl::StatusOr<int> LocalFileStore::Prune(
    Time before, int most, const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_used) {
  for (const std::string& name : NamesIn(folder_ + "/" + kUnfinished)) {
    const std::string path = absl::StrCat(folder_, "/", kUnfinished, "/", name);
    if (const auto time = ChangeTimeOf(path); time && *time < before) unlink(path.c_str());
  }
  int looked = 0, forgotten = 0;
  for (const std::string& room : NamesIn(folder_)) {
    if (room.size() != 2) continue;
    for (const std::string& name : NamesIn(folder_ + "/" + room)) {
      if (!IsSha256(name) || name <= pruned_up_to_) continue;
      if (++looked > most) return forgotten;
      pruned_up_to_ = name;
      const auto is_old = [&] {
        const auto time = ChangeTimeOf(PathOf(name));
        return time && *time < before;
      };
      if (!is_old()) continue;
      ESNAF_ASSIGN_OR_RETURN(const bool used, is_used(name));
      if (used) continue;
      const Descriptor lock(OpenLock(folder_));
      ESNAF_RETURN_IF_ERROR(Lock(lock, LOCK_EX));
      // Who put it meanwhile has made it young.
      if (is_old() && unlink(PathOf(name).c_str()) == 0) ++forgotten;
    }
  }
  pruned_up_to_.clear();
  return forgotten;
}

}  // namespace esnaf::files

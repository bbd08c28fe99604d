#include "libs/files/s3_files.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"

namespace esnaf::files {
namespace {

constexpr std::size_t kMostBytes = 64 << 20;
constexpr std::size_t kMostListBytes = 4 << 20;
constexpr int kMostAttempts = 3;
constexpr std::chrono::milliseconds kMarkPause{100};
constexpr int kMostMarkPauses = 100;
// A mark that is older than this was left by a process that died: what it was about to remove it removes no more.
constexpr std::chrono::minutes kMarkHolds{15};
// Whoever marked may remove for this long, well within the time that the mark holds.
constexpr std::chrono::minutes kMayRemoveFor{5};

constexpr char kMarks[] = "forgetting/";
constexpr char kLowerDigits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

bool IsSha256(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// By the rules of S3 for names that can stand in a path.
bool IsBucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 &&
         name.find_first_not_of(absl::StrCat(kLowerDigits, ".-")) == std::string_view::npos && name.front() != '-' &&
         name.front() != '.' && name.back() != '-' && name.back() != '.';
}

// Characters that no encoding changes.
bool IsPrefix(std::string_view prefix) {
  const std::string known = absl::StrCat(kLowerDigits, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./");
  return prefix.empty() || (prefix.size() <= 200 && prefix.front() != '/' && prefix.back() == '/' &&
                            prefix.find_first_not_of(known) == std::string_view::npos &&
                            prefix.find("//") == std::string_view::npos && prefix.find("..") == std::string_view::npos);
}

// An address without a path, so that the bucket is all of it.
bool IsEndpoint(std::string_view url) {
  if (!https::MayCarrySecrets(url)) return false;
  const std::string_view host = url.substr(url.find("://") + 3);
  return !host.empty() && host.find_first_of("/?#@ \r\n") == std::string_view::npos;
}

absl::Status Wrong(const char* setting, const char* why) {
  return absl::InvalidArgumentError(absl::StrCat(setting, ": ", why));
}

// In a query everything but letters, digits and `-_.~` is encoded.
std::string Encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) c == '/' ? encoded.append("%2F") : encoded.append(1, c);
  return encoded;
}

// What stands between two marks of an XML text; none where they are not there.
std::optional<std::string_view> Between(std::string_view text, std::string_view open, std::string_view close) {
  const std::size_t begin = text.find(open);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find(close, begin + open.size());
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(begin + open.size(), end - begin - open.size());
}

std::string CodeOf(const https::Answer& answer) {
  return std::string(Between(answer.body, "<Code>", "</Code>").value_or(""));
}

absl::Status Refused(const https::Answer& answer) {
  return absl::UnavailableError(absl::StrCat("files: the store refuses: ", answer.status, " ", CodeOf(answer)));
}

bool MayPass(const absl::StatusOr<https::Answer>& answer) {
  return !answer.ok() || answer->status >= 500 || answer->status == 429 || answer->status == 408;
}

}  // namespace

absl::StatusOr<S3FileStore> S3FileStore::Open(S3Settings settings) {
  if (!IsEndpoint(settings.endpoint)) {
    return Wrong("endpoint", "is no https address without a path, nor an http one of this machine with its port");
  }
  if (settings.region.empty() ||
      settings.region.find_first_not_of(absl::StrCat(kLowerDigits, "-")) != std::string::npos) {
    return Wrong("region", "is no name of a region, for example eu-central-1");
  }
  if (!IsBucket(settings.bucket)) return Wrong("bucket", "is no name of a bucket");
  if (!IsPrefix(settings.prefix)) return Wrong("prefix", "is no path of letters, digits and -_. with / at its end");
  if (settings.access_key.empty()) return Wrong("access_key", "is empty");
  if (settings.secret_key.empty()) return Wrong("secret_key", "is empty");
  return S3FileStore(std::move(settings));
}

https::Request S3FileStore::RequestOf(const std::string& method, const std::string& name, std::string_view body) const {
  https::Request request{.url = absl::StrCat(settings_.endpoint, "/", settings_.bucket, "/", name),
                         .headers = {absl::StrCat("x-amz-content-sha256: ", Sha256Hex(body))},
                         .body = std::nullopt,
                         .method = method,
                         .aws_key = https::AwsKey{.access_key = settings_.access_key,
                                                  .secret_key = settings_.secret_key,
                                                  .region = settings_.region,
                                                  .service = "s3"},
                         .timeout = settings_.timeout,
                         .most_answer_bytes = kMostBytes};
  if (method == "PUT") {
    request.headers.emplace_back("Content-Type: application/octet-stream");
    request.body = body;
  }
  return request;
}

absl::StatusOr<https::Answer> S3FileStore::Ask(https::Request request) const {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + settings_.timeout;
  std::chrono::milliseconds pause = settings_.first_pause;
  for (int attempt = 1;; ++attempt) {
    request.timeout = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    absl::StatusOr<https::Answer> answer = https::Ask(request);
    if (!MayPass(answer)) return answer;
    // One that has used up the time hangs: to wait for it again would hold whoever asked without any hope.
    if (attempt == kMostAttempts || Clock::now() + pause >= end)
      return answer.ok() ? Refused(*answer) : answer.status();
    std::this_thread::sleep_for(pause);
    pause *= 4;
  }
}

absl::Status S3FileStore::Write(const std::string& name, std::string_view content) const {
  ESNAF_ASSIGN_OR_RETURN(const https::Answer answer, Ask(RequestOf("PUT", name, content)));
  return answer.status == 200 ? absl::OkStatus() : Refused(answer);
}

absl::Status S3FileStore::Remove(const std::string& name) const {
  ESNAF_ASSIGN_OR_RETURN(const https::Answer answer, Ask(RequestOf("DELETE", name, "")));
  const bool gone = answer.status == 204 || answer.status == 200 || CodeOf(answer) == "NoSuchKey";
  return gone ? absl::OkStatus() : Refused(answer);
}

absl::StatusOr<std::optional<Time>> S3FileStore::ModifyTimeOf(const std::string& name) const {
  ESNAF_ASSIGN_OR_RETURN(const https::Answer answer, Ask(RequestOf("HEAD", name, "")));
  if (answer.status == 404) return std::optional<Time>();
  if (answer.status != 200) return Refused(answer);
  if (!answer.modify_time) return absl::UnavailableError("files: the store does not tell when a file was written");
  return answer.modify_time;
}

absl::StatusOr<std::vector<S3FileStore::Entry>> S3FileStore::List(const std::string& beginning,
                                                                  const std::string& after) const {
  const std::string prefix = settings_.prefix + beginning;
  https::Request request = RequestOf("GET", "", "");
  // In the order of their names, as they are signed.
  absl::StrAppend(&request.url, "?list-type=2&max-keys=1000&prefix=", Encode(prefix));
  if (!after.empty()) absl::StrAppend(&request.url, "&start-after=", Encode(prefix + after));
  request.most_answer_bytes = kMostListBytes;
  ESNAF_ASSIGN_OR_RETURN(const https::Answer answer, Ask(request));
  if (answer.status != 200) return Refused(answer);
  std::vector<Entry> entries;
  std::string_view rest = answer.body;
  while (const auto contents = Between(rest, "<Contents>", "</Contents>")) {
    rest.remove_prefix(static_cast<std::size_t>(contents->data() - rest.data()) + contents->size());
    const auto key = Between(*contents, "<Key>", "</Key>");
    const auto modified = Between(*contents, "<LastModified>", "</LastModified>");
    if (!key || !modified || !key->starts_with(prefix)) return absl::UnavailableError("files: the list is none");
    const absl::StatusOr<Time> time = ParseRfc3339(*modified);
    if (!time.ok()) return absl::UnavailableError("files: the list has a time that is none");
    entries.push_back({std::string(key->substr(prefix.size())), *time});
  }
  return entries;
}

// Who forgets a file marks it, looks when it was written, and takes the mark away after removing it. Who puts one
// writes it, waits until there is no mark, and looks whether it is still there. So whoever marked before the writing
// has ended by then, and whoever marks later sees that it is young.
absl::StatusOr<std::string> S3FileStore::Put(std::string_view content) {
  if (content.size() > kMostBytes) {
    return absl::InvalidArgumentError(absl::StrCat("files: larger than ", kMostBytes, " bytes"));
  }
  std::string sha256 = Sha256Hex(content);
  for (int attempt = 1; attempt <= kMostAttempts; ++attempt) {
    // What is there already is put once more: that counts for Prune, and mends what is damaged.
    ESNAF_RETURN_IF_ERROR(Write(FileName(sha256), content));
    ESNAF_RETURN_IF_ERROR(WaitUntilUnmarked(sha256));
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Time> written, ModifyTimeOf(FileName(sha256)));
    if (written) return sha256;
  }
  return absl::UnavailableError("files: a file is forgotten again and again");
}

absl::Status S3FileStore::WaitUntilUnmarked(const std::string& sha256) const {
  for (int pauses = 0; pauses < kMostMarkPauses; ++pauses) {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Entry> marks, List(absl::StrCat(kMarks, sha256, "."), ""));
    if (marks.empty()) return absl::OkStatus();
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Time> written, ModifyTimeOf(FileName(sha256)));
    // All times are the store's.
    const bool all_died = written && std::all_of(marks.begin(), marks.end(), [&](const Entry& mark) {
                            return mark.modify_time + kMarkHolds < *written;
                          });
    if (all_died) return absl::OkStatus();
    std::this_thread::sleep_for(kMarkPause);
  }
  return absl::UnavailableError("files: a file is being forgotten");
}

absl::StatusOr<std::string> S3FileStore::Get(const std::string& sha256) const {
  if (!IsSha256(sha256)) return NotFound("file", sha256);
  ESNAF_ASSIGN_OR_RETURN(https::Answer answer, Ask(RequestOf("GET", FileName(sha256), "")));
  // A bucket that is not there is no file that is not there.
  if (answer.status == 404 && CodeOf(answer) == "NoSuchKey") return NotFound("file", sha256);
  if (answer.status != 200) return Refused(answer);
  if (Sha256Hex(answer.body) != sha256) return absl::DataLossError(absl::StrCat("files: ", sha256, " is damaged"));
  return std::move(answer.body);
}

absl::StatusOr<bool> S3FileStore::Forget(const std::string& sha256, Time before) const {
  const auto begin = std::chrono::steady_clock::now();
  // Of its own, for several may forget the same file at once.
  const std::string mark = absl::StrCat(settings_.prefix, kMarks, sha256, ".", HexEncode(RandomBytes(8)));
  ESNAF_RETURN_IF_ERROR(Write(mark, ""));
  const auto forget = [&]() -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Time> written, ModifyTimeOf(FileName(sha256)));
    // Who put it meanwhile has made it young.
    if (!written || *written >= before) return false;
    if (std::chrono::steady_clock::now() - begin > kMayRemoveFor) return absl::UnavailableError("files: too slow");
    ESNAF_RETURN_IF_ERROR(Remove(FileName(sha256)));
    return true;
  };
  const absl::StatusOr<bool> forgotten = forget();
  ESNAF_RETURN_IF_ERROR(Remove(mark));
  return forgotten;
}

absl::StatusOr<int> S3FileStore::Prune(Time before, int most,
                                       const std::function<absl::StatusOr<bool>(const std::string& sha256)>& is_used) {
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Entry> marks, List(kMarks, ""));
  for (const Entry& mark : marks) {
    if (mark.modify_time < before) ESNAF_RETURN_IF_ERROR(Remove(absl::StrCat(settings_.prefix, kMarks, mark.name)));
  }
  int looked = 0, forgotten = 0;
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Entry> entries, List("files/", pruned_up_to_));
    for (const Entry& entry : entries) {
      if (++looked > most) return forgotten;
      pruned_up_to_ = entry.name;
      if (!IsSha256(entry.name) || entry.modify_time >= before) continue;
      ESNAF_ASSIGN_OR_RETURN(const bool used, is_used(entry.name));
      if (used) continue;
      ESNAF_ASSIGN_OR_RETURN(const bool gone, Forget(entry.name, before));
      forgotten += gone ? 1 : 0;
    }
    if (entries.empty()) break;
  }
  pruned_up_to_.clear();
  return forgotten;
}

}  // namespace esnaf::files

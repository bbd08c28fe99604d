#include "services/support/mail/mail_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/macros.h"
#include "services/support/mail/mailbox.h"

namespace esnaf::support {
namespace {

constexpr long kTimeoutSeconds = 120;
constexpr long kConnectTimeoutSeconds = 15;
constexpr std::size_t kMostListBytes = 16 << 20;

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CloseCurl>;

bool StartCurl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

struct Reading {
  std::string text;
  std::size_t most = 0;
};
std::size_t Keep(char* data, std::size_t size, std::size_t count, void* target) {
  auto& reading = *static_cast<Reading*>(target);
  // Less than was given ends the transfer.
  if (size * count > reading.most - reading.text.size()) return 0;
  reading.text.append(data, size * count);
  return size * count;
}

struct Sending {
  std::string_view rest;
};
std::size_t Give(char* target, std::size_t size, std::size_t count, void* source) {
  std::string_view& rest = static_cast<Sending*>(source)->rest;
  const std::size_t length = std::min(size * count, rest.size());
  std::copy_n(rest.data(), length, target);
  rest.remove_prefix(length);
  return length;
}

// What every transfer needs. The handle keeps its connection open until it is closed.
void Prepare(CURL* curl, const MailServer& server) {
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kTimeoutSeconds);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutSeconds);
  // TLS is demanded of servers elsewhere, so that nobody between can take it away.
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(IsOfThisMachine(server.url) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (IsOfThisMachine(server.url)) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (server.user.empty()) return;
  curl_easy_setopt(curl, CURLOPT_USERNAME, server.user.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, server.password.c_str());
}

absl::Status Unavailable(CURLcode code) { return absl::UnavailableError(curl_easy_strerror(code)); }

std::optional<std::int64_t> NumberAfter(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const char* const begin = line.data() + at + name.size();
  const auto [end, error] = std::from_chars(begin, line.data() + line.size(), number);
  return error == std::errc() && end != begin ? std::optional(number) : std::nullopt;
}

class CurlFolder final : public MailFolder {
 public:
  CurlFolder(MailServer server, std::string folder)
      : server_(std::move(server)), folder_(std::move(folder)), curl_(StartCurl() ? curl_easy_init() : nullptr) {}

  absl::StatusOr<std::int64_t> UidValidity() override {
    ESNAF_ASSIGN_OR_RETURN(const std::string answer,
                           Ask("", absl::StrCat("STATUS \"", folder_, "\" (UIDVALIDITY)"), kMostListBytes));
    const auto validity = NumberAfter(answer, "UIDVALIDITY ");
    if (!validity) return absl::UnavailableError("the server does not tell the folder's UIDVALIDITY");
    return *validity;
  }

  absl::StatusOr<std::vector<Entry>> After(std::int64_t uid) override {
    ESNAF_ASSIGN_OR_RETURN(
        const std::string answer,
        Ask(Escaped(folder_), absl::StrCat("UID FETCH ", uid + 1, ":* (UID RFC822.SIZE)"), kMostListBytes));
    std::vector<Entry> entries;
    std::string_view rest = answer;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      const auto id = NumberAfter(line, "UID ");
      const auto size = NumberAfter(line, "RFC822.SIZE ");
      // `n:*` names the last mail, also where its id is smaller.
      if (id && size && *id > uid) entries.push_back({*id, *size});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.uid < b.uid; });
    return entries;
  }

  absl::StatusOr<std::string> Fetch(std::int64_t uid, std::size_t most_bytes) override {
    return Ask(absl::StrCat(Escaped(folder_), "/;UID=", uid), "", most_bytes);
  }

 private:
  std::string Escaped(const std::string& text) const {
    char* escaped = curl_easy_escape(curl_.get(), text.c_str(), static_cast<int>(text.size()));
    std::string copy = escaped == nullptr ? "" : escaped;
    curl_free(escaped);
    return copy;
  }

  absl::StatusOr<std::string> Ask(const std::string& path, const std::string& command, std::size_t most) {
    if (curl_ == nullptr) return absl::InternalError("libcurl is not usable");
    Prepare(curl_.get(), server_);
    Reading reading{.text = {}, .most = most};
    const std::string url = absl::StrCat(server_.url, "/", path);
    curl_easy_setopt(curl_.get(), CURLOPT_URL, url.c_str());
    if (!command.empty()) curl_easy_setopt(curl_.get(), CURLOPT_CUSTOMREQUEST, command.c_str());
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, &Keep);
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &reading);
    const CURLcode result = curl_easy_perform(curl_.get());
    if (result == CURLE_WRITE_ERROR) return absl::OutOfRangeError(absl::StrCat("it has more than ", most, " bytes"));
    if (result != CURLE_OK) return Unavailable(result);
    return std::move(reading.text);
  }

  const MailServer server_;
  const std::string folder_;
  const Handle curl_;
};

class CurlTransport final : public MailTransport {
 public:
  std::unique_ptr<MailFolder> OpenFolder(const MailServer& server, const std::string& folder) override {
    return std::make_unique<CurlFolder>(server, folder);
  }

  absl::Status Send(const MailServer& server, const std::string& from, const std::string& to,
                    const std::string& wire) override {
    const Handle curl(StartCurl() ? curl_easy_init() : nullptr);
    if (curl == nullptr) return absl::InternalError("libcurl is not usable");
    Prepare(curl.get(), server);
    const std::unique_ptr<curl_slist, CloseCurl> recipients(
        curl_slist_append(nullptr, absl::StrCat("<", to, ">").c_str()));
    Sending sending{wire};
    Reading answer{.text = {}, .most = kMostListBytes};
    // The name by which the server is greeted.
    const std::string url = absl::StrCat(server.url, "/", from.substr(from.rfind('@') + 1));
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, absl::StrCat("<", from, ">").c_str());
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, &Give);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &sending);
    curl_easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(wire.size()));
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Keep);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
    const CURLcode result = curl_easy_perform(curl.get());
    if (result == CURLE_OK) return absl::OkStatus();
    long code = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &code);
    // A login that is refused is the mailbox's fault, not the mail's: it goes once the password is right.
    const bool login = result == CURLE_LOGIN_DENIED || code == 530 || code == 534 || code == 535 || code == 538;
    const bool for_good = code >= 500 && code < 600 && !login;
    if (for_good) return absl::FailedPreconditionError(absl::StrCat("the mail server refuses it: ", code));
    return Unavailable(result);
  }
};

}  // namespace

std::unique_ptr<MailTransport> MakeCurlTransport() { return std::make_unique<CurlTransport>(); }

}  // namespace esnaf::support

#include "services/attribution/exports/sender.h"

#include <curl/curl.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

constexpr std::size_t kMaxAnswerBytes = 2000;

// Names are made by the exporter; this holds where one ever is not.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos;
}

bool Holds(const std::filesystem::path& path, const std::string& body) {
  std::ifstream file(path, std::ios::binary);
  return file && std::string(std::istreambuf_iterator<char>(file), {}) == body;
}

class FolderSender final : public ConversionSender {
 public:
  explicit FolderSender(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<SendAnswer> Send(const ExportFile& file) override {
    if (!IsPlainName(file.name)) return absl::InternalError("a file has no plain name");
    const std::filesystem::path path = folder_ / file.name;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) {
      if (Holds(path, file.body)) return SendAnswer{200, "was written before"};
      return absl::AlreadyExistsError("the folder has another file of this name");
    }
    const std::filesystem::path part = folder_ / ("." + file.name + ".part");
    std::ofstream out(part, std::ios::binary | std::ios::trunc);
    out << file.body;
    out.close();
    std::error_code error;
    if (out) std::filesystem::rename(part, path, error);
    if (!out || error) return absl::UnavailableError("the folder for exports cannot be written to");
    return SendAnswer{200, "written"};
  }

 private:
  const std::filesystem::path folder_;
};

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t KeepAnswer(char* data, std::size_t size, std::size_t count, void* target) {
  auto& text = *static_cast<std::string*>(target);
  // A little more than is told, so that no character is cut in two where it is shortened.
  const std::size_t most = kMaxAnswerBytes + 4;
  text.append(data, std::min(size * count, most - std::min(text.size(), most)));
  return size * count;
}

bool StartCurl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

class HttpsSender final : public ConversionSender {
 public:
  explicit HttpsSender(HttpsSenderOptions options) : options_(std::move(options)) {}

  absl::StatusOr<SendAnswer> Send(const ExportFile& file) override {
    const std::unique_ptr<CURL, CloseCurl> curl(StartCurl() ? curl_easy_init() : nullptr);
    if (curl == nullptr) return absl::InternalError("libcurl is not usable");
    curl_slist* headers = curl_slist_append(nullptr, ("Content-Type: " + file.content_type).c_str());
    if (!options_.token.empty()) {
      headers = curl_slist_append(headers, ("Authorization: Bearer " + options_.token).c_str());
    }
    const std::unique_ptr<curl_slist, CloseCurl> owned(headers);
    std::string text;
    curl_easy_setopt(curl.get(), CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, file.body.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(file.body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    // A redirect would take the token and the data somewhere else.
    curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &KeepAnswer);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &text);
    const CURLcode result = curl_easy_perform(curl.get());
    if (result != CURLE_OK) return absl::UnavailableError(curl_easy_strerror(result));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    const std::string_view shortened = Truncate(text, kMaxAnswerBytes);
    return SendAnswer{static_cast<int>(status),
                      std::string(IsCleanUtf8(shortened) ? shortened : "(the answer is no text)")};
  }

 private:
  const HttpsSenderOptions options_;
};

bool IsOfThisMachine(const std::string& url) {
  return url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
}

}  // namespace

std::unique_ptr<ConversionSender> MakeFolderSender(std::string folder) {
  return std::make_unique<FolderSender>(std::move(folder));
}

absl::StatusOr<std::unique_ptr<ConversionSender>> MakeHttpsSender(HttpsSenderOptions options) {
  if (!options.url.starts_with("https://") && !IsOfThisMachine(options.url)) {
    return absl::InvalidArgumentError("conversions are sent by https only");
  }
  return std::make_unique<HttpsSender>(std::move(options));
}

}  // namespace esnaf::attribution

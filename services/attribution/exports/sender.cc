#include "services/attribution/exports/sender.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/https/https.h"

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

class HttpsSender final : public ConversionSender {
 public:
  explicit HttpsSender(HttpsSenderOptions options) : options_(std::move(options)) {}

  absl::StatusOr<SendAnswer> Send(const ExportFile& file) override {
    std::vector<std::string> headers = {"Content-Type: " + file.content_type};
    if (!options_.token.empty()) headers.push_back("Authorization: Bearer " + options_.token);
    ESNAF_ASSIGN_OR_RETURN(const https::Answer answer,
                           https::Ask({.url = options_.url,
                                       .headers = std::move(headers),
                                       .body = file.body,
                                       .timeout = options_.timeout,
                                       // A little more than is told, so that no character is cut in two.
                                       .most_answer_bytes = kMaxAnswerBytes + 4,
                                       .excess = https::Excess::kCut}));
    const std::string_view shortened = Truncate(answer.body, kMaxAnswerBytes);
    return SendAnswer{answer.status, std::string(IsCleanUtf8(shortened) ? shortened : "(the answer is no text)")};
  }

 private:
  const HttpsSenderOptions options_;
};

}  // namespace

std::unique_ptr<ConversionSender> MakeFolderSender(std::string folder) {
  return std::make_unique<FolderSender>(std::move(folder));
}

absl::StatusOr<std::unique_ptr<ConversionSender>> MakeHttpsSender(HttpsSenderOptions options) {
  if (!https::MayCarrySecrets(options.url)) {
    return absl::InvalidArgumentError("conversions are sent by https only");
  }
  return std::make_unique<HttpsSender>(std::move(options));
}

}  // namespace esnaf::attribution

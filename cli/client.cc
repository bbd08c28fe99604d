#include "cli/client.h"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "libs/base/error.h"
#include "libs/base/text.h"

namespace esnaf::cli {
namespace {

absl::StatusOr<std::string> ReadKey(const std::string& key_file) {
  std::string path = key_file;
  if (path.empty()) {
    if (const char* key = std::getenv("ESNAF_KEY"); key != nullptr && *key != '\0') return std::string(key);
    path = ".esnaf/admin.key";
  }
  std::ifstream file(path);
  std::string key;
  if (!std::getline(file, key) || Trim(key).empty()) {
    return MakeError(
        absl::StatusCode::kUnauthenticated, "API_KEY_MISSING",
        absl::StrCat("no API key: set ESNAF_KEY, or --key-file to a file that holds it (", path, " does not)"));
  }
  return std::string(Trim(key));
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kNotAllowed;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kUnavailable;
    default:
      return kFailed;
  }
}

void PrintError(const absl::Status& status) {
  std::cerr << "esnaf: " << status.message() << " (" << absl::StatusCodeToString(status.code()) << ")\n";
  const auto fields = ErrorFields(status);
  if (fields.size() > 1) {
    for (const auto& [field, description] : fields) std::cerr << "  " << field << ": " << description << "\n";
  }
  if (status.code() == absl::StatusCode::kUnavailable) {
    std::cerr << "  is the suite running? `deploy/run --status` tells; --address names another gateway\n";
  } else if (status.code() == absl::StatusCode::kPermissionDenied) {
    std::cerr << "  the key lacks a scope; `esnaf keys create --scope ...` makes one that has it\n";
  }
}

absl::Status Client::Connect() {
  if (channel_ != nullptr) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::string key, ReadKey(options_.key_file));
  authorization_ = absl::StrCat("Bearer ", key);
  channel_ = runtime::Channel::Open(options_.address);
  return absl::OkStatus();
}

absl::Status Client::CallErased(std::string_view method, const google::protobuf::Message& request,
                                google::protobuf::Message& response, bool repeatable) {
  ESNAF_RETURN_IF_ERROR(Connect());
  std::string position;
  runtime::ClientCallOptions options;
  options.timeout = timeout_;
  options.retry_unavailable = repeatable;
  options.metadata.emplace_back("authorization", authorization_);
  if (!after_.empty()) options.metadata.emplace_back("esnaf-after", after_);
  options.position = &position;
  const absl::Status status = channel_->CallErased(absl::StrFormat("/esnaf.%s", method), request, response, options);
  if (status.ok() && !position.empty()) after_ = position;
  return status;
}

absl::Status Client::StreamErased(std::string_view method, const google::protobuf::Message& request,
                                  const google::protobuf::Message& response_type,
                                  const std::function<bool(const google::protobuf::Message&)>& on_message) {
  ESNAF_RETURN_IF_ERROR(Connect());
  runtime::ClientCallOptions options;
  options.timeout = std::chrono::milliseconds(0);
  options.metadata.emplace_back("authorization", authorization_);
  return channel_->ReadStream(
      absl::StrFormat("/esnaf.%s", method), request, response_type, on_message, [] { return false; }, options);
}

}  // namespace esnaf::cli

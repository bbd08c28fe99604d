#include "libs/https/https.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "libs/https/public_address.h"

namespace esnaf::https {
namespace {

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Reading {
  const Request& request;
  std::string body;
};

// Answers less than it was given, which ends the call, where the answer is refused.
std::size_t KeepAnswer(char* data, std::size_t size, std::size_t count, void* target) {
  auto& reading = *static_cast<Reading*>(target);
  const std::size_t room = reading.request.most_answer_bytes - reading.body.size();
  if (size * count > room && reading.request.excess == Excess::kRefuse) return 0;
  reading.body.append(data, std::min(size * count, room));
  return size * count;
}

// Asked before each connection, when the name has become an address.
curl_socket_t OpenPublic(void* refused, curlsocktype, curl_sockaddr* address) {
  if (!IsPublicAddress(&address->addr)) {
    *static_cast<bool*>(refused) = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void Sign(CURL* curl, const AwsKey& key) {
  curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, ("aws:amz:" + key.region + ":" + key.service).c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, key.access_key.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, key.secret_key.c_str());
}

void PutMethod(CURL* curl, const Request& request) {
  if (request.body) {
    // Without data libcurl would read it from elsewhere.
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body->empty() ? "" : request.body->data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (!request.method.empty()) {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (request.aws_key) Sign(curl, *request.aws_key);
}

bool StartCurl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

}  // namespace

bool MayCarrySecrets(std::string_view url) {
  if (url.starts_with("https://")) return true;
  const bool of_this_machine = url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
  // `http://localhost:x@example.com` names example.com.
  return of_this_machine && url.find('@') == std::string_view::npos;
}

absl::StatusOr<Answer> Ask(const Request& request) {
  const std::unique_ptr<CURL, CloseCurl> curl(StartCurl() ? curl_easy_init() : nullptr);
  if (curl == nullptr) return absl::InternalError("libcurl is not usable");
  std::unique_ptr<curl_slist, CloseCurl> headers;
  for (const std::string& header : request.headers) {
    headers.reset(curl_slist_append(headers.release(), header.c_str()));
  }
  Reading reading{request, {}};
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_FILETIME, 1L);
  PutMethod(curl.get(), request);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
  bool refused = false;
  if (request.public_only) {
    curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETFUNCTION, &OpenPublic);
    curl_easy_setopt(curl.get(), CURLOPT_OPENSOCKETDATA, &refused);
    // A proxy would call whatever it is told.
    curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  }
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &KeepAnswer);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reading);
  const CURLcode result = curl_easy_perform(curl.get());
  if (result != CURLE_OK && refused) return absl::PermissionDeniedError("the address is of no public network");
  if (result != CURLE_OK) return absl::UnavailableError(curl_easy_strerror(result));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  Answer answer{static_cast<int>(status), std::move(reading.body), {}};
  curl_off_t modified = -1;
  curl_easy_getinfo(curl.get(), CURLINFO_FILETIME_T, &modified);
  if (modified >= 0) answer.modify_time = Time(std::chrono::seconds(modified));
  return answer;
}

}  // namespace esnaf::https

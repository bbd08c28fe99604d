#include "services/contacts/leads/graph_client.h"

#include <curl/curl.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/text.h"

namespace esnaf::contacts {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1024 * 1024;
constexpr std::size_t kMaxReasonBytes = 300;
constexpr char kFields[] =
    "id,created_time,form_id,ad_id,adset_id,campaign_id,campaign_name,field_data,custom_disclaimer_responses";

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// Answers less than it was given, which ends the call, where the answer grows beyond the bound.
std::size_t KeepAnswer(char* data, std::size_t size, std::size_t count, void* target) {
  auto& text = *static_cast<std::string*>(target);
  if (text.size() + size * count > kMaxAnswerBytes) return 0;
  text.append(data, size * count);
  return size * count;
}

bool StartCurl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

// What the API says of its refusal: {"error":{"message":"…","type":"OAuthException","code":190}}.
std::string ReasonOf(const std::string& answer) {
  const nlohmann::json json = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("error") || !json["error"].is_object()) return {};
  const nlohmann::json& error = json["error"];
  std::string reason;
  if (error.contains("code") && error["code"].is_number_integer()) {
    absl::StrAppend(&reason, ", code ", error["code"].get<std::int64_t>());
  }
  if (error.contains("message") && error["message"].is_string()) {
    const auto message = error["message"].get<std::string>();
    if (IsCleanUtf8(message)) absl::StrAppend(&reason, ": ", std::string(Truncate(message, kMaxReasonBytes)));
  }
  return reason;
}

class HttpsGraphClient final : public GraphClient {
 public:
  explicit HttpsGraphClient(GraphClientOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::string> GetLead(const std::string& lead_id, const std::string& access_token,
                                      const std::string& app_secret) override {
    const std::unique_ptr<CURL, CloseCurl> curl(StartCurl() ? curl_easy_init() : nullptr);
    if (curl == nullptr) return absl::InternalError("libcurl is not usable");
    // The token goes into a header, not into the address, which others log; the proof shows that we hold the secret.
    const std::string url = absl::StrCat(options_.url, "/", lead_id, "?fields=", kFields,
                                         "&appsecret_proof=", HexEncode(HmacSha256(app_secret, access_token)));
    const std::unique_ptr<curl_slist, CloseCurl> headers(
        curl_slist_append(nullptr, absl::StrCat("Authorization: Bearer ", access_token).c_str()));
    std::string text;
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    // A redirect would take the token somewhere else.
    curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &KeepAnswer);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &text);
    const CURLcode result = curl_easy_perform(curl.get());
    if (result != CURLE_OK) {
      return absl::UnavailableError(absl::StrCat("the Graph API cannot be asked: ", curl_easy_strerror(result)));
    }
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return text;
    return absl::UnavailableError(absl::StrCat("the Graph API answered ", status, ReasonOf(text)));
  }

 private:
  const GraphClientOptions options_;
};

bool IsOfThisMachine(const std::string& url) {
  const bool named = url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
  // `http://localhost:x@example.com` names example.com.
  return named && url.find('@') == std::string::npos;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GraphClient>> MakeGraphClient(GraphClientOptions options) {
  if (!options.url.starts_with("https://") && !IsOfThisMachine(options.url)) {
    return absl::InvalidArgumentError("the Graph API is asked by https only");
  }
  return std::make_unique<HttpsGraphClient>(std::move(options));
}

}  // namespace esnaf::contacts

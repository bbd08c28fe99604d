#include "services/contacts/leads/graph_client.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/base/crypto.h"
#include "libs/base/json_object.h"
#include "libs/base/text.h"
#include "libs/https/https.h"
#include "services/contacts/leads/lead_json.h"

namespace esnaf::contacts {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1024 * 1024;
constexpr std::size_t kMaxReasonBytes = 300;
constexpr char kFields[] =
    "id,created_time,form_id,ad_id,adset_id,campaign_id,campaign_name,field_data,custom_disclaimer_responses";

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
    // The token goes into a header, not into the address, which others log; the proof shows that we hold the secret.
    const std::string url = absl::StrCat(options_.url, "/", lead_id, "?fields=", kFields,
                                         "&appsecret_proof=", HexEncode(HmacSha256(app_secret, access_token)));
    absl::StatusOr<https::Answer> answer =
        https::Ask({.url = url,
                    .headers = {absl::StrCat("Authorization: Bearer ", access_token)},
                    .timeout = options_.timeout,
                    .most_answer_bytes = kMaxAnswerBytes});
    if (!answer.ok()) {
      return absl::UnavailableError(absl::StrCat("the Graph API cannot be asked: ", answer.status().message()));
    }
    if (answer->status == 200) {
      // What stands before the API answers a page of its own when that is ill: nothing that a later attempt would tell.
      if (ParseJsonObject(answer->body).ok()) return std::move(answer->body);
      return absl::UnavailableError("the Graph API answered 200 with something that is no JSON object");
    }
    return absl::UnavailableError(absl::StrCat("the Graph API answered ", answer->status, ReasonOf(answer->body)));
  }

 private:
  const GraphClientOptions options_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GraphClient>> MakeGraphClient(GraphClientOptions options) {
  if (!https::MayCarrySecrets(options.url)) {
    return absl::InvalidArgumentError("the Graph API is asked by https only");
  }
  return std::make_unique<HttpsGraphClient>(std::move(options));
}

}  // namespace esnaf::contacts

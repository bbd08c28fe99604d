#include "services/orders/connectors/storefront.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/absl_compat.h"
#include "libs/base/country_code.h"
#include "libs/base/crypto.h"
#include "libs/base/json_object.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/base/url.h"

namespace esnaf::orders {
namespace {

constexpr std::size_t kMaxTagBytes = 100;
// What tells of a click in a landing page's address.
constexpr const char* kClickParameters[] = {"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
                                            "gclid",      "gbraid",     "wbraid",       "fbclid",   "ttclid",
                                            "msclkid",    "ref",        "source"};

bool TellsOfClick(std::string_view name) {
  return std::find(std::begin(kClickParameters), std::end(kClickParameters), name) != std::end(kClickParameters);
}

// What an address's query says of a click, as it stands there, with its question mark; empty where it says nothing.
std::string ClickQuery(const std::string& url) {
  const std::size_t question = url.find('?');
  if (question == std::string::npos) return {};
  const std::string query = url.substr(question + 1, url.find('#', question) - question - 1);
  std::string kept;
  for (const auto part : absl::StrSplit(ToAbsl(query), '&')) {
    const std::string_view pair(part.data(), part.size());
    if (TellsOfClick(pair.substr(0, pair.find('=')))) absl::StrAppend(&kept, kept.empty() ? "?" : "&", part);
  }
  return kept;
}

}  // namespace

std::string SerializeEnvelope(std::string_view topic, std::string_view trigger_time, const nlohmann::json& body) {
  return nlohmann::json{{"topic", std::string(topic)}, {"triggered_at", CleanLine(trigger_time, 100)}, {"body", body}}
      .dump();
}

absl::StatusOr<Envelope> ReadEnvelope(std::string_view payload) {
  ESNAF_ASSIGN_OR_RETURN(nlohmann::json kept, ParseJsonObject(payload));
  if (!kept.contains("body") || !kept["body"].is_object()) return InvalidField("body", "is no JSON object");
  Envelope envelope;
  envelope.topic = kept.value("topic", "");
  if (auto time = ParseRfc3339(kept.value("triggered_at", "")); time.ok()) envelope.trigger_time = *time;
  envelope.body = std::move(kept["body"]);
  return envelope;
}

bool IsSigned(std::string_view body, std::string_view signature, std::string_view secret) {
  return !secret.empty() && ConstantTimeEquals(signature, absl::Base64Escape(HmacSha256(secret, body)));
}

Time PositionOf(Time update_time, std::optional<Time> trigger_time) {
  if (!trigger_time || *trigger_time <= update_time ||
      update_time.time_since_epoch() % std::chrono::seconds(1) != Duration(0)) {
    return update_time;
  }
  // Grows with the delay and stays below a second, however long the delay is.
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t delay = std::min<Duration>(*trigger_time - update_time, std::chrono::hours(48)).count();
  return update_time + Duration(delay * (kSecond - 1) / (delay + kSecond));
}

void SetMoney(std::int64_t minor, Currency currency, api::v1::Money& money) {
  money.set_minor(minor);
  money.set_currency_code(currency.code());
}

void SetEmail(std::string_view email, bool verified, v1::Customer& customer, std::vector<std::string>& remarks) {
  if (email.empty()) return;
  auto normalized = NormalizeEmail(email);
  if (!normalized.ok()) {
    remarks.emplace_back("the e-mail address is none");
    return;
  }
  customer.set_email(*std::move(normalized));
  customer.set_email_verified(verified);
}

void SetPhone(std::string_view phone, std::string_view country, v1::Customer& customer,
              std::vector<std::string>& remarks) {
  if (phone.empty()) return;
  auto normalized = NormalizePhone(phone, country);
  if (normalized.ok()) {
    customer.set_phone(*std::move(normalized));
  } else {
    remarks.emplace_back("the phone number is none");
  }
}

void SetCountry(const std::string& country, v1::Customer& customer) {
  if (IsCountryCode(country)) customer.set_country_code(country);
}

void AddTag(std::string_view name, std::string_view value, v1::Order& order, std::vector<std::string>& remarks) {
  if (value.empty()) return;
  std::string tag = name.empty() ? std::string(value) : absl::StrCat(ToAbsl(name), ":", ToAbsl(value));
  if (tag.size() > kMaxTagBytes || order.tags_size() == static_cast<int>(kMaxTags)) {
    remarks.push_back(absl::StrCat(ToAbsl(name.empty() ? "a tag" : name), " does not fit the order's tags"));
    return;
  }
  for (const std::string& known : order.tags()) {
    if (known == tag) return;
  }
  order.add_tags(std::move(tag));
}

void AddLandingPage(const std::string& url, v1::Order& order, std::vector<std::string>& remarks) {
  if (url.empty()) return;
  // A query may hold anything, an address or a key too: of it only what tells of a click is kept.
  const std::size_t question = url.find('?');
  const std::string page = url.substr(0, url.find_first_of("?#"));
  const std::string whole = page + ClickQuery(url);
  const bool fits = absl::StrCat("landing_site:", whole).size() <= kMaxTagBytes;
  AddTag("landing_site", fits ? whole : page, order, remarks);
  if (question == std::string::npos) return;
  const std::size_t end = url.find('#', question);
  const std::string query = url.substr(question + 1, end == std::string::npos ? end : end - question - 1);
  for (const auto& [name, value] : DecodeForm(query)) {
    if (TellsOfClick(name)) AddTag(name, CleanLine(value, 500), order, remarks);
  }
}

std::string SkuOr(const std::string& sku, const std::string& variant_id, const std::string& product_id) {
  if (!sku.empty()) return sku;
  if (!variant_id.empty() && variant_id != "0") return "variant-" + variant_id;
  if (!product_id.empty() && product_id != "0") return "product-" + product_id;
  return {};
}

std::string IdOrNothing(std::string text) {
  constexpr std::size_t kMaxIdBytes = 200;
  return text.size() <= kMaxIdBytes ? text : std::string();
}

std::int64_t SumOfParts(const v1::Order& order) {
  std::int64_t sum = order.shipping().minor() - order.discount().minor();
  for (const v1::OrderLine& line : order.lines()) {
    sum += line.amount().minor() - line.discount().minor();
    if (!order.prices_include_tax()) sum += line.tax().minor();
  }
  if (!order.prices_include_tax()) sum += order.shipping_tax().minor();
  return sum;
}

void CapRefunds(v1::Order& order, Currency currency, std::vector<std::string>& remarks) {
  std::int64_t left = std::max<std::int64_t>(0, SumOfParts(order));
  for (v1::Refund& refund : *order.mutable_refunds()) {
    const std::int64_t amount = refund.amount().minor();
    if (amount > left) {
      remarks.push_back(absl::StrCat("a refund of ", FormatMoney({amount, currency}), " is more than the ",
                                     FormatMoney({left, currency}), " that are left, and counts as these"));
      SetMoney(left, currency, *refund.mutable_amount());
    }
    left -= refund.amount().minor();
  }
}

void CompareTotal(const v1::Order& order, std::optional<std::int64_t> told, Currency currency,
                  std::vector<std::string>& remarks) {
  if (!told) return;
  const std::int64_t sum = SumOfParts(order);
  if (sum == *told) return;
  remarks.push_back(absl::StrCat("its parts add up to ", FormatMoney({sum, currency}), ", its total is said to be ",
                                 FormatMoney({*told, currency})));
}

}  // namespace esnaf::orders

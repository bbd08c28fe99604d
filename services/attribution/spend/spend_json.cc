#include "services/attribution/spend/spend_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "libs/base/json_shape.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"

namespace esnaf::attribution {
namespace {

using nlohmann::json;

// Reports of platforms are not half as deep as is read, and of 64 MiB they have not half as many values.
absl::StatusOr<json> ParseJson(std::string_view text) {
  ESNAF_RETURN_IF_ERROR(CheckJsonShape(text));
  // The library says where a mistake is only by an exception.
  try {
    return json::parse(text.begin(), text.end());
  } catch (const json::parse_error& error) {
    const std::size_t at = std::min(error.byte, text.size());
    return absl::InvalidArgumentError(absl::StrCat(
        "is no JSON: line ", 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')));
  }
}

// The member, under its name or in snake_case; null where it is absent.
const json& At(const json& object, const char* name) {
  static const json kNone;
  if (!object.is_object()) return kNone;
  if (const auto found = object.find(name); found != object.end()) return *found;
  std::string snake;
  for (const char* c = name; *c != '\0'; ++c) {
    if (*c >= 'A' && *c <= 'Z') {
      snake += '_';
      snake += static_cast<char>(*c - 'A' + 'a');
    } else {
      snake += *c;
    }
  }
  const auto found = object.find(snake);
  return found == object.end() ? kNone : *found;
}

// A text or a number as text; numbers in their shortest exact form.
std::string TextOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

// The number at a name as millionths; 0 where it is absent.
absl::Status ReadMicros(const json& object, const char* name, Micros& target) {
  const json& value = At(object, name);
  if (value.is_null()) return absl::OkStatus();
  const absl::StatusOr<Micros> micros = ParsePlainMicros(TextOf(value));
  if (!micros.ok()) return absl::InvalidArgumentError(absl::StrCat(name, " ", micros.status().message()));
  if (*micros < 0) return absl::InvalidArgumentError(absl::StrCat(name, " is negative"));
  target = *micros;
  return absl::OkStatus();
}

absl::Status ReadCount(const json& object, const char* name, std::int64_t& target) {
  constexpr std::int64_t kMillion = 1'000'000;
  Micros micros = target * kMillion;
  ESNAF_RETURN_IF_ERROR(ReadMicros(object, name, micros));
  if (micros % kMillion != 0) return absl::InvalidArgumentError(absl::StrCat(name, " is no whole number"));
  target = micros / kMillion;
  return absl::OkStatus();
}

class JsonReader {
 public:
  explicit JsonReader(const SpendReadOptions& options) : options_(options) {}

  void ReadGoogle(const json& batch) {
    const json& currency = At(At(batch, "customer"), "currencyCode");
    for (const json& result : At(batch, "results")) {
      Record(result, [&](SpendRow& row) { return ReadGoogleRow(result, TextOf(currency), row); });
    }
  }
  void ReadMeta(const json& record) {
    Record(record, [&](SpendRow& row) { return ReadMetaRow(record, row); });
  }
  // What is neither.
  void Refuse(std::string detail) { reading_.skips.push_back({++record_, SkipReason::kBadRecord, std::move(detail)}); }
  SpendReading Take(SpendFormat format) {
    reading_.format = format;
    return std::move(reading_);
  }

 private:
  struct Mistake {
    SkipReason reason;
    std::string detail;
  };

  template <typename Read>
  void Record(const json& record, Read&& read) {
    ++record_;
    SpendRow row;
    std::optional<Mistake> mistake;
    if (!record.is_object()) {
      mistake = Mistake{SkipReason::kBadRecord, "is no object"};
    } else {
      mistake = read(row);
    }
    if (!mistake && !IsText(row)) mistake = Mistake{SkipReason::kBadText, "has characters that are no text"};
    if (mistake) {
      reading_.skips.push_back({record_, mistake->reason, std::move(mistake->detail)});
    } else {
      reading_.rows.push_back(std::move(row));
    }
  }

  static bool IsText(const SpendRow& row) {
    for (const std::string* text : {&row.account_id, &row.campaign_id, &row.campaign, &row.ad_group_id, &row.ad_group,
                                    &row.ad_id, &row.ad, &row.keyword, &row.search_query}) {
      if (!IsCleanUtf8(*text)) return false;
    }
    return true;
  }

  std::optional<Mistake> ReadCurrency(const std::string& code, SpendRow& row) const {
    if (code.empty() && options_.currency) {
      row.currency = *options_.currency;
      return std::nullopt;
    }
    if (code.empty()) return Mistake{SkipReason::kBadCurrency, "the report names no currency: set one"};
    const absl::StatusOr<Currency> currency = Currency::Parse(code);
    if (!currency.ok())
      return Mistake{SkipReason::kBadCurrency, absl::StrCat("currency ", currency.status().message())};
    row.currency = *currency;
    return std::nullopt;
  }

  static absl::Status ReadGoogleMetrics(const json& metrics, SpendRow& row) {
    // Costs come in millionths already, always whole.
    ESNAF_RETURN_IF_ERROR(ReadCount(metrics, "costMicros", row.cost));
    ESNAF_RETURN_IF_ERROR(ReadCount(metrics, "impressions", row.impressions));
    ESNAF_RETURN_IF_ERROR(ReadCount(metrics, "clicks", row.clicks));
    // The API computes these two as floating point numbers; more digits than six are none that it knows.
    row.reported_conversions = RoundedMicros(At(metrics, "conversions"));
    row.reported_value = RoundedMicros(At(metrics, "conversionsValue"));
    return absl::OkStatus();
  }

  static Micros RoundedMicros(const json& value) {
    constexpr double kMost = 9e12;  // whose millionths still fit
    if (!value.is_number()) return 0;
    const double number = value.get<double>();
    return number >= 0 && number < kMost ? static_cast<Micros>(std::llround(number * 1e6)) : 0;
  }

  std::optional<Mistake> ReadGoogleRow(const json& result, const std::string& currency, SpendRow& row) const {
    const absl::StatusOr<Date> day = ParseDate(TextOf(At(At(result, "segments"), "date")));
    if (!day.ok()) return Mistake{SkipReason::kNoDay, "segments.date is no day"};
    row.day = *day;
    const json& customer = At(result, "customer");
    const std::string own = TextOf(At(customer, "currencyCode"));
    if (auto mistake = ReadCurrency(own.empty() ? currency : own, row)) return mistake;
    const json& metrics = At(result, "metrics");
    if (!metrics.is_object()) return Mistake{SkipReason::kBadRecord, "has no metrics"};
    if (const absl::Status read = ReadGoogleMetrics(metrics, row); !read.ok()) {
      return Mistake{SkipReason::kBadNumber, std::string(read.message())};
    }
    const json &campaign = At(result, "campaign"), &ad_group = At(result, "adGroup");
    const json& ad = At(At(result, "adGroupAd"), "ad");
    row.account_id = TextOf(At(customer, "id"));
    if (row.account_id.empty()) row.account_id = AccountOf(TextOf(At(campaign, "resourceName")));
    if (row.account_id.empty()) row.account_id = options_.account_id;
    row.campaign_id = TextOf(At(campaign, "id"));
    row.campaign = TextOf(At(campaign, "name"));
    row.ad_group_id = TextOf(At(ad_group, "id"));
    row.ad_group = TextOf(At(ad_group, "name"));
    row.ad_id = TextOf(At(ad, "id"));
    row.ad = TextOf(At(ad, "name"));
    row.keyword = TextOf(At(At(At(result, "adGroupCriterion"), "keyword"), "text"));
    if (row.keyword.empty()) row.keyword = TextOf(At(At(At(At(result, "segments"), "keyword"), "info"), "text"));
    row.search_query = TextOf(At(At(result, "searchTermView"), "searchTerm"));
    return std::nullopt;
  }

  // `customers/1234567890/campaigns/1` names the account.
  static std::string AccountOf(const std::string& resource) {
    constexpr std::string_view kPrefix = "customers/";
    if (!resource.starts_with(kPrefix)) return {};
    return resource.substr(kPrefix.size(), resource.find('/', kPrefix.size()) - kPrefix.size());
  }

  // One purchase is listed under several types of action; the widest that is there counts, once.
  static absl::Status ReadPurchases(const json& actions, Micros& target) {
    for (const char* type : {"omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase"}) {
      for (const json& action : actions) {
        if (TextOf(At(action, "action_type")) == type) return ReadMicros(action, "value", target);
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadMetaMetrics(const json& record, SpendRow& row) {
    ESNAF_RETURN_IF_ERROR(ReadMicros(record, "spend", row.cost));
    ESNAF_RETURN_IF_ERROR(ReadCount(record, "impressions", row.impressions));
    const char* clicks = At(record, "inline_link_clicks").is_null() ? "clicks" : "inline_link_clicks";
    ESNAF_RETURN_IF_ERROR(ReadCount(record, clicks, row.clicks));
    ESNAF_RETURN_IF_ERROR(ReadPurchases(At(record, "actions"), row.reported_conversions));
    return ReadPurchases(At(record, "action_values"), row.reported_value);
  }

  std::optional<Mistake> ReadMetaRow(const json& record, SpendRow& row) const {
    const std::string start = TextOf(At(record, "date_start")), stop = TextOf(At(record, "date_stop"));
    const absl::StatusOr<Date> day = ParseDate(start);
    if (!day.ok()) return Mistake{SkipReason::kNoDay, "date_start is no day"};
    if (!stop.empty() && stop != start) {
      return Mistake{SkipReason::kSeveralDays, "covers several days: ask for time_increment=1"};
    }
    row.day = *day;
    if (auto mistake = ReadCurrency(TextOf(At(record, "account_currency")), row)) return mistake;
    if (At(record, "spend").is_null()) return Mistake{SkipReason::kBadRecord, "has no spend"};
    if (const absl::Status read = ReadMetaMetrics(record, row); !read.ok()) {
      return Mistake{SkipReason::kBadNumber, std::string(read.message())};
    }
    row.account_id = TextOf(At(record, "account_id"));
    if (row.account_id.empty()) row.account_id = options_.account_id;
    row.campaign_id = TextOf(At(record, "campaign_id"));
    row.campaign = TextOf(At(record, "campaign_name"));
    row.ad_group_id = TextOf(At(record, "adset_id"));
    row.ad_group = TextOf(At(record, "adset_name"));
    row.ad_id = TextOf(At(record, "ad_id"));
    row.ad = TextOf(At(record, "ad_name"));
    return std::nullopt;
  }

  const SpendReadOptions& options_;
  std::int64_t record_ = 0;
  SpendReading reading_;
};

bool IsGoogle(const json& object) { return object.is_object() && object.contains("results"); }
bool IsMeta(const json& object) { return object.is_object() && object.contains("date_start"); }

}  // namespace

absl::StatusOr<SpendReading> ReadSpendJson(std::string_view text, const SpendReadOptions& options) {
  ESNAF_ASSIGN_OR_RETURN(const json document, ParseJson(text));
  JsonReader reader(options);
  const bool has_data = document.is_object() && document.contains("data") && document["data"].is_array();
  const json& list = has_data ? document["data"] : document;
  const auto any = [&](auto&& is) { return list.is_array() ? std::any_of(list.begin(), list.end(), is) : is(list); };
  const auto each = [&](auto&& read) {
    if (!list.is_array()) return read(list);
    for (const json& element : list) read(element);
  };
  if (options.format != SpendFormat::kMetaJson && any(IsGoogle)) {
    each([&](const json& batch) { IsGoogle(batch) ? reader.ReadGoogle(batch) : reader.Refuse("has no results"); });
    return reader.Take(SpendFormat::kGoogleAdsJson);
  }
  const bool empty_list = list.is_array() && list.empty() && options.format != SpendFormat::kDetect;
  if (options.format != SpendFormat::kGoogleAdsJson && (any(IsMeta) || empty_list)) {
    each([&](const json& record) { reader.ReadMeta(record); });
    return reader.Take(SpendFormat::kMetaJson);
  }
  if (empty_list) return reader.Take(options.format);
  return absl::InvalidArgumentError(
      "is neither the Google Ads API's searchStream (objects with results) nor Meta's insights (objects with "
      "date_start)");
}

}  // namespace esnaf::attribution

#include "cli/demo_visits.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "cli/demo_random.h"
#include "libs/api/convert.h"

namespace esnaf::cli {
namespace {

namespace v1 = attribution::v1;

constexpr char kShopAddress[] = "https://dukkan.example/";
constexpr int kPassersByPerDay = 22;
// Most who click do not consent, so the platforms count many more clicks than the shop has touches.
constexpr int kClicksPerTouch = 24;

// A way by which people come. Chances are relative to each other: of a customer's first order, and of later ones.
struct Source {
  const char* platform;     // empty: no ad
  const char* campaign_id;  // of the ad platform
  const char* campaign;
  const char* parameters;  // of the landing page
  const char* referrer;
  int click_kurus;  // what a click costs
  int first_chance;
  int later_chance;
};
constexpr std::array<Source, 11> kSources = {{
    {"google", "1101", "Marka", "utm_source=google&utm_medium=cpc&utm_campaign=Marka&utm_id=1101",
     "https://www.google.com/", 140, 6, 14},
    {"google", "1102", "Elbise arama",
     "utm_source=google&utm_medium=cpc&utm_campaign=Elbise+arama&utm_id=1102&utm_term=keten+elbise",
     "https://www.google.com/", 620, 18, 5},
    {"google", "1103", "Shopping tüm ürünler",
     "utm_source=google&utm_medium=cpc&utm_campaign=Shopping+t%C3%BCm+%C3%BCr%C3%BCnler&utm_id=1103",
     "https://www.google.com/", 380, 16, 6},
    {"meta", "2201", "Yeni müşteri",
     "utm_source=instagram&utm_medium=paid_social&utm_campaign=Yeni+m%C3%BC%C5%9Fteri&utm_id=2201",
     "https://l.instagram.com/", 900, 20, 3},
    {"meta", "2202", "Sepet hatırlatma",
     "utm_source=facebook&utm_medium=paid_social&utm_campaign=Sepet+hat%C4%B1rlatma&utm_id=2202",
     "https://l.facebook.com/", 310, 3, 10},
    {"", "", "haftalik-bulten", "utm_source=bulten&utm_medium=email&utm_campaign=haftalik-bulten", "", 0, 1, 22},
    {"", "", "", "", "https://www.google.com/", 0, 16, 12},
    {"", "", "", "", "https://l.instagram.com/", 0, 7, 4},
    {"", "", "", "", "https://www.moda-gunlugu.example/", 0, 5, 2},
    {"", "", "kis-ortaklik", "utm_source=moda-ortak&utm_medium=affiliate&utm_campaign=kis-ortaklik", "", 0, 3, 1},
    {"", "", "", "", "", 0, 5, 21},
}};

int SourceOf(DemoRandom& random, bool first) {
  const auto chance_of = [first](const Source& source) { return first ? source.first_chance : source.later_chance; };
  int all = 0;
  for (const Source& source : kSources) all += chance_of(source);
  int chance = random.Below(all);
  for (std::size_t i = 0; i < kSources.size(); ++i) {
    chance -= chance_of(kSources[i]);
    if (chance < 0) return static_cast<int>(i);
  }
  return 0;
}

std::chrono::seconds DaysOf(double days) { return std::chrono::seconds(static_cast<std::int64_t>(days * 86400)); }

Date DayOf(Time time) {
  static const TimeZone kZone = TimeZone::Load("Europe/Istanbul").value_or(TimeZone::Utc());
  return kZone.LocalDate(time);
}

}  // namespace

DemoVisits::DemoVisits(const DemoShop& shop) {
  if (shop.order_count() == 0) return;
  for (std::size_t i = 0; i < shop.order_count(); ++i) AddWaysToOrder(shop, i);
  first_day_ = DayOf(shop.TimeOf(0));
  last_day_ = DayOf(shop.TimeOf(shop.order_count() - 1));
  for (auto day = std::chrono::sys_days(first_day_); day <= std::chrono::sys_days(last_day_);
       day += std::chrono::days(1)) {
    AddPassersBy(Date(day));
  }
  std::sort(visits_.begin(), visits_.end());
}

// One to three visits: the last within the hour of the order, the others in the three weeks before it.
void DemoVisits::AddWaysToOrder(const DemoShop& shop, std::size_t index) {
  const std::string visitor = shop.VisitorOf(index);
  if (visitor.empty()) return;
  DemoRandom random(0x7157 + static_cast<std::uint64_t>(index) * 6151);
  const bool first = shop.IsFirstOfCustomer(index);
  const int count = 1 + std::min(random.Below(3), random.Below(3));
  for (int i = 0; i < count; ++i) {
    const double days_before = i == 0 ? random.Unit() / 24 : 0.1 + 20 * random.Unit() * random.Unit();
    visits_.push_back({shop.TimeOf(index) - DaysOf(days_before), SourceOf(random, first && i + 1 == count),
                       absl::StrFormat("demo-%d-%d", index, i), visitor});
  }
}

// People who look around and buy nothing; half of them do not consent.
void DemoVisits::AddPassersBy(Date day) {
  const Time start = TimeZone::Utc().StartOfDay(day);
  const auto number = std::chrono::sys_days(day).time_since_epoch().count();
  DemoRandom random(0xBA55 + static_cast<std::uint64_t>(number) * 3571);
  const int count = kPassersByPerDay / 2 + random.Below(kPassersByPerDay);
  for (int i = 0; i < count; ++i) {
    const std::string name = absl::StrFormat("demo-passer-%d-%d", number, i);
    const bool consents = random.Below(2) == 0;
    visits_.push_back(
        {start + DaysOf((6 + 14 * random.Unit()) / 24), SourceOf(random, true), name, consents ? name : ""});
  }
}

v1::Touchpoint DemoVisits::Touch(std::size_t index) const {
  const Visit& visit = visits_[index];
  const Source& source = kSources[static_cast<std::size_t>(visit.source)];
  const bool consents = !visit.visitor_id.empty();
  const v1::ConsentWord word = consents ? v1::CONSENT_WORD_GRANTED : v1::CONSENT_WORD_DENIED;
  v1::Touchpoint touch;
  touch.set_store_id(kDemoWebStore);
  touch.set_event_id(visit.event_id);
  touch.set_visitor_id(visit.visitor_id);
  touch.set_kind(v1::TOUCH_KIND_PAGE_VIEW);
  *touch.mutable_occur_time() = api::ToProto(visit.time);
  std::string address = kShopAddress;
  if (*source.parameters != '\0') absl::StrAppend(&address, "?", source.parameters);
  if (consents && *source.platform != '\0') {
    absl::StrAppend(&address, std::string_view(source.platform) == "google" ? "&gclid=demo." : "&fbclid=demo.",
                    visit.event_id);
  }
  touch.set_landing_page(address);
  touch.set_referrer(source.referrer);
  auto& consent = *touch.mutable_consent();
  consent.set_ad_storage(word);
  consent.set_analytics_storage(word);
  consent.set_ad_user_data(word);
  consent.set_ad_personalization(word);
  return touch;
}

std::map<std::string, std::string> DemoVisits::SpendColumns() {
  return {{"day", "Day"},
          {"account_id", "Account ID"},
          {"campaign_id", "Campaign ID"},
          {"campaign", "Campaign"},
          {"currency", "Currency code"},
          {"impressions", "Impr."},
          {"clicks", "Clicks"},
          {"cost", "Cost"}};
}

std::string DemoVisits::SpendTable(const std::string& platform) const {
  std::map<std::pair<std::int64_t, int>, int> touches;  // of each day and source
  for (const Visit& visit : visits_) {
    ++touches[{std::chrono::sys_days(DayOf(visit.time)).time_since_epoch().count(), visit.source}];
  }
  std::string table = "Day,Account ID,Campaign ID,Campaign,Currency code,Impr.,Clicks,Cost\n";
  for (auto day = std::chrono::sys_days(first_day_); day <= std::chrono::sys_days(last_day_);
       day += std::chrono::days(1)) {
    const std::int64_t number = day.time_since_epoch().count();
    for (std::size_t i = 0; i < kSources.size(); ++i) {
      const Source& source = kSources[i];
      if (platform != source.platform) continue;
      DemoRandom random(0xC057 + static_cast<std::uint64_t>(number) * 769 + i);
      const auto counted = touches.find({number, static_cast<int>(i)});
      const int touched = counted == touches.end() ? 0 : counted->second;
      const int clicks = touched * kClicksPerTouch + random.Below(20);
      const int kurus = clicks * source.click_kurus * (85 + random.Below(30)) / 100;
      absl::StrAppendFormat(&table, "%s,%s,%s,%s,TRY,%d,%d,%d.%02d\n", FormatDate(Date(day)),
                            platform == "google" ? "123-456-7890" : "act_987", source.campaign_id, source.campaign,
                            clicks * (14 + random.Below(40)), clicks, kurus / 100, kurus % 100);
    }
  }
  return table;
}

}  // namespace esnaf::cli

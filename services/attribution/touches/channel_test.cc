// The default rules case by case, against the conditions that Google publishes; and what visits tell.
#include "services/attribution/touches/channel.h"

#include "libs/base/error.h"
#include "libs/testing/catch.h"

namespace esnaf::attribution {
namespace {

const ChannelGrouper& Defaults() {
  static const auto grouper = ChannelGrouper::Make(DefaultChannelRules()).value();
  return *grouper;
}

std::string ChannelOf(const std::string& source, const std::string& medium, const std::string& campaign = "") {
  return Defaults().Derive({.utm_source = source, .utm_medium = medium, .campaign = campaign}).channel;
}

DerivedSource From(const std::string& referrer_host) { return Defaults().Derive({.referrer_host = referrer_host}); }

TEST_CASE("the default rules come in Google's order") {
  std::string order;
  for (const ChannelRule& rule : DefaultChannelRules().rules) order += rule.channel + (rule.paid ? "* " : " ");
  CHECK(order ==
        "Direct Cross-network* Paid Shopping* Paid Search* Paid Social* Paid Video* Display* Paid Other* Organic "
        "Shopping "
        "Organic Social Organic Video Organic Search Referral Email Affiliates Audio SMS Mobile Push Notifications ");
}

TEST_CASE("campaign parameters give the channel that Google's conditions give") {
  const std::vector<std::array<std::string, 4>> cases = {
      {"(direct)", "(none)", "", "Direct"},
      {"(direct)", "(not set)", "", "Direct"},
      {"google", "cpc", "pmax-cross-network-1", "Cross-network"},
      {"google", "cpc", "yaz shopping", "Paid Shopping"},
      {"google", "cpc", "bishop", "Paid Search"},
      {"google", "cpc", "e-shop", "Paid Shopping"},
      {"google", "cpc", "eshop", "Paid Shopping"},
      {"trendyol", "cpc", "", "Paid Shopping"},
      {"amazon.com.tr", "paid", "", "Paid Shopping"},
      {"google", "cpc", "", "Paid Search"},
      {"Google", "CPC", "", "Paid Search"},
      {"bing", "ppc", "", "Paid Search"},
      {"yandex", "paidsearch", "", "Paid Search"},
      {"google", "retargeting", "", "Paid Search"},
      {"facebook", "cpc", "", "Paid Social"},
      {"instagram", "paid_social", "", "Paid Social"},
      {"m.facebook.com", "paid", "", "Paid Social"},
      {"tiktok", "cpm", "", "Paid Social"},
      {"youtube", "cpv", "", "Paid Video"},
      {"youtube", "cpc", "", "Paid Video"},
      {"izlesene", "paid-video", "", "Paid Video"},
      {"haber", "display", "", "Display"},
      {"haber", "banner", "", "Display"},
      {"haber", "interstitial", "", "Display"},
      {"haber", "expandable", "", "Display"},
      {"haber", "cpm", "", "Display"},
      {"haber", "cpc", "", "Paid Other"},
      {"haber", "retargeting", "", "Paid Other"},
      {"hepsiburada", "feed", "", "Organic Shopping"},
      {"haber", "post", "bahar shopping", "Organic Shopping"},
      {"haber", "social-media", "", "Organic Social"},
      {"haber", "sm", "", "Organic Social"},
      {"eksisozluk", "post", "", "Organic Social"},
      {"haber", "video-post", "", "Organic Video"},
      {"vimeo", "post", "", "Organic Video"},
      {"google", "organic", "", "Organic Search"},
      {"haber", "organic", "", "Organic Search"},
      {"yandex", "maps", "", "Organic Search"},
      {"haber", "referral", "", "Referral"},
      {"haber", "app", "", "Referral"},
      {"haber", "link", "", "Referral"},
      {"bulten", "email", "", "Email"},
      {"e-mail", "haftalik", "", "Email"},
      {"bulten", "e_mail", "", "Email"},
      {"ortak", "affiliate", "", "Affiliates"},
      {"spotify", "audio", "", "Audio"},
      {"sms", "toplu", "", "SMS"},
      {"netgsm", "sms", "", "SMS"},
      {"uygulama", "web-push", "", "Mobile Push Notifications"},
      {"uygulama", "mobile-inapp", "", "Mobile Push Notifications"},
      {"uygulama", "notification", "", "Mobile Push Notifications"},
      {"firebase", "x", "", "Mobile Push Notifications"},
      {"haber", "yazi", "", "Unassigned"},
      {"haber", "", "", "Unassigned"},
  };
  for (const auto& [source, medium, campaign, channel] : cases) {
    INFO(source << " / " << medium << " / " << campaign);
    CHECK(ChannelOf(source, medium, campaign) == channel);
  }
}

TEST_CASE("without campaign parameters the referrer tells") {
  DerivedSource google = From("google.com.tr");
  CHECK(google.source == "google");
  CHECK(google.medium == "organic");
  CHECK(google.channel == "Organic Search");
  CHECK_FALSE(google.paid);
  CHECK(From("search.yahoo.com").source == "yahoo");
  CHECK(From("yandex.com.tr").source == "yandex");
  CHECK(From("mail.google.com").channel == "Referral");
  CHECK(From("l.instagram.com").channel == "Organic Social");
  CHECK(From("m.youtube.com").channel == "Organic Video");
  CHECK(From("trendyol.com").channel == "Organic Shopping");
  CHECK(From("blog.example").channel == "Referral");
  CHECK(From("blog.example").source == "blog.example");
  CHECK(From("notgoogle.com").channel == "Referral");
}

TEST_CASE("nothing told is direct; own pages and payment pages are no visit") {
  const DerivedSource direct = From("");
  CHECK(direct.direct);
  CHECK(direct.source == "(direct)");
  CHECK(direct.medium == "(none)");
  CHECK(direct.channel == "Direct");
  for (const char* host : {"sandbox-api.iyzipay.com", "www.paytr.com", "secure.payu.com.tr", "checkout.stripe.com",
                           "paypal.com", "sanalposprov.garanti.com.tr", "goguvenliodeme.bkm.com.tr"}) {
    INFO(host);
    CHECK(From(host).internal);
    CHECK_FALSE(From(host).direct);
  }
  CHECK(Defaults().Derive({.referrer_host = "shop.example", .self_referral = true}).internal);
  ChannelRules rules = DefaultChannelRules();
  rules.own_hosts = {"dukkan.example"};
  const auto own = ChannelGrouper::Make(rules).value();
  CHECK(own->Derive({.referrer_host = "odeme.dukkan.example"}).internal);
  // A campaign counts whatever page it is on.
  CHECK_FALSE(own->Derive({.utm_source = "bulten", .utm_medium = "email", .referrer_host = "dukkan.example"}).internal);
}

TEST_CASE("a click id tells what campaign parameters do not") {
  const auto derive = [](ToldSource told) { return Defaults().Derive(told); };
  CHECK(derive({.ad_platform = "google"}).channel == "Paid Search");
  CHECK(derive({.ad_platform = "microsoft"}).channel == "Paid Search");
  CHECK(derive({.ad_platform = "tiktok"}).channel == "Paid Social");
  // Meta puts fbclid on every link, so alone it is no sign of an ad.
  CHECK(derive({.ad_platform = "meta"}).channel == "Organic Social");
  CHECK(derive({.utm_source = "youtube", .ad_platform = "google"}).channel == "Paid Video");
  CHECK(derive({.utm_source = "facebook", .utm_medium = "paid", .ad_platform = "meta"}).paid);
  CHECK(derive({.campaign = "yaz"}).source == "(not set)");
}

TEST_CASE("the rule that held is named, and bad rules are refused by name") {
  int index = -2;
  Defaults().Derive({.utm_source = "google", .utm_medium = "cpc"}, &index);
  CHECK(index == 3);
  Defaults().Derive({.utm_source = "x", .utm_medium = "y"}, &index);
  CHECK(index == -1);
  ChannelRules rules = DefaultChannelRules();
  rules.rules[1].all_of[0][0] = {ChannelField::kCampaign, ChannelOperator::kMatches, "("};
  rules.rules[2].all_of[0][0] = {ChannelField::kSource, ChannelOperator::kInList, "nowhere"};
  rules.rules[3].all_of.clear();
  const auto refused = ChannelGrouper::Make(rules);
  REQUIRE_FALSE(refused.ok());
  const auto fields = ErrorFields(refused.status());
  REQUIRE(fields.size() == 3);
  CHECK(fields[0].first == "channel_rules.rules[1].all_of[0].any_of[0].value");
  CHECK(fields[1].first == "channel_rules.rules[2].all_of[0].any_of[0].value");
  CHECK(fields[2].first == "channel_rules.rules[3].all_of");
}

}  // namespace
}  // namespace esnaf::attribution

#include "services/attribution/touches/intake.h"

#include "libs/testing/catch.h"
#include "services/attribution/touches/bot.h"
#include "services/attribution/touches/web_address.h"

namespace esnaf::attribution {
namespace {

Time At(std::int64_t seconds) { return Time(std::chrono::seconds(seconds)); }

const ChannelGrouper& Channels() {
  static const auto grouper = ChannelGrouper::Make(DefaultChannelRules()).value();
  return *grouper;
}

Touchpoint Sent(std::string landing_page, std::string referrer = "") {
  Touchpoint touch;
  touch.store_id = "istanbul";
  touch.event_id = "e1";
  touch.visitor_id = "v1";
  touch.occur_time = At(1000);
  touch.landing_page = std::move(landing_page);
  touch.referrer = std::move(referrer);
  touch.user_agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0";
  touch.consent = {ConsentWord::kGranted, ConsentWord::kGranted, ConsentWord::kGranted, ConsentWord::kGranted};
  return touch;
}

Touchpoint Taken(Touchpoint touch) {
  TakeIn(touch, {.receive_time = At(2000)}, Channels());
  return touch;
}

TEST_CASE("a touch's time is corrected by the clocks' difference and never lies after the receipt") {
  const auto correct = [](std::int64_t occurred, std::optional<std::int64_t> sent, bool from_browser = false) {
    Reception reception{.receive_time = At(1'000'000), .from_browser = from_browser};
    if (sent) reception.send_time = At(*sent);
    return std::chrono::duration_cast<std::chrono::seconds>(CorrectTime(At(occurred), reception).time_since_epoch())
        .count();
  };
  CHECK(correct(999'990, std::nullopt) == 999'990);
  CHECK(correct(1'000'500, std::nullopt) == 1'000'000);
  // Within five seconds the way took the time, not the clock.
  CHECK(correct(999'990, 999'996) == 999'990);
  CHECK(correct(999'990, 1'000'005) == 999'990);
  // An hour ahead, an hour behind.
  CHECK(correct(1'003'590, 1'003'600) == 999'990);
  CHECK(correct(996'390, 996'400) == 999'990);
  CHECK(correct(5, std::nullopt) == 5);
  CHECK(correct(5, std::nullopt, true) == 1'000'000 - 24 * 3600);
}

TEST_CASE("campaign, click ids and ids of ads are read from the landing page") {
  const Touchpoint touch = Taken(
      Sent("https://www.Shop.example:8443/elbise?utm_source=google&utm_medium=cpc&utm_campaign=Bahar%20%C4%B0ndirimi"
           "&utm_id=99&utm_content=a+b&utm_term=k%C4%B1rm%C4%B1z%C4%B1&gclid=Cj0K&adgroupid=7&creative=8#x",
           "https://www.google.com/"));
  CHECK(touch.traffic.told.utm_source == "google");
  CHECK(touch.traffic.told.campaign == "Bahar İndirimi");
  CHECK(touch.traffic.told.campaign_id == "99");
  CHECK(touch.traffic.told.content == "a b");
  CHECK(touch.traffic.told.term == "kırmızı");
  CHECK(touch.traffic.told.ad_platform == "google");
  CHECK(touch.traffic.told.ad_group_id == "7");
  CHECK(touch.traffic.told.ad_id == "8");
  CHECK(touch.traffic.told.referrer_host == "google.com");
  CHECK_FALSE(touch.traffic.told.self_referral);
  CHECK(touch.traffic.derived.channel == "Paid Search");
  CHECK(touch.click_ids.gclid == "Cj0K");
  CHECK(touch.id == TouchpointId("istanbul", "e1"));
  CHECK(touch.receive_time == At(2000));
  // What the sender names counts.
  Touchpoint named = Sent("https://shop.example/?utm_source=google&gclid=a");
  named.traffic.told.utm_source = "bulten";
  named.click_ids.gclid = "b";
  CHECK(Taken(named).traffic.told.utm_source == "bulten");
  CHECK(Taken(named).click_ids.gclid == "b");
}

TEST_CASE("a page view from the own site is internal, also from a subdomain, unless it brings a campaign") {
  CHECK(Taken(Sent("https://shop.example/b", "https://www.shop.example/a")).traffic.derived.internal);
  CHECK(Taken(Sent("https://shop.example/b", "https://odeme.shop.example/a")).traffic.derived.internal);
  CHECK_FALSE(Taken(Sent("https://shop.example/b", "https://othershop.example/a")).traffic.derived.internal);
  CHECK_FALSE(Taken(Sent("https://shop.example/?utm_source=x&utm_medium=email", "https://shop.example/a"))
                  .traffic.derived.internal);
  CHECK(Taken(Sent("https://shop.example/tesekkurler", "https://sandbox-merchantgw.iyzipay.com/3ds"))
            .traffic.derived.internal);
  CHECK(Taken(Sent("https://shop.example/")).traffic.derived.direct);
}

TEST_CASE("what the visitor did not consent to is not kept") {
  Touchpoint sent =
      Sent("https://shop.example/?utm_source=google&utm_medium=cpc&gclid=Cj0K", "https://www.google.com/a?b");
  sent.contact_id = Uuid::FromName("contact", "ayse");
  sent.consent.ad_storage = ConsentWord::kDenied;
  const Touchpoint no_ads = Taken(sent);
  CHECK(no_ads.visitor_id == "v1");
  CHECK(no_ads.click_ids.empty());
  CHECK(no_ads.landing_page == "https://shop.example/");
  for (const ConsentWord word : {ConsentWord::kDenied, ConsentWord::kNotTold}) {
    sent.consent = {.ad_storage = ConsentWord::kGranted, .analytics_storage = word};
    const Touchpoint anonymous = Taken(sent);
    CHECK(anonymous.visitor_id.empty());
    CHECK_FALSE(anonymous.contact_id);
    CHECK(anonymous.click_ids.empty());
    CHECK(anonymous.referrer.empty());
    CHECK(anonymous.landing_page.empty());
    CHECK(anonymous.user_agent.empty());
    // It still counts for its channel.
    CHECK(anonymous.traffic.derived.channel == "Paid Search");
  }
}

TEST_CASE("bots are told by their names") {
  for (const char* bot :
       {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "facebookexternalhit/1.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/140.0.0.0 Safari/537.36", "curl/8.5.0",
        "python-requests/2.31", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "WhatsApp/2.23.20",
        "SomeNewBot", "Mozilla/5.0 (compatible; Baiduspider/2.0)"}) {
    INFO(bot);
    CHECK(IsBot(bot));
  }
  for (const char* person :
       {"", "Mozilla/5.0 (Linux; Android 14; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 340.0",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"}) {
    INFO(person);
    CHECK_FALSE(IsBot(person));
  }
  Touchpoint crawled = Sent("https://shop.example/");
  crawled.user_agent = "Googlebot/2.1";
  CHECK(Taken(crawled).bot);
}

TEST_CASE("bad touches are refused by field") {
  Touchpoint touch;
  touch.store_id = "Not A Store";
  touch.kind = TouchKind::kCustom;
  touch.contact_id = Uuid::FromName("contact", "ayse");
  touch.traffic.told.campaign = "a\x1f";
  touch.visitor_id = std::string(201, 'v');
  FieldViolations violations;
  CheckTouch(touch, {.from_browser = true}, "touchpoints[3].", violations);
  std::string fields;
  for (const auto& [field, what] : ErrorFields(violations.ToStatus())) fields += field.substr(15) + " ";
  CHECK(fields == "visitor_id utm.campaign store_id event_id name contact_id ");
  FieldViolations none;
  CheckTouch(Sent("https://shop.example/"), {.from_browser = true}, "", none);
  CHECK(none.empty());
}

TEST_CASE("addresses are read as browsers write them") {
  const auto read = [](std::string_view text) { return ReadWebAddress(text); };
  CHECK(read("https://www.google.com.tr")->host == "google.com.tr");
  CHECK(read("HTTP://User:pw@Shop.Example:80?x=1")->host == "shop.example");
  CHECK(read("android-app://com.google.android.googlequicksearchbox/")->host ==
        "com.google.android.googlequicksearchbox");
  CHECK(read("https://a.example/?x=1&x=2")->Get("x") == "1");
  CHECK(read("https://a.example/?x=%zz%4")->Get("x") == "%zz%4");
  CHECK(read("https://a.example/?x=%00&y=%ff").value().parameters.empty());
  CHECK(read("https://a.example/#?x=1")->Get("x").empty());
  CHECK_FALSE(read("shop.example/a"));
  CHECK_FALSE(read("https://"));
  CHECK_FALSE(read(""));
  CHECK(SameSite("a.shop.example", "shop.example"));
  CHECK_FALSE(SameSite("myshop.example", "shop.example"));
  CHECK_FALSE(SameSite("", ""));
}

}  // namespace
}  // namespace esnaf::attribution

// The RPCs of touches and channel rules over a real connection.
#include "services/attribution/touches/touchpoint_service.h"

#include "libs/base/error.h"
#include "libs/testing/service.h"
#include "services/attribution/touches/channel_service.h"
#include "services/attribution/touches/channel_store.h"
#include "services/attribution/touches/test_touches.h"

namespace esnaf::attribution {
namespace {

constexpr char kBrowser[] = "publishable";
constexpr char kAgent[] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0";

struct Service {
  Service() {
    REQUIRE_OK(attribution.connection().Run(
        {}, [&](postgres::Tx& tx) { return EnsureDefaultChannelRules(tx, attribution.now); }));
    REQUIRE_OK(keeper.Refresh(attribution.connection()));
    clock.Set(attribution.now);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::string& kind = "storefront", const std::string& stores = "") {
    const std::string service = method.find("Channel") != std::string::npos || method == "ClassifyVisit"
                                    ? "ChannelService"
                                    : "TouchpointService";
    std::vector<std::pair<std::string, std::string>> metadata = {{"esnaf-caller-kind", kind}, {"esnaf-actor", "key:a"}};
    if (!stores.empty()) metadata.emplace_back("esnaf-stores", stores);
    return server.channel()->Call<Response>("/esnaf.attribution.v1." + service + "/" + method, request,
                                            {.metadata = metadata});
  }

  absl::StatusOr<v1::BatchIngestTouchpointsResponse> Ingest(const std::vector<v1::Touchpoint>& touches,
                                                            const std::string& kind = "storefront",
                                                            const std::string& stores = "") {
    v1::BatchIngestTouchpointsRequest request;
    for (const v1::Touchpoint& touch : touches) *request.add_touchpoints() = touch;
    return Call<v1::BatchIngestTouchpointsResponse>("BatchIngestTouchpoints", request, kind, stores);
  }
  std::string Outcomes(const std::vector<v1::Touchpoint>& touches, const std::string& kind = "storefront",
                       const std::string& stores = "") {
    auto response = Ingest(touches, kind, stores);
    REQUIRE_OK(response);
    std::string text;
    for (const int outcome : response->outcomes()) text += std::to_string(outcome);
    return text;
  }
  absl::Status Identify(const std::string& visitor, contacts::v1::IdentityKind kind, const std::string& value,
                        const std::string& caller = "storefront", bool consent = true) {
    v1::IdentifyVisitorRequest request;
    request.set_visitor_id(visitor);
    request.mutable_identity()->set_kind(kind);
    request.mutable_identity()->set_value(value);
    if (kind == contacts::v1::IDENTITY_KIND_STORE_CUSTOMER) request.mutable_identity()->set_store_id("istanbul");
    if (consent) request.mutable_consent()->set_analytics_storage(v1::CONSENT_WORD_GRANTED);
    return Call<v1::IdentifyVisitorResponse>("IdentifyVisitor", request, caller).status();
  }
  // The channels of a person's touches.
  std::string Channels(std::string_view person) {
    v1::ListContactTouchpointsRequest request;
    request.set_contact_id(Contact(person).ToString());
    auto response = Call<v1::ListContactTouchpointsResponse>("ListContactTouchpoints", request);
    REQUIRE_OK(response);
    std::string text;
    for (const v1::Touchpoint& touch : response->touchpoints()) text += touch.event_id() + "=" + touch.channel() + " ";
    return text;
  }

  TestAttribution attribution;
  ChannelKeeper keeper;
  ManualClock clock{Time()};
  TouchpointService touches{keeper};
  ChannelService channels;
  testing::TestServer server{
      attribution.schema, {touches.Rpcs(), channels.Rpcs()}, {.name = "attribution", .clock = &clock}};
};

v1::Touchpoint Visit(const std::string& event_id, const std::string& visitor_id, const std::string& landing_page,
                     const std::string& referrer = "") {
  v1::Touchpoint touch;
  touch.set_store_id("istanbul");
  touch.set_event_id(event_id);
  touch.set_visitor_id(visitor_id);
  touch.set_landing_page(landing_page);
  touch.set_referrer(referrer);
  touch.set_user_agent(kAgent);
  *touch.mutable_occur_time() = api::ToProto(At("2026-06-01T11:00:00Z"));
  touch.mutable_consent()->set_ad_storage(v1::CONSENT_WORD_GRANTED);
  touch.mutable_consent()->set_analytics_storage(v1::CONSENT_WORD_GRANTED);
  return touch;
}

constexpr char kSearchAd[] = "https://shop.example/?utm_source=google&utm_medium=cpc&gclid=Cj0K";

TEST_CASE("a browser's touches become the path of whoever is identified, and nobody is created") {
  Service service;
  CHECK(service.Outcomes(
            {Visit("e1", "v1", kSearchAd), Visit("e2", "v1", "https://shop.example/a", "https://shop.example/"),
             Visit("e3", "v1", "https://shop.example/a", "https://www.instagram.com/")},
            kBrowser) == "111");
  CHECK(service.Outcomes({Visit("e1", "v1", kSearchAd), Visit("e4", "v1", kSearchAd), Visit("e4", "v1", kSearchAd)},
                         kBrowser) == "212");
  REQUIRE_OK(service.Identify("v1", contacts::v1::IDENTITY_KIND_EMAIL, " Ayse@Example.com ", kBrowser));
  CHECK(service.Channels("ayse").empty());
  CHECK(service.attribution.schema.Sql("SELECT count(*) FROM contact_identity")[0].Get<int>(0) == 0);
  service.attribution.Person("ayse", {{.kind = identity::Kind::kEmail, .value = "Ayse@example.com"}});
  service.attribution.Person("fatma", {{.kind = identity::Kind::kEmail, .value = "ayse@example.com"}});
  CHECK(service.Channels("fatma") == "e1=Paid Search e3=Organic Social e4=Paid Search ");
  // What a back end proves stands above what a browser claims.
  REQUIRE_OK(service.Identify("v1", contacts::v1::IDENTITY_KIND_STORE_CUSTOMER, "42"));
  CHECK(service.Channels("fatma").empty());
  service.attribution.Person(
      "zeynep", {{.kind = identity::Kind::kStoreCustomer, .store_id = "istanbul", .value = "42", .verified = true}});
  CHECK(service.Channels("zeynep") == "e1=Paid Search e3=Organic Social e4=Paid Search ");
}

TEST_CASE("identities are checked, and a browser needs consent and may not name contacts") {
  Service service;
  CHECK_STATUS_IS(service.Identify("", contacts::v1::IDENTITY_KIND_EMAIL, "a@b.co"), absl::StatusCode::kInvalidArgument,
                  "visitor_id");
  CHECK_STATUS_IS(service.Identify("v", contacts::v1::IDENTITY_KIND_EMAIL, "a"), absl::StatusCode::kInvalidArgument,
                  "identity.value");
  CHECK_STATUS_IS(service.Identify("v", contacts::v1::IDENTITY_KIND_VISITOR, "a"), absl::StatusCode::kInvalidArgument,
                  "identity.kind");
  const absl::Status refused = service.Identify("v", contacts::v1::IDENTITY_KIND_EMAIL, "a@b.co", kBrowser, false);
  CHECK(ErrorReason(refused) == "NO_CONSENT");
  v1::IdentifyVisitorRequest request;
  request.set_visitor_id("v");
  request.set_contact_id(Contact("ayse").ToString());
  CHECK_STATUS_IS(service.Call<v1::IdentifyVisitorResponse>("IdentifyVisitor", request, kBrowser).status(),
                  absl::StatusCode::kInvalidArgument, "contact_id");
  REQUIRE_OK(service.Call<v1::IdentifyVisitorResponse>("IdentifyVisitor", request));
  REQUIRE_OK(service.Ingest({Visit("e1", "v", kSearchAd)}));
  CHECK(service.Channels("ayse") == "e1=Paid Search ");
}

TEST_CASE("each touch of a batch stands for itself") {
  Service service;
  v1::Touchpoint nameless = Visit("e2", "v1", kSearchAd);
  nameless.set_event_id("");
  v1::Touchpoint other_store = Visit("e3", "v1", kSearchAd);
  other_store.set_store_id("ankara");
  auto response = service.Ingest({Visit("e1", "v1", kSearchAd), nameless, other_store}, "storefront", "istanbul");
  REQUIRE_OK(response);
  REQUIRE(response->outcomes_size() == 3);
  CHECK(response->outcomes(0) == v1::TOUCH_OUTCOME_CREATED);
  CHECK(response->outcomes(1) == v1::TOUCH_OUTCOME_UNSPECIFIED);
  REQUIRE(response->errors_size() == 2);
  CHECK(response->errors(0).index() == 1);
  CHECK(response->errors(0).error().message().find("touchpoints[1].event_id") != std::string::npos);
  CHECK(response->errors(1).error().message().find("touchpoints[2].store_id") != std::string::npos);
  CHECK_STATUS_IS(service.Ingest({}).status(), absl::StatusCode::kInvalidArgument, "touchpoints");
}

TEST_CASE("bots and visits without consent are counted and lead to nobody; the bound of a visitor's day holds") {
  Service service;
  v1::Touchpoint bot = Visit("bot", "v1", kSearchAd);
  bot.set_user_agent("Googlebot/2.1");
  v1::Touchpoint silent = Visit("silent", "v1", kSearchAd);
  silent.clear_consent();
  CHECK(service.Outcomes({bot, silent, Visit("e1", "v1", kSearchAd)}, kBrowser) == "111");
  std::vector<v1::Touchpoint> many;
  for (int i = 0; i < 1000; ++i) many.push_back(Visit("m" + std::to_string(i), "v2", "https://shop.example/"));
  CHECK(service.Outcomes(many) == std::string(1000, '1'));
  v1::Touchpoint next_day = Visit("x3", "v2", "https://shop.example/");
  *next_day.mutable_occur_time() = api::ToProto(At("2026-05-31T11:00:00Z"));
  CHECK(service.Outcomes({Visit("x1", "v2", kSearchAd), next_day, Visit("x2", "v3", kSearchAd)}) == "311");
  v1::CountTouchpointsRequest request;
  *request.mutable_from_time() = api::ToProto(At("2026-06-01T00:00:00Z"));
  auto counts = service.Call<v1::CountTouchpointsResponse>("CountTouchpoints", request);
  REQUIRE_OK(counts);
  REQUIRE(counts->counts_size() == 2);
  CHECK(counts->counts(0).channel() == "Direct");
  CHECK(counts->counts(0).count() == 1000);
  CHECK(counts->counts(1).channel() == "Paid Search");
  CHECK(counts->counts(1).count() == 4);
  CHECK(counts->counts(1).bot_count() == 1);
  CHECK(counts->counts(1).anonymous_count() == 1);
  CHECK(counts->dropped_count() == 1);
  v1::ListTouchpointsRequest list;
  list.set_filter("channel = \"Paid Search\" AND bot = false");
  list.set_page_size(2);
  auto page = service.Call<v1::ListTouchpointsResponse>("ListTouchpoints", list);
  REQUIRE_OK(page);
  CHECK(page->touchpoints_size() == 2);
  list.set_page_token(page->next_page_token());
  page = service.Call<v1::ListTouchpointsResponse>("ListTouchpoints", list);
  REQUIRE_OK(page);
  CHECK(page->touchpoints_size() == 1);
  CHECK(page->next_page_token().empty());
}

TEST_CASE("a beacon brings touches and who the visitor is; what is good of it stays") {
  Service service;
  v1::BeaconTouchpointsRequest request;
  *request.add_touchpoints() = Visit("e1", "v1", kSearchAd);
  request.mutable_touchpoints(0)->clear_user_agent();
  request.add_touchpoints()->set_store_id("istanbul");
  v1::IdentifyVisitorRequest& identify = *request.add_identities();
  identify.set_visitor_id("v1");
  identify.mutable_identity()->set_kind(contacts::v1::IDENTITY_KIND_EMAIL);
  identify.mutable_identity()->set_value("a@b.co");
  identify.mutable_consent()->set_analytics_storage(v1::CONSENT_WORD_GRANTED);
  request.set_user_agent(kAgent);
  CHECK_STATUS_IS(service.Call<v1::BeaconTouchpointsResponse>("BeaconTouchpoints", request, kBrowser).status(),
                  absl::StatusCode::kInvalidArgument, "touchpoints[1].event_id");
  service.attribution.Person("ayse", {{.kind = identity::Kind::kEmail, .value = "a@b.co"}});
  CHECK(service.Channels("ayse") == "e1=Paid Search ");
  request.mutable_touchpoints()->RemoveLast();
  REQUIRE_OK(service.Call<v1::BeaconTouchpointsResponse>("BeaconTouchpoints", request, kBrowser));
  CHECK(service.Channels("ayse") == "e1=Paid Search ");
  v1::PixelTouchpointRequest pixel;
  *pixel.mutable_touchpoint() = Visit("", "v1", kSearchAd);
  pixel.mutable_touchpoint()->clear_user_agent();
  pixel.set_user_agent("Googlebot/2.1");
  REQUIRE_OK(service.Call<v1::PixelTouchpointResponse>("PixelTouchpoint", pixel, kBrowser));
  CHECK(service.Channels("ayse") == "e1=Paid Search ");
  pixel.set_user_agent(kAgent);
  REQUIRE_OK(service.Call<v1::PixelTouchpointResponse>("PixelTouchpoint", pixel, kBrowser));
  REQUIRE_OK(service.Call<v1::PixelTouchpointResponse>("PixelTouchpoint", pixel, kBrowser));
  CHECK(service.attribution.schema.Sql("SELECT count(*) FROM touchpoint WHERE NOT bot")[0].Get<int>(0) == 3);
}

TEST_CASE("times follow our clock") {
  Service service;
  v1::IngestTouchpointRequest request;
  *request.mutable_touchpoint() = Visit("e1", "v1", kSearchAd);
  *request.mutable_touchpoint()->mutable_occur_time() = api::ToProto(At("2026-06-01T14:59:00Z"));
  *request.mutable_send_time() = api::ToProto(At("2026-06-01T15:00:00Z"));
  auto response = service.Call<v1::IngestTouchpointResponse>("IngestTouchpoint", request, kBrowser);
  REQUIRE_OK(response);
  CHECK(response->outcome() == v1::TOUCH_OUTCOME_CREATED);
  CHECK(FormatRfc3339(api::FromProto(response->touchpoint().occur_time(), "t").value()) == "2026-06-01T11:59:00Z");
}

TEST_CASE("another channel alone changes paths too, since models share by channels") {
  Service service;
  REQUIRE_OK(service.Ingest(
      {Visit("e1", "v1", "https://shop.example/?utm_source=komsu&utm_medium=ilan"), Visit("e2", "v2", kSearchAd)}));
  service.attribution.Link(
      {{.visitor_id = "v1", .link_time = At("2026-06-01T11:30:00Z"), .contact_id = Contact("ayse")},
       {.visitor_id = "v2", .link_time = At("2026-06-01T11:30:00Z"), .contact_id = Contact("ali")}});
  service.attribution.Changed();
  auto rules = service.Call<v1::ChannelRules>("GetChannelRules", v1::GetChannelRulesRequest());
  REQUIRE_OK(rules);
  v1::UpdateChannelRulesRequest update;
  *update.mutable_channel_rules()->mutable_rules() = rules->rules();
  v1::ChannelRule& rule = *update.mutable_channel_rules()->add_rules();
  rule.set_channel("Komşular");
  v1::ChannelTest& test = *rule.add_all_of()->add_any_of();
  test.set_field(v1::CHANNEL_FIELD_SOURCE);
  test.set_operator_(v1::CHANNEL_OPERATOR_EQUALS);
  test.set_value("komsu");
  REQUIRE_OK(service.Call<v1::ChannelRules>("UpdateChannelRules", update, "staff"));
  REQUIRE_OK(service.keeper.Refresh(service.attribution.connection()));
  REQUIRE_OK(service.keeper.Regroup(service.attribution.connection(), service.attribution.now));
  CHECK(service.Channels("ayse") == "e1=Komşular ");
  CHECK(service.attribution.Changed() == std::vector<Uuid>{Contact("ayse")});
}

TEST_CASE("a change of the channel rules is a version, and the past follows it") {
  Service service;
  REQUIRE_OK(service.Ingest({Visit("e1", "v1", "https://shop.example/?utm_source=komsu&utm_medium=ilan"),
                             Visit("e2", "v1", "https://shop.example/", "https://odeme.dukkan.example/")}));
  REQUIRE_OK(service.Identify("v1", contacts::v1::IDENTITY_KIND_EMAIL, "a@b.co"));
  service.attribution.Person("ayse", {{.kind = identity::Kind::kEmail, .value = "a@b.co"}});
  service.attribution.Changed();
  CHECK(service.Channels("ayse") == "e1=Unassigned e2=Referral ");
  auto rules = service.Call<v1::ChannelRules>("GetChannelRules", v1::GetChannelRulesRequest());
  REQUIRE_OK(rules);
  CHECK(rules->version() == 1);
  v1::UpdateChannelRulesRequest update;
  *update.mutable_channel_rules()->mutable_rules() = rules->rules();
  v1::ChannelRule& rule = *update.mutable_channel_rules()->add_rules();
  rule.set_channel("Komşular");
  v1::ChannelTest& test = *rule.add_all_of()->add_any_of();
  test.set_field(v1::CHANNEL_FIELD_SOURCE);
  test.set_operator_(v1::CHANNEL_OPERATOR_EQUALS);
  test.set_value("KOMSU");
  update.mutable_channel_rules()->add_own_hosts("dukkan.example");
  update.mutable_channel_rules()->set_etag(rules->etag());
  CHECK_STATUS_IS(service.Call<v1::ChannelRules>("UpdateChannelRules", update, "staff", "istanbul").status(),
                  absl::StatusCode::kPermissionDenied, "every store");
  auto updated = service.Call<v1::ChannelRules>("UpdateChannelRules", update, "staff");
  REQUIRE_OK(updated);
  CHECK(updated->version() == 2);
  CHECK(updated->actor() == "key:a");
  CHECK(updated->payment_hosts_size() == rules->payment_hosts_size());
  CHECK_STATUS_IS(service.Call<v1::ChannelRules>("UpdateChannelRules", update, "staff").status(),
                  absl::StatusCode::kAborted, "");
  REQUIRE_OK(service.keeper.Refresh(service.attribution.connection()));
  REQUIRE_OK(service.keeper.Regroup(service.attribution.connection(), service.attribution.now));
  // The payment page is an own one now, so its visit is none.
  CHECK(service.Channels("ayse") == "e1=Komşular ");
  CHECK(service.attribution.Changed() == std::vector<Uuid>{Contact("ayse")});
  v1::ClassifyVisitRequest classify;
  classify.set_landing_page("https://shop.example/?utm_source=komsu&utm_medium=ilan");
  auto now = service.Call<v1::ClassifyVisitResponse>("ClassifyVisit", classify);
  REQUIRE_OK(now);
  CHECK(now->channel() == "Komşular");
  CHECK(now->rule_index() == 18);
  classify.set_version(1);
  auto before = service.Call<v1::ClassifyVisitResponse>("ClassifyVisit", classify);
  REQUIRE_OK(before);
  CHECK(before->channel() == "Unassigned");
  v1::GetChannelRulesRequest unknown;
  unknown.set_version(9);
  CHECK_STATUS_IS(service.Call<v1::ChannelRules>("GetChannelRules", unknown).status(), absl::StatusCode::kNotFound, "");
}

}  // namespace
}  // namespace esnaf::attribution

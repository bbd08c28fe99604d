// Exports over a real connection, with touches and conversions as the service keeps them.
#include "services/attribution/exports/export_service.h"

#include <functional>
#include <mutex>

#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/testing/service.h"
#include "services/attribution/touches/test_touches.h"

namespace esnaf::attribution {
namespace {

using absl::StatusCode;

// Keeps what it is given, and answers what the test says.
struct FakeSender final : ConversionSender {
  absl::StatusOr<SendAnswer> Send(const ExportFile& file) override {
    {
      const std::lock_guard lock(mutex);
      files.push_back(file);
    }
    if (meanwhile) meanwhile();
    return answer;
  }
  std::mutex mutex;
  std::function<void()> meanwhile;  // what happens while a file is on its way
  absl::StatusOr<SendAnswer> answer = SendAnswer{200, "ok"};
  std::vector<ExportFile> files;
};

class ExportTest {
 public:
  ExportTest() {
    auto sender = std::make_unique<FakeSender>();
    sender_ = sender.get();
    service_.emplace([this](const std::vector<std::string>& ids, const std::string& purpose,
                            Time) { return PeopleFor(ids, purpose); },
                     ExportSenders{.https = std::move(sender)});
    server_.emplace(attribution.schema, std::vector<runtime::RpcService>{service_->Rpcs()},
                    testing::TestServerOptions{.name = "attribution", .clock = &clock});
  }

  FakeSender& sender() { return *sender_; }

  // An order of that person two hours ago, by a click an hour before it.
  void Order(const std::string& number, const std::string& who, std::int64_t net_minor,
             ConsentWord consent = ConsentWord::kGranted, const std::string& touch_store = "istanbul") {
    attribution.schema.Sql(
        "INSERT INTO conversion (order_id, contact_id, store_id, order_external_id, currency_code, place_time, "
        "is_return, "
        "cancelled, revenue_minor, refunded_minor, net_minor, cost_minor, order_version) "
        "VALUES ($1, $2, 'istanbul', $3, 'TRY', $4, false, false, $5, 0, $5, 0, 1)",
        {Uuid::FromName("order", number), Contact(who), number, clock.Now() - std::chrono::hours(2), net_minor});
    Touchpoint touch = TouchOf("click-" + number, "", FormatRfc3339(clock.Now() - std::chrono::hours(3)));
    touch.store_id = touch_store;
    touch.id = TouchpointId(touch.store_id, touch.event_id);
    touch.contact_id = Contact(who);
    touch.click_ids = {.gclid = "G" + number, .fbclid = "F" + number};
    touch.consent.ad_user_data = consent;
    attribution.Insert({touch});
  }
  // A page view within the site, which is on no path, half an hour after the order's click or later.
  void Say(const std::string& visitor, std::optional<Uuid> contact, ConsentWord word, std::chrono::minutes ago,
           const std::string& store = "istanbul") {
    Touchpoint touch =
        TouchOf("said-" + std::to_string(said_++), visitor, FormatRfc3339(clock.Now() - ago), "shop", "referral");
    touch.store_id = store;
    touch.id = TouchpointId(touch.store_id, touch.event_id);
    touch.traffic.derived.internal = true;
    touch.contact_id = contact;
    touch.consent.ad_user_data = word;
    attribution.Insert({touch});
  }
  void Worth(const std::string& number, std::int64_t net_minor) {
    attribution.schema.Sql("UPDATE conversion SET net_minor = $2 WHERE order_external_id = $1", {number, net_minor});
  }

  v1::CreateConversionExportRequest RequestFor(v1::ExportDestination destination) {
    v1::CreateConversionExportRequest request;
    request.set_store_id("istanbul");
    request.set_destination(destination);
    request.set_consent_purpose("marketing");
    return request;
  }
  absl::StatusOr<v1::ConversionExport> Create(const v1::CreateConversionExportRequest& request,
                                              const runtime::ClientCallOptions& options = {}) {
    return Call<v1::ConversionExport>("CreateConversionExport", request, options);
  }
  v1::ConversionExport MustCreate(const v1::CreateConversionExportRequest& request) {
    auto made = Create(request);
    REQUIRE_OK(made);
    return *std::move(made);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const runtime::ClientCallOptions& options = {}) {
    return server_->channel()->Call<Response>("/esnaf.attribution.v1.ConversionExportService/" + method, request,
                                              options);
  }

  TestAttribution attribution;
  ManualClock clock{At("2026-10-01T09:00:00Z")};
  std::map<std::string, audience::AudiencePerson> people;
  std::function<void()> people_asked;  // what happens when contacts is asked

 private:
  int said_ = 0;
  absl::StatusOr<std::vector<audience::AudiencePerson>> PeopleFor(const std::vector<std::string>& ids,
                                                                  const std::string& purpose) {
    CHECK(purpose == "marketing");
    if (people_asked) people_asked();
    std::vector<audience::AudiencePerson> found;
    for (const std::string& id : ids) {
      if (people.contains(id)) found.push_back(people[id]);
    }
    return found;
  }

  FakeSender* sender_ = nullptr;
  std::optional<ConversionExportService> service_;
  std::optional<testing::TestServer> server_;
};

constexpr char kClickHead[] =
    "Parameters:TimeZone=Europe/Istanbul\n"
    "Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency,Ad User Data,Ad "
    "Personalization\n";

}  // namespace

TEST_CASE("each conversion is told once, and who did not consent is counted") {
  ExportTest test;
  test.Order("1", "ayse", 186000);
  test.Order("2", "mehmet", 5000, ConsentWord::kDenied);
  test.Order("3", "zeynep", 5000, ConsentWord::kNotTold);
  const auto request = test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS);
  v1::CreateConversionExportRequest trial = request;
  trial.set_validate_only(true);
  const v1::ConversionExport tried = test.MustCreate(trial);
  CHECK(tried.id().empty());
  CHECK(tried.conversion_count() == 1);
  REQUIRE(tried.files_size() == 1);
  CHECK(tried.files(0).content().empty());

  const v1::ConversionExport made = test.MustCreate(request);
  CHECK(made.state() == v1::EXPORT_STATE_DELIVERED);
  CHECK(made.conversion_count() == 1);
  REQUIRE(made.files_size() == 1);
  CHECK(made.files(0).content() == std::string(kClickHead) + "G1,Purchase,2026-10-01 10:00:00,1860.00,TRY,Granted,\n");
  REQUIRE(made.omissions_size() == 2);
  CHECK(made.omissions(0).reason() == "NO_CONSENT");
  CHECK(made.omissions(1).reason() == "CONSENT_REFUSED");

  const v1::ConversionExport again = test.MustCreate(request);
  CHECK(again.conversion_count() == 0);
  CHECK(again.files().empty());
  // Another platform was told of nothing yet.
  CHECK(test.MustCreate(test.RequestFor(v1::EXPORT_DESTINATION_META)).conversion_count() == 1);
}

TEST_CASE("a refund restates what was told, a whole one retracts it, for good") {
  ExportTest test;
  test.Order("1", "ayse", 186000);
  const auto request = test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS);
  test.MustCreate(request);
  test.clock.Advance(std::chrono::days(7));
  test.Worth("1", 100000);
  const std::string head =
      "Parameters:TimeZone=Europe/Istanbul\nGoogle Click ID,Conversion Name,Conversion Time,Adjustment Time,Adjustment "
      "Type,Adjusted Value,Adjusted Value Currency\n";
  v1::ConversionExport made = test.MustCreate(request);
  CHECK(made.conversion_count() == 0);
  CHECK(made.adjustment_count() == 1);
  REQUIRE(made.files_size() == 1);
  CHECK(made.files(0).content() == head + "G1,Purchase,2026-10-01 10:00:00,2026-10-08 12:00:00,RESTATE,1000.00,TRY\n");
  CHECK(test.MustCreate(request).adjustment_count() == 0);
  test.Worth("1", 0);
  made = test.MustCreate(request);
  REQUIRE(made.files_size() == 1);
  CHECK(made.files(0).content() == head + "G1,Purchase,2026-10-01 10:00:00,2026-10-08 12:00:00,RETRACT,,\n");
  test.Worth("1", 5000);
  CHECK(test.MustCreate(request).files().empty());
}

TEST_CASE("an adjustment names a conversion as Google was told of it, whatever is said of it now") {
  ExportTest test;
  test.Order("1", "ayse", 186000);
  auto request = test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS);
  request.set_conversion_name("Sale");
  test.MustCreate(request);
  test.Worth("1", 100000);
  test.attribution.schema.Sql("UPDATE conversion SET place_time = place_time - interval '1 hour'");
  request.set_conversion_name("Order");
  const v1::ConversionExport made = test.MustCreate(request);
  REQUIRE(made.files_size() == 1);
  CHECK(made.files(0).content().ends_with("\nG1,Sale,2026-10-01 10:00:00,2026-10-01 12:00:00,RESTATE,1000.00,TRY\n"));
}

TEST_CASE("what may not be told does not keep what comes after it from being told") {
  ExportTest test;
  // More than an export takes, all of one moment, of nobody known.
  test.attribution.schema.Sql(
      "INSERT INTO conversion (order_id, store_id, order_external_id, currency_code, place_time, is_return, cancelled, "
      "revenue_minor, refunded_minor, net_minor, cost_minor, order_version) "
      "SELECT gen_random_uuid(), 'istanbul', 'n' || i, 'TRY', $1::timestamptz, false, false, 100, 0, 100, 0, 1 "
      "FROM generate_series(1, 5500) AS i",
      {test.clock.Now() - std::chrono::hours(1)});
  test.Order("1", "ayse", 186000);
  const v1::ConversionExport made = test.MustCreate(test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS));
  CHECK(made.conversion_count() == 1);
  CHECK_FALSE(made.has_more());
  REQUIRE(made.omissions_size() == 1);
  CHECK(made.omissions(0).reason() == "NO_CLICK_ID");
  CHECK(made.omissions(0).count() == 5500);
}

TEST_CASE("where there is more than time allows the newest are told, and that there is more") {
  ExportTest test;
  test.clock.Set(SystemClock().Now());
  test.attribution.schema.Sql(
      "INSERT INTO conversion (order_id, store_id, order_external_id, currency_code, place_time, is_return, cancelled, "
      "revenue_minor, refunded_minor, net_minor, cost_minor, order_version) "
      "SELECT gen_random_uuid(), 'istanbul', 'n' || i, 'TRY', $1::timestamptz, false, false, 100, 0, 100, 0, 1 "
      "FROM generate_series(1, 1500) AS i",
      {test.clock.Now() - std::chrono::hours(4)});
  test.Order("1", "ayse", 186000);
  test.people_asked = [&] { test.clock.Advance(std::chrono::hours(1)); };
  const v1::ConversionExport made = test.MustCreate(test.RequestFor(v1::EXPORT_DESTINATION_META));
  CHECK(made.conversion_count() == 1);
  CHECK(made.has_more());
  REQUIRE(made.omissions_size() == 1);
  CHECK(made.omissions(0).count() == 999);
}

TEST_CASE("a denial after the click withdraws consent until the same browser grants it again") {
  ExportTest test;
  const auto count = [&] {
    auto trial = test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS);
    trial.set_validate_only(true);
    return test.MustCreate(trial).conversion_count();
  };
  using std::chrono::minutes;
  test.Order("1", "ayse", 186000);
  test.attribution.Link(
      {{.visitor_id = "phone", .link_time = test.clock.Now(), .contact_id = Contact("ayse"), .proven = true}});
  test.Say("phone", std::nullopt, ConsentWord::kDenied, minutes(200));  // before the click
  CHECK(count() == 1);
  test.Say("phone", std::nullopt, ConsentWord::kDenied, minutes(170), "ankara");  // another store's
  test.Say("stranger", std::nullopt, ConsentWord::kDenied, minutes(170));
  CHECK(count() == 1);
  test.Say("phone", std::nullopt, ConsentWord::kDenied, minutes(60));  // after the order
  CHECK(count() == 0);
  test.Say("", Contact("ayse"), ConsentWord::kGranted, minutes(50));  // another browser takes nothing back
  test.Say("phone", std::nullopt, ConsentWord::kNotTold, minutes(50));
  CHECK(count() == 0);
  test.Say("phone", std::nullopt, ConsentWord::kGranted, minutes(40));
  CHECK(count() == 1);
  test.attribution.Alias("ayse-old", "ayse", 1);
  test.Say("", Contact("ayse-old"), ConsentWord::kDenied, minutes(30));
  CHECK(count() == 0);
}

TEST_CASE("clicks of another store tell nothing of an order") {
  ExportTest test;
  test.Order("1", "ayse", 186000, ConsentWord::kGranted, "ankara");
  const v1::ConversionExport made = test.MustCreate(test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS));
  CHECK(made.conversion_count() == 0);
  REQUIRE(made.omissions_size() == 1);
  CHECK(made.omissions(0).reason() == "NO_CLICK_ID");
}

TEST_CASE("leads are told of by what the person's consents cover, merges followed") {
  ExportTest test;
  test.Order("1", "ayse", 1000);
  test.Order("2", "mehmet", 2000);
  test.attribution.Alias("ayse", "ayse-whole", 1);
  test.people[Contact("ayse-whole").ToString()] = {.contact_id = Contact("ayse-whole").ToString(),
                                                   .emails = {"ayse@gmail.com"},
                                                   .consents = {{.by = audience::ConsentBy::kEmail, .allowed = true}}};
  test.people[Contact("mehmet").ToString()] = {.contact_id = Contact("mehmet").ToString(),
                                               .emails = {"mehmet@example.com"}};
  const v1::ConversionExport made = test.MustCreate(test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_LEADS));
  REQUIRE(made.files_size() == 1);
  const std::string& content = made.files(0).content();
  CHECK(content.ends_with("\n" + Sha256Hex("ayse@gmail.com") +
                          ",,Purchase,2026-10-01 10:00:00,10.00,TRY,Granted,,1,G1\n"));
  REQUIRE(made.omissions_size() == 1);
  CHECK(made.omissions(0).reason() == "NO_IDENTIFIER");
}

TEST_CASE("a body that is not taken stays pending and is sent again, once it is taken no more") {
  ExportTest test;
  test.Order("1", "ayse", 186000);
  auto request = test.RequestFor(v1::EXPORT_DESTINATION_META);
  request.set_delivery(v1::EXPORT_DELIVERY_HTTPS);
  test.sender().answer = SendAnswer{400, "{\"error\":1}"};
  const v1::ConversionExport refused = test.MustCreate(request);
  CHECK(refused.state() == v1::EXPORT_STATE_PENDING);
  REQUIRE(refused.files_size() == 1);
  CHECK(refused.files(0).answer_status() == 400);
  CHECK(refused.files(0).answer() == "{\"error\":1}");
  CHECK(refused.files(0).has_send_time());

  v1::SendConversionExportRequest send;
  send.set_id(refused.id());
  test.sender().answer = absl::UnavailableError("Couldn't connect to server");
  auto sent = test.Call<v1::ConversionExport>("SendConversionExport", send);
  REQUIRE_OK(sent);
  CHECK(sent->state() == v1::EXPORT_STATE_PENDING);
  CHECK(sent->files(0).answer_status() == 0);
  test.sender().answer = SendAnswer{200, "{\"events_received\":1}"};
  sent = test.Call<v1::ConversionExport>("SendConversionExport", send);
  REQUIRE_OK(sent);
  CHECK(sent->state() == v1::EXPORT_STATE_DELIVERED);
  REQUIRE_OK(test.Call<v1::ConversionExport>("SendConversionExport", send));
  REQUIRE(test.sender().files.size() == 3);
  CHECK(test.sender().files[2].body == test.sender().files[0].body);
  CHECK(test.sender().files[0].body.find("\"fbc\":\"fb.1.") != std::string::npos);

  v1::ListConversionExportsRequest list;
  list.set_store_id("istanbul");
  const auto exports = test.Call<v1::ListConversionExportsResponse>("ListConversionExports", list);
  REQUIRE_OK(exports);
  REQUIRE(exports->exports_size() == 1);
  CHECK(exports->exports(0).state() == v1::EXPORT_STATE_DELIVERED);
  CHECK(exports->exports(0).conversion_count() == 1);
}

TEST_CASE("a file that one call is sending no other sends, unless it was given up") {
  ExportTest test;
  test.Order("1", "ayse", 186000);
  auto request = test.RequestFor(v1::EXPORT_DESTINATION_META);
  request.set_delivery(v1::EXPORT_DELIVERY_HTTPS);
  test.sender().answer = SendAnswer{500, ""};
  v1::SendConversionExportRequest send;
  send.set_id(test.MustCreate(request).id());
  test.sender().answer = SendAnswer{200, "ok"};
  std::optional<v1::ConversionExport> other;
  test.sender().meanwhile = [&] {
    auto answer = test.Call<v1::ConversionExport>("SendConversionExport", send);
    if (answer.ok()) other = *answer;
  };
  const auto sent = test.Call<v1::ConversionExport>("SendConversionExport", send);
  REQUIRE_OK(sent);
  CHECK(sent->state() == v1::EXPORT_STATE_DELIVERED);
  REQUIRE(other);
  CHECK(other->state() == v1::EXPORT_STATE_PENDING);
  CHECK(test.sender().files.size() == 2);

  test.sender().meanwhile = nullptr;
  test.attribution.schema.Sql("UPDATE conversion_export_file SET delivered = false, claim_time = $1",
                              {test.clock.Now()});
  REQUIRE_OK(test.Call<v1::ConversionExport>("SendConversionExport", send));
  CHECK(test.sender().files.size() == 2);
  test.clock.Advance(kClaim);
  REQUIRE_OK(test.Call<v1::ConversionExport>("SendConversionExport", send));
  CHECK(test.sender().files.size() == 3);
}

TEST_CASE("the same request id tells nothing twice") {
  ExportTest test;
  test.Order("1", "ayse", 186000);
  auto request = test.RequestFor(v1::EXPORT_DESTINATION_META);
  request.set_delivery(v1::EXPORT_DELIVERY_HTTPS);
  request.set_request_id("export-1");
  const v1::ConversionExport first = test.MustCreate(request);
  const v1::ConversionExport second = test.MustCreate(request);
  CHECK(first.id() == second.id());
  CHECK(second.files(0).content() == first.files(0).content());
  CHECK(test.sender().files.size() == 1);
}

TEST_CASE("an export that cannot be is refused with the field or the reason") {
  ExportTest test;
  auto request = test.RequestFor(v1::EXPORT_DESTINATION_UNSPECIFIED);
  CHECK_STATUS_IS(test.Create(request), StatusCode::kInvalidArgument, "destination");
  request = test.RequestFor(v1::EXPORT_DESTINATION_META);
  request.clear_consent_purpose();
  CHECK_STATUS_IS(test.Create(request), StatusCode::kInvalidArgument, "consent_purpose");
  request = test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS);
  request.set_time_zone("Mars/Olympus");
  CHECK_STATUS_IS(test.Create(request), StatusCode::kInvalidArgument, "time_zone");
  request.clear_time_zone();
  request.set_delivery(v1::EXPORT_DELIVERY_HTTPS);
  CHECK_STATUS_IS(test.Create(request), StatusCode::kInvalidArgument, "delivery");
  request.set_delivery(v1::EXPORT_DELIVERY_FOLDER);
  const absl::Status missing = test.Create(request).status();
  CHECK_STATUS_IS(missing, StatusCode::kFailedPrecondition, "conversion-export-folder");
  CHECK(ErrorReason(missing) == "DELIVERY_NOT_SET_UP");
  const runtime::ClientCallOptions other{
      .metadata = {{"esnaf-actor", "key:1"}, {"esnaf-caller-kind", "staff"}, {"esnaf-stores", "ankara"}}};
  CHECK_STATUS_IS(test.Create(test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS), other),
                  StatusCode::kPermissionDenied, "other stores");
  const v1::ConversionExport made = test.MustCreate(test.RequestFor(v1::EXPORT_DESTINATION_GOOGLE_CLICKS));
  v1::GetConversionExportRequest get;
  get.set_id(made.id());
  CHECK_OK(test.Call<v1::ConversionExport>("GetConversionExport", get));
  CHECK_STATUS_IS(test.Call<v1::ConversionExport>("GetConversionExport", get, other), StatusCode::kNotFound, "");
}

}  // namespace esnaf::attribution

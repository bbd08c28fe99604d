// What platforms post, as they publish it, becomes leads and people; what is not theirs or cannot be read does not.
#include "services/contacts/leads/lead.h"

#include <nlohmann/json.hpp>

#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/testing/catch.h"
#include "services/contacts/leads/google_lead.h"
#include "services/contacts/leads/meta_lead.h"

namespace esnaf::contacts {
namespace {

using absl::StatusCode;
using nlohmann::json;

// Google's own example, with a lead's ids.
constexpr char kGoogle[] = R"({
  "lead_id": "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz-0123456789-AaBbCcDdEeFfGgHhIiJjKkLl",
  "user_column_data": [
    {"column_name": "Full Name", "string_value": "FirstName LastName", "column_id": "FULL_NAME"},
    {"column_name": "User Phone", "string_value": "+16505550123", "column_id": "PHONE_NUMBER"},
    {"column_name": "User Email", "string_value": "Test@Example.com", "column_id": "EMAIL"},
    {"column_name": "What is your preferred dealership?", "string_value": "Kadıköy"}],
  "api_version": "1.0", "form_id": 40000000000, "campaign_id": 12312312300, "google_key": "sesame",
  "is_test": false, "gcl_id": "Cj0KEQ", "adgroup_id": 20000000000, "creative_id": 30000000000,
  "lead_submit_time": "2026-05-01T12:30:00Z"})";

// Meta's own example of the hook, and of the lead.
constexpr char kMeta[] = R"({"object": "page", "entry": [{"id": "153125381133", "time": 1438292065, "changes": [
  {"field": "leadgen", "value": {"leadgen_id": 123123123123, "page_id": 123123123, "form_id": 12312312312,
    "adgroup_id": 12312312312, "ad_id": 12312312313, "created_time": 1440120384}},
  {"field": "feed", "value": {"item": "post"}}]}]})";
constexpr char kMetaLead[] =
    R"({"created_time": "2015-08-21T01:26:24+0000", "id": "123123123123", "ad_id": "12312312313",
  "adset_id": "777", "campaign_id": "888", "campaign_name": "Bahar", "form_id": "12312312312", "field_data": [
  {"name": "car_make", "values": ["Honda"]}, {"name": "full_name", "values": ["Joe Example"]},
  {"name": "email", "values": ["joe@example.com"]}, {"name": "special_fields", "values": []},
  {"name": "phone_number", "values": ["+905321112233"]}]})";

const hooks::Secrets kSecrets = {{kGoogleKey, Sha256Hex("sesame")},
                                 {kMetaAppSecret, "app secret"},
                                 {kMetaVerifyToken, Sha256Hex("verify me")},
                                 {kMetaAccessToken, "token"}};

hooks::Request Post(std::string body, std::string signature = {}) {
  return {
      .verb = "POST", .headers = {{"x-hub-signature-256", std::move(signature)}}, .query = {}, .body = std::move(body)};
}
hooks::Request SignedPost(const std::string& body) {
  return Post(body, "sha256=" + HexEncode(HmacSha256("app secret", body)));
}
// The field that an answer names.
std::string Place(const absl::Status& status) {
  const auto fields = ErrorFields(status);
  return fields.empty() ? "" : fields[0].first;
}

TEST_CASE("Google's lead is read whole, and its key is not kept") {
  ESNAF_REQUIRE_VALUE(const hooks::Reception reception, ReceiveGoogleLead(Post(kGoogle), kSecrets));
  REQUIRE(reception.parcels.size() == 1);
  CHECK(reception.body == "{}");
  CHECK(reception.parcels[0].external_id.starts_with("TeSter-123"));
  CHECK(reception.parcels[0].payload.find("sesame") == std::string::npos);
  ESNAF_REQUIRE_VALUE(const ToldLead told, ReadGoogleLead(reception.parcels[0].payload));
  CHECK_FALSE(told.test);
  CHECK(FormatRfc3339(told.submit_time.value()) == "2026-05-01T12:30:00Z");
  CHECK(told.lead.form_id == "40000000000");
  CHECK(told.lead.campaign_id == "12312312300");
  CHECK(told.lead.ad_group_id == "20000000000");
  CHECK(told.lead.ad_id == "30000000000");
  CHECK(told.lead.gclid == "Cj0KEQ");
  REQUIRE(told.lead.fields.size() == 4);
  CHECK(told.lead.fields[3] == LeadField{"What is your preferred dealership?", "Kadıköy"});
  const Contact person = PersonOf(told.lead);
  CHECK(person.display_name == "FirstName LastName");
  REQUIRE(person.identities.size() == 2);
  CHECK(person.identities[0] == Identity{{IdentityKind::kPhone, "", "+16505550123"}, false});
  CHECK(person.identities[1] == Identity{{IdentityKind::kEmail, "", "test@example.com"}, false});
  CHECK(person.tags == std::vector<std::string>{kLeadTag});
  CHECK(person.addresses.empty());
  CHECK(SubjectOf(told.lead) == "Google lead form 40000000000, 12312312300");
  CHECK(BodyOf(told.lead).find("EMAIL: Test@Example.com\n") != std::string::npos);
}

TEST_CASE("without Google's key, or with another, a lead is nobody's") {
  json body = json::parse(kGoogle);
  const auto refused = [&] { return ErrorReason(ReceiveGoogleLead(Post(body.dump()), kSecrets).status()); };
  for (const json& key : {json("sesam"), json(""), json(7), json(nullptr), json(Sha256Hex("sesame"))}) {
    CAPTURE(key.dump());
    body["google_key"] = key;
    CHECK(refused() == "HOOK_NOT_VERIFIED");
  }
  body.erase("google_key");
  CHECK(refused() == "HOOK_NOT_VERIFIED");
  CHECK(ErrorReason(ReceiveGoogleLead(Post(kGoogle), {}).status()) == "HOOK_NOT_VERIFIED");
  hooks::Request get = Post(kGoogle);
  get.verb = "GET";
  CHECK(ErrorReason(ReceiveGoogleLead(get, kSecrets).status()) == "HOOK_NOT_VERIFIED");
}

TEST_CASE("the questions of Turkish and German forms are known") {
  Lead lead;
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"adı_soyadı", "Ayşe Yılmaz"},
                                                        {"E-posta", "ayse@example.com"},
                                                        {"telefon_numarası", "0532 111 22 33"},
                                                        {"Şirket adı", "Yılmaz Ltd."},
                                                        {"vollständiger_name", "Too Late"}}) {
    AddLeadField(name, value, lead);
  }
  const Contact person = PersonOf(lead);
  CHECK(person.display_name == "Ayşe Yılmaz");
  CHECK(person.company_name == "Yılmaz Ltd.");
  REQUIRE(person.identities.size() == 2);
  CHECK(person.identities[0].key.value == "ayse@example.com");
  CHECK(person.identities[1].key.value == "+905321112233");
}

TEST_CASE("what is large or deep is not read before its sender is known") {
  const auto problem = [](const std::string& body) {
    const auto fields = ErrorFields(ReceiveGoogleLead(Post(body), kSecrets).status());
    return fields.empty() ? "" : fields[0].second;
  };
  CHECK(problem("{\"a\":\"" + std::string(70'000, 'x') + "\"}") == "has more than 64 KiB");
  CHECK(problem("{\"a\":" + std::string(60'000, '[')) == "is nested more than 32 levels deep");
  CHECK(problem("{\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"\": 1").starts_with("is no JSON from byte"));
}

TEST_CASE("what cannot be read of Google's lead is named by its place") {
  const auto place = [](const json& body) { return Place(ReceiveGoogleLead(Post(body.dump()), kSecrets).status()); };
  const json good = json::parse(kGoogle);
  const auto with = [&](const char* name, json value) {
    json body = good;
    body[name] = std::move(value);
    return body;
  };
  CHECK(place(with("lead_id", nullptr)) == "body.lead_id");
  CHECK(place(with("lead_id", json::array())) == "body.lead_id");
  CHECK(place(with("lead_id", std::string(201, 'x'))) == "body.lead_id");
  CHECK(place(with("form_id", -1)) == "body.form_id");
  CHECK(place(with("is_test", "no")) == "body.is_test");
  CHECK(place(with("user_column_data", 1)) == "body.user_column_data");
  CHECK(place(with("user_column_data", json::parse("[1]"))) == "body.user_column_data[0]");
  CHECK(place(with("user_column_data", json::parse(R"([{"column_id": 1}])"))) == "body.user_column_data[0].column_id");
  const absl::Status broken = ReceiveGoogleLead(Post(R"({"lead_id": )"), kSecrets).status();
  CHECK_STATUS_IS(broken, StatusCode::kInvalidArgument, "");
  CHECK(ErrorFields(broken)[0].second == "is no JSON from byte 13 on");
  CHECK(Place(ReceiveGoogleLead(Post("[]"), kSecrets).status()) == "body");
  CHECK(Place(ReceiveGoogleLead(Post(R"({"lead_id": 1e999})"), kSecrets).status()) == "body");
  CHECK(Place(ReceiveGoogleLead(Post("\xff"), kSecrets).status()) == "body");
}

TEST_CASE("Meta's subscription is answered by its challenge, where the token is ours") {
  hooks::Request get{.verb = "GET",
                     .query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=verify%20me"};
  ESNAF_REQUIRE_VALUE(const hooks::Reception reception, ReceiveMetaLeads(get, kSecrets));
  CHECK(reception.body == "1158201444");
  CHECK(reception.content_type == "text/plain");
  CHECK(reception.parcels.empty());
  for (const char* query : {"", "hub.mode=subscribe&hub.challenge=1", "hub.mode=subscribe&hub.verify_token=verify",
                            "hub.mode=unsubscribe&hub.verify_token=verify%20me"}) {
    CAPTURE(query);
    get.query = query;
    CHECK(ErrorReason(ReceiveMetaLeads(get, kSecrets).status()) == "HOOK_NOT_VERIFIED");
  }
}

TEST_CASE("Meta's hook gives a parcel for each lead, where the signature is of these very bytes") {
  ESNAF_REQUIRE_VALUE(const hooks::Reception reception, ReceiveMetaLeads(SignedPost(kMeta), kSecrets));
  REQUIRE(reception.parcels.size() == 1);
  CHECK(reception.parcels[0].external_id == "123123123123");
  hooks::Request changed = SignedPost(kMeta);
  changed.body[100] ^= 1;
  CHECK(ErrorReason(ReceiveMetaLeads(changed, kSecrets).status()) == "HOOK_NOT_VERIFIED");
  CHECK(ErrorReason(ReceiveMetaLeads(Post(kMeta), kSecrets).status()) == "HOOK_NOT_VERIFIED");
  CHECK(ErrorReason(ReceiveMetaLeads(Post(kMeta, "sha256="), kSecrets).status()) == "HOOK_NOT_VERIFIED");
  const hooks::Request unset = Post(kMeta, "sha256=" + HexEncode(HmacSha256("", kMeta)));
  CHECK(ErrorReason(ReceiveMetaLeads(unset, {}).status()) == "HOOK_NOT_VERIFIED");
  const auto place = [](const std::string& body) {
    return Place(ReceiveMetaLeads(SignedPost(body), kSecrets).status());
  };
  CHECK(place("{") == "body");
  CHECK(place(R"({"entry": [{"changes": [{"field": "leadgen"}]}]})") == "body.entry[0].changes[0].value");
  CHECK(place(R"({"entry": [{"changes": [{"field": "leadgen", "value": {"leadgen_id": "../me"}}]}]})") ==
        "body.entry[0].changes[0].value.leadgen_id");
  CHECK(place(R"({"entry": 1})") == "body.entry");
  CHECK(place("{}").empty());
}

TEST_CASE("Meta's lead is put together of the hook and of what the Graph API says") {
  ESNAF_REQUIRE_VALUE(const hooks::Reception reception, ReceiveMetaLeads(SignedPost(kMeta), kSecrets));
  const std::string& payload = reception.parcels[0].payload;
  ESNAF_REQUIRE_VALUE(const ToldLead told, ReadMetaLead(payload, kMetaLead));
  CHECK(FormatRfc3339(told.submit_time.value()) == "2015-08-21T01:26:24Z");
  CHECK(told.lead.platform == "meta");
  CHECK(told.lead.lead_id == "123123123123");
  CHECK(told.lead.page_id == "123123123");
  CHECK(told.lead.form_id == "12312312312");
  CHECK(told.lead.campaign_id == "888");
  CHECK(told.lead.campaign_name == "Bahar");
  CHECK(told.lead.ad_group_id == "777");
  CHECK(told.lead.ad_id == "12312312313");
  CHECK(told.lead.fields.size() == 4);
  CHECK_FALSE(told.test);
  const Contact person = PersonOf(told.lead);
  CHECK(person.display_name == "Joe Example");
  CHECK(person.identities.size() == 2);
  CHECK(SubjectOf(told.lead) == "Meta lead form 12312312312, Bahar");
  json dummy = json::parse(kMetaLead);
  dummy["field_data"][1]["values"] = {"<test lead: dummy data for full_name>"};
  ESNAF_REQUIRE_VALUE(const ToldLead test, ReadMetaLead(payload, dummy.dump()));
  CHECK(test.test);
  CHECK(Place(ReadMetaLead(payload, R"({"field_data": [{"name": "email"}]})").status()) == "lead.field_data[0].values");
  CHECK(Place(ReadMetaLead(payload, "<html>").status()) == "body");
}

TEST_CASE("answers that cannot be what they should are kept, and make no identity") {
  Lead lead{.platform = "google"};
  AddLeadField("EMAIL", "nobody at home", lead);
  AddLeadField("WORK_EMAIL", " ayse@firma.com.tr ", lead);
  AddLeadField("PHONE_NUMBER", "0532 111 22 33", lead);
  AddLeadField("WORK_PHONE", "12", lead);
  AddLeadField("FIRST_NAME", std::string("Ay\0şe", 6), lead);
  AddLeadField("LAST_NAME", std::string(1000, 'y'), lead);
  AddLeadField("POSTAL_CODE", "34000", lead);
  AddLeadField("CITY", "İstanbul", lead);
  AddLeadField("COUNTRY", "TR", lead);
  AddLeadField("long", std::string(5000, 'x'), lead);
  const Contact person = PersonOf(lead);
  REQUIRE(person.identities.size() == 2);
  CHECK(person.identities[0].key.value == "ayse@firma.com.tr");
  CHECK(person.identities[1].key.value == "+905321112233");
  CHECK(person.given_name == "Ayşe");
  CHECK(person.family_name.size() == kMaxTextBytes);
  REQUIRE(person.addresses.size() == 1);
  CHECK(person.addresses[0].city == "İstanbul");
  CHECK(person.addresses[0].country_code == "TR");
  CHECK(lead.fields.back().value.size() == kMaxLeadTextBytes);
  FieldViolations violations;
  NormalizeContact(person, violations);
  CHECK(violations.empty());
  for (int i = 0; i < 1000; ++i) AddLeadField("q", "a", lead);
  CHECK(lead.fields.size() == kMaxLeadFields);
}

}  // namespace
}  // namespace esnaf::contacts

// Leads from the hook to the person: once, with their campaign, and nobody for tests.
#include <nlohmann/json.hpp>

#include "esnaf/migrations/hooks.h"
#include "libs/base/crypto.h"
#include "libs/hooks/hook_service.h"
#include "services/contacts/leads/lead_connectors.h"
#include "services/contacts/testing.h"

namespace esnaf::contacts {
namespace {

using nlohmann::json;

class FakeGraph final : public GraphClient {
 public:
  absl::StatusOr<std::string> GetLead(const std::string& lead_id, const std::string& access_token,
                                      const std::string& app_secret) override {
    asked = lead_id + " " + access_token + " " + app_secret;
    return answer;
  }
  std::string asked;
  absl::StatusOr<std::string> answer;
};

class Leads {
 public:
  Leads() {
    Connect("google_lead_form", {{"google_key", "sesame"}});
    Connect("meta_lead_ads", {{"app_secret", "s"}, {"verify_token", "v"}, {"access_token", "t"}});
  }
  void Connect(const std::string& connector, const std::map<std::string, std::string>& secrets) {
    api::v1::CreateHookConnectionRequest request;
    request.set_connector(connector);
    request.set_store_id("web");
    for (const auto& [name, value] : secrets) (*request.mutable_secrets())[name] = value;
    REQUIRE_OK(
        server.channel()->Call<api::v1::HookConnection>("/esnaf.api.v1.HookService/CreateHookConnection", request));
  }
  absl::Status Post(const std::string& connector, const std::string& body, const std::string& signature = {}) {
    api::v1::ReceiveHookRequest request;
    request.set_connector(connector);
    request.set_store_id("web");
    request.set_verb("POST");
    request.set_body(body);
    api::v1::HookHeader& header = *request.add_headers();
    header.set_name("x-hub-signature-256");
    header.set_value(signature);
    return server.channel()
        ->Call<api::v1::ReceiveHookResponse>("/esnaf.api.v1.HookService/ReceiveHook", request)
        .status();
  }
  absl::Status PostGoogle(const json& more = json::object()) {
    json body = {{"lead_id", "l1"},
                 {"google_key", "sesame"},
                 {"campaign_id", 7},
                 {"form_id", 9},
                 {"gcl_id", "Cj0K"},
                 {"user_column_data",
                  {{{"column_id", "FULL_NAME"}, {"string_value", "Ayşe Yılmaz"}},
                   {{"column_id", "EMAIL"}, {"string_value", "ayse@example.com"}}}}};
    body.update(more);
    return Post("google_lead_form", body.dump());
  }
  absl::Status PostMeta() {
    const std::string body =
        R"({"entry":[{"changes":[{"field":"leadgen","value":{"leadgen_id":55,"form_id":"9","created_time":1440120384}}]}]})";
    return Post("meta_lead_ads", body, "sha256=" + HexEncode(HmacSha256("s", body)));
  }
  void HandleAll() {
    for (hooks::HookWorker* worker : {&google_worker, &meta_worker}) {
      for (bool more = true; more;) {
        ESNAF_REQUIRE_VALUE(more, worker->HandleNext(schema.connection()));
      }
    }
  }
  // `state message` of the newest delivery.
  std::string Newest() {
    const auto rows =
        schema.Sql("SELECT state, message FROM hook_delivery ORDER BY receive_time DESC, id DESC LIMIT 1");
    return rows[0].Get<std::string>(0) + " " + rows[0].Get<std::string>(1);
  }
  std::int64_t Number(const std::string& sql) { return schema.Sql(sql)[0].Get<std::int64_t>(0); }
  v1::TimelineEntry OnlyEntry() {
    v1::ListTimelineRequest request;
    request.set_contact_id(schema.Sql("SELECT contact_id FROM interaction")[0].Get<std::string>(0));
    ESNAF_REQUIRE_VALUE(const auto page, server.channel()->Call<v1::ListTimelineResponse>(
                                             "/esnaf.contacts.v1.InteractionService/ListTimeline", request));
    REQUIRE(page.entries_size() == 1);
    return page.entries(0);
  }

  testing::TestSchema schema{
      "leads",
      {&migrations::runtime(), &migrations::events(), &migrations::hooks(), &migrations::contacts()},
      {"runtime", "events", "hooks", "contacts"}};
  ManualClock clock{SystemClock().Now()};
  FakeGraph graph;
  std::unique_ptr<hooks::Connector> google = MakeGoogleLeadForm();
  std::unique_ptr<hooks::Connector> meta = MakeMetaLeadAds(graph);
  hooks::HookService service{{google.get(), meta.get()}};
  hooks::HookWorker google_worker{*google, "service:contacts", clock, {.most_attempts = 2}, {}};
  hooks::HookWorker meta_worker{*meta, "service:contacts", clock, {.most_attempts = 2}, {}};
  InteractionService interactions;
  testing::TestServer server{schema, {service.Rpcs(), interactions.Rpcs()}, {.clock = &clock}};
};

TEST_CASE("a lead becomes a contact with an unverified address, and an interaction with its campaign, once") {
  Leads leads;
  REQUIRE_OK(leads.PostGoogle());
  leads.HandleAll();
  CHECK(leads.Newest() == "2 a new contact");
  CHECK(leads.Number("SELECT count(*) FROM contact WHERE display_name = 'Ayşe Yılmaz' AND tags = '{lead_form}'") == 1);
  CHECK(leads.Number("SELECT count(*) FROM contact_identity WHERE value = 'ayse@example.com' AND NOT verified") == 1);
  const v1::Interaction interaction = leads.OnlyEntry().interaction();
  CHECK(interaction.channel() == v1::CHANNEL_WEB_FORM);
  CHECK(interaction.direction() == v1::DIRECTION_INBOUND);
  CHECK(interaction.subject() == "Google lead form 9, 7");
  CHECK(interaction.lead().campaign_id() == "7");
  CHECK(interaction.lead().gclid() == "Cj0K");
  CHECK(interaction.lead().store_id() == "web");
  CHECK(interaction.lead().fields_size() == 2);
  const auto event =
      leads.schema.Sql("SELECT payload FROM outbox WHERE type = 'esnaf.contacts.v1.InteractionRecorded'");
  REQUIRE(event.size() == 1);
  v1::InteractionRecorded recorded;
  REQUIRE(recorded.ParseFromString(event[0].Get<postgres::Bytes>(0).data));
  CHECK(recorded.interaction().SerializeAsString() == interaction.SerializeAsString());
  // The same again, also once the delivery itself is forgotten.
  REQUIRE_OK(leads.PostGoogle());
  leads.HandleAll();
  leads.schema.Sql("DELETE FROM hook_delivery");
  REQUIRE_OK(leads.PostGoogle());
  leads.HandleAll();
  CHECK(leads.Newest() == "2 recorded before");
  CHECK(leads.Number("SELECT count(*) FROM interaction") == 1);
  // Another lead of the same person finds them, and grants nothing.
  REQUIRE_OK(leads.PostGoogle({{"lead_id", "l2"}}));
  leads.HandleAll();
  CHECK(leads.Newest() == "2 a contact known before");
  CHECK(leads.Number("SELECT count(*) FROM contact") == 1);
  CHECK(leads.Number("SELECT count(*) FROM interaction") == 2);
  CHECK(leads.Number("SELECT count(*) FROM consent") == 0);
}

TEST_CASE("a form changes nothing that is known of a person, and brings nobody back") {
  Leads leads;
  REQUIRE_OK(leads.PostGoogle());
  leads.HandleAll();
  const auto told = [](const char* name, const char* company) {
    return json::array({{{"column_id", "FULL_NAME"}, {"string_value", name}},
                        {{"column_id", "COMPANY_NAME"}, {"string_value", company}},
                        {{"column_id", "EMAIL"}, {"string_value", "ayse@example.com"}}});
  };
  REQUIRE_OK(leads.PostGoogle({{"lead_id", "l2"}, {"user_column_data", told("Somebody Else", "Yılmaz Ltd.")}}));
  leads.HandleAll();
  CHECK(leads.Number("SELECT count(*) FROM contact WHERE display_name = 'Ayşe Yılmaz' AND company_name = 'Yılmaz "
                     "Ltd.'") == 1);
  leads.schema.Sql("UPDATE contact SET delete_time = now()");
  REQUIRE_OK(leads.PostGoogle({{"lead_id", "l3"}, {"user_column_data", told("Somebody Else", "Other")}}));
  leads.HandleAll();
  CHECK(leads.Number("SELECT count(*) FROM contact WHERE delete_time IS NOT NULL") == 1);
  CHECK(leads.Number("SELECT count(*) FROM contact") == 1);
  // What was handled is not kept.
  CHECK(leads.Number("SELECT count(*) FROM hook_delivery WHERE payload <> ''") == 0);
}

TEST_CASE("a test of the platform creates nobody, and what names nobody waits for somebody to look") {
  Leads leads;
  REQUIRE_OK(leads.PostGoogle({{"is_test", true}}));
  leads.HandleAll();
  CHECK(leads.Newest() == "2 a test of the platform, which creates nobody");
  leads.clock.Advance(std::chrono::seconds(1));
  REQUIRE_OK(leads.PostGoogle({{"lead_id", "l2"}, {"user_column_data", json::array()}}));
  leads.HandleAll();
  CHECK(leads.Newest() == "3 the lead has neither an e-mail address nor a phone number that can be used");
  CHECK_STATUS_IS(leads.PostGoogle({{"lead_id", "l3"}, {"google_key", "x"}}), absl::StatusCode::kUnauthenticated, "");
  CHECK_STATUS_IS(leads.PostGoogle({{"lead_id", 1.5}}), absl::StatusCode::kInvalidArgument, "");
  CHECK(leads.Number("SELECT count(*) FROM hook_delivery") == 2);
  CHECK(leads.Number("SELECT count(*) FROM contact") == 0);
  CHECK(leads.Number("SELECT count(*) FROM outbox") == 0);
}

TEST_CASE("Meta's lead is asked of the Graph API, again where that does not answer") {
  Leads leads;
  leads.graph.answer = absl::UnavailableError("the Graph API answered 503");
  REQUIRE_OK(leads.PostMeta());
  leads.HandleAll();
  CHECK(leads.Newest() == "1 the Graph API answered 503");
  CHECK(leads.graph.asked == "55 t s");
  leads.graph.answer =
      R"({"campaign_id": "888", "field_data": [{"name": "phone_number", "values": ["+905321112233"]}]})";
  leads.clock.Advance(std::chrono::seconds(2));
  leads.HandleAll();
  CHECK(leads.Newest() == "2 a new contact");
  const v1::Interaction interaction = leads.OnlyEntry().interaction();
  CHECK(interaction.lead().platform() == "meta");
  CHECK(interaction.lead().campaign_id() == "888");
  CHECK(interaction.occur_time().seconds() == 1440120384);
}

TEST_CASE("without its connection Meta's lead is dead at once, since nobody can ask for it") {
  Leads leads;
  REQUIRE_OK(leads.PostMeta());
  leads.schema.Sql("DELETE FROM hook_connection");
  leads.HandleAll();
  CHECK(leads.Newest().starts_with("3 the store is not connected any more"));
  CHECK(leads.graph.asked.empty());
}

TEST_CASE("secrets are sent by https alone, or within this machine") {
  CHECK(MakeGraphClient({.url = "https://graph.facebook.com/v21.0"}).ok());
  CHECK(MakeGraphClient({.url = "http://127.0.0.1:1"}).ok());
  for (const char* url : {"http://graph.facebook.com", "http://127.0.0.1.evil.example", "", "file:///etc/passwd"}) {
    CAPTURE(url);
    CHECK_STATUS_IS(MakeGraphClient({.url = url}).status(), absl::StatusCode::kInvalidArgument, "");
  }
}

}  // namespace
}  // namespace esnaf::contacts

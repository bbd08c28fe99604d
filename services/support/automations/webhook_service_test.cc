// Goal: what automations and escalations tell other systems is signed, told once it is committed and not before, tried
// again while nobody takes it, and never tells a secret.
#include "services/support/automations/webhook_service.h"

#include "services/support/automations/automations_under_test.h"
#include "services/support/automations/webhook_sender.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;
using namespace testing;

constexpr char kSecret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct WebhooksUnderTest : AutomationsUnderTest {
  WebhooksUnderTest() { writer.OnEscalation(QueueEscalationCalls); }

  v1::TicketWebhook AddWebhook(const std::string& id) {
    v1::CreateTicketWebhookRequest request;
    request.mutable_webhook()->set_id(id);
    request.mutable_webhook()->set_url("https://example.com/" + id);
    request.mutable_webhook()->set_secret(kSecret);
    auto made = Tell<v1::TicketWebhook>("CreateTicketWebhook", request);
    REQUIRE_OK(made);
    return *std::move(made);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Tell(const std::string& method, const Request& request) {
    return webhooks_server.channel()->Call<Response>("/esnaf.support.v1.TicketWebhookService/" + method, request,
                                                     kStaff);
  }
  std::vector<v1::TicketWebhookCall> Calls(const std::string& filter = "") {
    v1::ListTicketWebhookCallsRequest request;
    request.set_filter(filter);
    auto page = Tell<v1::ListTicketWebhookCallsResponse>("ListTicketWebhookCalls", request);
    REQUIRE_OK(page);
    return {page->calls().begin(), page->calls().end()};
  }
  // An automation that calls the webhook for each new ticket.
  void CallOnCreation(const std::string& webhook_id) {
    v1::Automation automation = On("tell", v1::AUTOMATION_EVENT_CREATED);
    automation.add_webhook_ids(webhook_id);
    MustCreate(automation);
  }
  // True where a call was made.
  bool Send() {
    const auto sent = sender.SendNext(schema.connection(), clock);
    REQUIRE_OK(sent);
    return *sent;
  }

  struct Asked {
    std::string url, body, all_headers;
    bool public_only = false;
  };
  std::vector<Asked> asked;
  absl::StatusOr<https::Answer> answer = https::Answer{200, ""};
  WebhookService webhooks{false};
  WebhookSender sender{false, [this](const https::Request& request) {
                         std::string headers;
                         for (const std::string& header : request.headers) headers += header + "\n";
                         asked.push_back({request.url, std::string(*request.body), headers, request.public_only});
                         return answer;
                       }};
  TestServer webhooks_server{schema, {webhooks.Rpcs()}, {.name = "support", .clock = &clock}};
};

TEST_CASE("an automation's call is signed and made once", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("erp");
  test.CallOnCreation("erp");
  const v1::Ticket ticket = test.Open("iade");
  test.Handle();
  CHECK(test.Send());
  CHECK_FALSE(test.Send());
  REQUIRE(test.asked.size() == 1);
  const auto calls = test.Calls("state = DONE");
  REQUIRE(calls.size() == 1);
  const auto& asked = test.asked[0];
  CHECK(asked.public_only);
  CHECK(asked.url == "https://example.com/erp");
  CHECK_THAT(asked.all_headers, esnaf::testing::ContainsSubstring("webhook-id: " + calls[0].id() + "\n"));
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(test.clock.Now()).time_since_epoch().count();
  CHECK_THAT(asked.all_headers,
             esnaf::testing::ContainsSubstring(
                 "webhook-signature: " + SignWebhook(*ParseWebhookSecret(kSecret), calls[0].id(), now, asked.body)));
  CHECK_THAT(asked.body, esnaf::testing::ContainsSubstring("\"type\":\"ticket.automation\""));
  CHECK_THAT(asked.body, esnaf::testing::ContainsSubstring(ticket.id()));
  CHECK(test.Runs()[0].results().at("webhooks") == calls[0].id());
}

TEST_CASE("what fails is tried again, given up in the end, and begins anew when somebody says so", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("erp");
  test.CallOnCreation("erp");
  test.Open();
  test.Handle();
  test.answer = absl::UnavailableError("connection refused");
  CHECK(test.Send());
  CHECK_FALSE(test.Send());
  CHECK(test.Calls("state = WAITING")[0].failure() == "connection refused");
  test.answer = https::Answer{500, ""};
  for (int i = 0; i < 9; ++i) {
    test.clock.Advance(24h);
    CHECK(test.Send());
  }
  const auto dead = test.Calls("state = DEAD");
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].attempt_count() == 10);
  CHECK(dead[0].http_status() == 500);
  test.clock.Advance(24h);
  CHECK_FALSE(test.Send());
  v1::RetryTicketWebhookCallRequest retry;
  retry.set_id(dead[0].id());
  REQUIRE_OK(test.Tell<v1::TicketWebhookCall>("RetryTicketWebhookCall", retry));
  CHECK_STATUS_IS(test.Tell<v1::TicketWebhookCall>("RetryTicketWebhookCall", retry).status(),
                  StatusCode::kFailedPrecondition, "not dead");
  test.answer = https::Answer{204, ""};
  CHECK(test.Send());
  CHECK(test.Calls("state = DONE").size() == 1);
}

TEST_CASE("who is gone is called no more, and who hangs holds up nobody else", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("gone");
  test.CallOnCreation("gone");
  test.Open();
  test.Open();
  test.Handle();
  test.answer = https::Answer{410, ""};
  CHECK(test.Send());
  test.clock.Advance(1h);
  CHECK_FALSE(test.Send());
  v1::GetTicketWebhookRequest get;
  get.set_id("gone");
  const auto webhook = test.Tell<v1::TicketWebhook>("GetTicketWebhook", get);
  REQUIRE_OK(webhook);
  CHECK(webhook->disabled());
  CHECK(test.Calls("state = WAITING").size() == 1);
  v1::DeleteTicketWebhookRequest gone;
  gone.set_id("gone");
  REQUIRE_OK(test.Tell<v1::DeleteTicketWebhookResponse>("DeleteTicketWebhook", gone));
  CHECK(test.Calls("state = DEAD").size() == 2);
}

TEST_CASE("an address of a private network is given up at once", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("erp");
  test.CallOnCreation("erp");
  test.Open();
  test.Handle();
  test.answer = absl::PermissionDeniedError("the address is of a private network");
  CHECK(test.Send());
  CHECK(test.Calls("state = DEAD").size() == 1);
}

TEST_CASE("secrets are never told", "[integration]") {
  WebhooksUnderTest test;
  const v1::TicketWebhook made = test.AddWebhook("erp");
  CHECK(made.secret().empty());
  v1::UpdateTicketWebhookRequest update;
  update.mutable_webhook()->set_id("erp");
  update.mutable_webhook()->set_disabled(true);
  update.mutable_webhook()->set_etag(made.etag());
  const auto changed = test.Tell<v1::TicketWebhook>("UpdateTicketWebhook", update);
  REQUIRE_OK(changed);
  CHECK(changed->disabled());
  CHECK(changed->secret().empty());
  CHECK_STATUS_IS(test.Tell<v1::TicketWebhook>("UpdateTicketWebhook", update).status(), StatusCode::kAborted, "");
  const auto listed = test.Tell<v1::ListTicketWebhooksResponse>("ListTicketWebhooks", v1::ListTicketWebhooksRequest());
  REQUIRE_OK(listed);
  CHECK(listed->webhooks(0).secret().empty());
  v1::CreateTicketWebhookRequest without;
  without.mutable_webhook()->set_id("other");
  without.mutable_webhook()->set_url("https://example.com/");
  CHECK_STATUS_IS(test.Tell<v1::TicketWebhook>("CreateTicketWebhook", without).status(), StatusCode::kInvalidArgument,
                  "webhook.secret");
}

TEST_CASE("an escalation calls a webhook once for each deadline", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("pager");
  v1::UpdateSlaPolicyRequest request;
  request.mutable_policy()->set_id("always");
  v1::SlaEscalation& escalation = *request.mutable_policy()->add_escalations();
  escalation.set_metric(v1::SLA_METRIC_FIRST_RESPONSE);
  escalation.add_webhook_ids("pager");
  REQUIRE_OK(test.server.channel()->Call<v1::SlaPolicy>("/esnaf.support.v1.SlaService/UpdateSlaPolicy", request));
  const v1::Ticket ticket = test.Open();
  test.clock.Advance(61min);
  test.Tick();
  test.clock.Advance(61min);
  test.Tick();
  const auto calls = test.Calls("webhook_id = pager");
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].type() == "ticket.sla_escalation");
  CHECK(calls[0].ticket_id() == ticket.id());
  CHECK_THAT(calls[0].body(), esnaf::testing::ContainsSubstring("\"news\":\"BREACHED\""));
}

}  // namespace
}  // namespace esnaf::support

// Goal: what automations and escalations tell other systems is signed, told once it is committed and not before, tried
// again while nobody takes it, and never tells a secret.
#include "services/support/automations/webhook_service.h"

#include "libs/https/standard_webhook.h"
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
                         if (while_asked) std::exchange(while_asked, {})();
                         return answer;
                       }};
  std::function<void()> while_asked;  // once
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
  CHECK_THAT(asked.all_headers, esnaf::testing::ContainsSubstring(
                                    "webhook-signature: " + https::SignWebhook(*https::ParseWebhookSecret(kSecret),
                                                                               calls[0].id(), now, asked.body)));
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

TEST_CASE("who is gone is called no more", "[integration]") {
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
  // What waited is dead, and what comes is so at once: nothing piles up.
  CHECK(test.Calls("state = DEAD").size() == 2);
  test.Open();
  test.Handle();
  const auto dead = test.Calls("state = DEAD");
  REQUIRE(dead.size() == 3);
  CHECK(dead[0].failure() == "the webhook is disabled");
  v1::RetryTicketWebhookCallRequest retry;
  retry.set_id(dead[0].id());
  CHECK_STATUS_IS(test.Tell<v1::TicketWebhookCall>("RetryTicketWebhookCall", retry).status(),
                  StatusCode::kFailedPrecondition, "disabled");
  v1::DeleteTicketWebhookRequest gone;
  gone.set_id("gone");
  REQUIRE_OK(test.Tell<v1::DeleteTicketWebhookResponse>("DeleteTicketWebhook", gone));
  CHECK_STATUS_IS(test.Tell<v1::TicketWebhookCall>("RetryTicketWebhookCall", retry).status(),
                  StatusCode::kFailedPrecondition, "gone");
}

TEST_CASE("who hangs is asked one call at a time, and holds up nobody else", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("hangs");
  test.AddWebhook("swift");
  test.CallOnCreation("hangs");
  test.Open();
  test.Open();
  test.Handle();
  v1::Automation other = On("other", v1::AUTOMATION_EVENT_CREATED);
  other.add_webhook_ids("swift");
  test.MustCreate(other);
  test.Open();
  test.Handle();
  bool swift_was_called = false;
  test.while_asked = [&] {
    swift_was_called = test.Send();
    CHECK_FALSE(test.Send());
  };
  CHECK(test.Send());
  CHECK(swift_was_called);
  REQUIRE(test.asked.size() == 2);
  CHECK(test.asked[0].url == "https://example.com/hangs");
  CHECK(test.asked[1].url == "https://example.com/swift");
  // What one call is refused for says nothing of the next; who does not answer is left in peace.
  test.answer = https::Answer{400, ""};
  CHECK(test.Send());
  test.answer = absl::UnavailableError("connection refused");
  CHECK(test.Send());
  CHECK_FALSE(test.Send());
}

TEST_CASE("what comes of an attempt does not undo what happened meanwhile", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("erp");
  test.CallOnCreation("erp");
  test.Open();
  test.Handle();
  test.answer = absl::UnavailableError("connection refused");
  test.while_asked = [&] {
    v1::DeleteTicketWebhookRequest gone;
    gone.set_id("erp");
    REQUIRE_OK(test.Tell<v1::DeleteTicketWebhookResponse>("DeleteTicketWebhook", gone));
  };
  CHECK(test.Send());
  const auto dead = test.Calls("state = DEAD");
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].failure() == "the webhook was deleted");
}

TEST_CASE("a call whose attempts stop the program comes to its end", "[integration]") {
  WebhooksUnderTest test;
  test.AddWebhook("erp");
  test.CallOnCreation("erp");
  test.Open();
  test.Handle();
  test.schema.Sql("UPDATE ticket_webhook_call SET attempt_count = 10");
  CHECK_FALSE(test.Send());
  REQUIRE_OK(test.schema.connection().Run({}, [&](postgres::Tx& tx) { return EndLostCalls(tx, test.clock.Now()); }));
  CHECK(test.Calls("state = DEAD").size() == 1);
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
  const auto update = [&] {
    return test.server.channel()->Call<v1::SlaPolicy>("/esnaf.support.v1.SlaService/UpdateSlaPolicy", request).status();
  };
  REQUIRE_OK(update());
  escalation.add_webhook_ids("pager");
  CHECK_STATUS_IS(update(), StatusCode::kInvalidArgument, "policy.escalations[0].webhook_ids[1]");
  escalation.set_webhook_ids(1, "typo");
  CHECK_STATUS_IS(update(), StatusCode::kInvalidArgument, "policy.escalations[0].webhook_ids[1]");
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

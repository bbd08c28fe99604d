#include "services/support/automations/webhook_sender.h"

#include <nlohmann/json.hpp>

#include "libs/base/absl_compat.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/https/standard_webhook.h"

namespace esnaf::support {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTimeout{15'000};
// Longer than an attempt takes.
constexpr std::chrono::minutes kLease{1};
// How long one is left in peace that is away or overloaded, whose other calls would fare no better.
constexpr std::chrono::seconds kPause{15};
constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;

https::Request RequestOf(const ClaimedCall& claimed, Time now, bool allow_private) {
  return {.url = claimed.webhook.url,
          .headers = https::WebhookHeaders(claimed.webhook.secret, claimed.call.id.ToString(), now, claimed.call.body),
          .body = claimed.call.body,
          .timeout = kTimeout,
          .most_answer_bytes = 0,
          .excess = https::Excess::kCut,
          .public_only = !allow_private};
}

// What the answer makes of the call.
void Judge(const absl::StatusOr<https::Answer>& answer, Time now, WebhookCall& call) {
  call.http_status = answer.ok() ? answer->status : 0;
  if (call.http_status >= 200 && call.http_status < 300) {
    call.state = WebhookCallState::kDone;
    call.failure.clear();
    return;
  }
  call.failure =
      answer.ok() ? absl::StrCat("was answered with ", answer->status) : std::string(ToStd(answer.status().message()));
  const std::optional<Duration> delay = WebhookDelayAfter(call.attempt_count);
  const bool refused = absl::IsPermissionDenied(answer.status());
  if (!delay || refused || call.http_status == kGone) {
    call.state = WebhookCallState::kDead;
  } else {
    call.next_attempt_time = now + *delay;
  }
}

// Whether the answer is of the webhook rather than of the call.
bool IsAway(const WebhookCall& call) {
  return call.state != WebhookCallState::kDone &&
         (call.http_status == 0 || call.http_status == kTooManyRequests || call.http_status >= 500);
}

}  // namespace

std::string WebhookTicket(const Ticket& ticket) {
  nlohmann::json json{{"id", ticket.id.ToString()},
                      {"number", ticket.number},
                      {"externalId", ticket.external_id},
                      {"storeId", ticket.store_id},
                      {"subject", ticket.subject},
                      {"state", StateName(ticket.state)},
                      {"priority", PriorityName(ticket.priority)},
                      {"type", ticket.type},
                      {"team", ticket.team},
                      {"assignee", ticket.assignee},
                      {"tags", ticket.tags},
                      {"breached", ticket.sla.breached},
                      {"createTime", FormatRfc3339(ticket.create_time)},
                      {"updateTime", FormatRfc3339(ticket.update_time)},
                      {"etag", std::to_string(ticket.version)}};
  if (ticket.contact_id) json["contactId"] = ticket.contact_id->ToString();
  if (ticket.order_id) json["orderId"] = ticket.order_id->ToString();
  return json.dump();
}

absl::Status QueueEscalationCalls(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const SlaNotice& notice,
                                  const SlaEscalation& escalation) {
  constexpr std::string_view kMetrics[] = {"FIRST_RESPONSE", "NEXT_RESPONSE", "RESOLUTION"};
  for (const std::string& webhook_id : escalation.webhook_ids) {
    nlohmann::json data{{"ticket", nlohmann::json::parse(WebhookTicket(ticket))},
                        {"policyId", ticket.sla.policy_id},
                        {"metric", kMetrics[static_cast<int>(notice.clock.metric) - 1]},
                        {"cycle", notice.clock.cycle},
                        {"news", notice.news == SlaNews::kWarned ? "WARNED" : "BREACHED"}};
    if (notice.clock.due_time) data["dueTime"] = FormatRfc3339(*notice.clock.due_time);
    ESNAF_ASSIGN_OR_RETURN(const std::string queued, QueueWebhookCall(tx, webhook_id, ticket.id,
                                                                      "ticket.sla_escalation", data.dump(), cause.now));
    if (!Uuid::Parse(queued)) LogWarning("an escalation names a webhook that is gone", {{"webhook", webhook_id}});
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> WebhookSender::SendNext(postgres::Connection& connection, const Clock& clock) const {
  const Time now = clock.Now();
  const Time lease = now + kLease;
  ESNAF_ASSIGN_OR_RETURN(
      std::optional<ClaimedCall> claimed,
      connection.Run({.autocommit = true}, [&](postgres::Tx& tx) { return ClaimWebhookCall(tx, now, lease); }));
  if (!claimed) return false;
  WebhookCall& call = claimed->call;
  Judge(ask_(RequestOf(*claimed, now, allow_private_)), clock.Now(), call);
  if (call.state != WebhookCallState::kDone) {
    LogWarning(call.state == WebhookCallState::kDead ? "a webhook call is given up" : "a webhook call failed",
               {{"webhook", call.webhook_id}, {"call", call.id.ToString()}, {"attempt", call.attempt_count}});
  }
  ESNAF_RETURN_IF_ERROR(connection.Run({}, [&](postgres::Tx& tx) -> absl::Status {
    const Time done = clock.Now();
    // First the webhook, as who changes it does.
    ESNAF_RETURN_IF_ERROR(ReleaseWebhook(tx, call.webhook_id, lease, IsAway(call) ? done + kPause : done));
    ESNAF_RETURN_IF_ERROR(RecordAttempt(tx, call));
    return call.http_status == kGone ? DisableWebhook(tx, call.webhook_id, done) : absl::OkStatus();
  }));
  return true;
}

}  // namespace esnaf::support

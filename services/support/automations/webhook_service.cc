#include "services/support/automations/webhook_service.h"

#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/absl_compat.h"
#include "libs/https/standard_webhook.h"
#include "services/support/automations/webhook_store.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr char kWebhooks[] = "webhooks";

v1::TicketWebhook ToProto(const WebhookRecord& record) {
  v1::TicketWebhook message;
  message.set_id(record.body.id);
  message.set_display_name(record.body.display_name);
  message.set_url(record.body.url);
  message.set_disabled(record.body.disabled);
  return WithRecord(std::move(message), record);
}

v1::TicketWebhookCall ToProto(const WebhookCall& call) {
  v1::TicketWebhookCall message;
  message.set_id(call.id.ToString());
  message.set_webhook_id(call.webhook_id);
  message.set_ticket_id(call.ticket_id.ToString());
  message.set_type(call.type);
  message.set_state(static_cast<v1::TicketWebhookCallState>(call.state));
  message.set_attempt_count(call.attempt_count);
  if (call.state == WebhookCallState::kWaiting)
    *message.mutable_next_attempt_time() = api::ToProto(call.next_attempt_time);
  message.set_http_status(call.http_status);
  message.set_failure(call.failure);
  message.set_body(call.body);
  *message.mutable_create_time() = api::ToProto(call.create_time);
  return message;
}

// `known_secret` counts where none is given.
absl::StatusOr<Webhook> FromProto(const v1::TicketWebhook& message, bool allow_private,
                                  const std::string& known_secret) {
  Webhook webhook{.id = message.id(),
                  .display_name = message.display_name(),
                  .url = message.url(),
                  .secret = known_secret,
                  .disabled = message.disabled()};
  FieldViolations violations;
  if (!message.secret().empty() || known_secret.empty()) {
    absl::StatusOr<std::string> secret = https::ParseWebhookSecret(message.secret());
    if (secret.ok()) {
      webhook.secret = *std::move(secret);
    } else {
      violations.Add("webhook.secret", std::string(secret.status().message()));
    }
  }
  CheckWebhook(webhook, allow_private, "webhook", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return webhook;
}

absl::Status NoCall(const Uuid& id) { return NotFound("webhook_call", id.ToString()); }

}  // namespace

runtime::RpcService WebhookService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.TicketWebhookService");
  rpcs.Unary("CreateTicketWebhook", this, &WebhookService::CreateTicketWebhook)
      .Unary("GetTicketWebhook", this, &WebhookService::GetTicketWebhook)
      .Unary("ListTicketWebhooks", this, &WebhookService::ListTicketWebhooks)
      .Unary("UpdateTicketWebhook", this, &WebhookService::UpdateTicketWebhook)
      .Unary("DeleteTicketWebhook", this, &WebhookService::DeleteTicketWebhook)
      .Unary("ListTicketWebhookCalls", this, &WebhookService::ListTicketWebhookCalls)
      .Unary("RetryTicketWebhookCall", this, &WebhookService::RetryTicketWebhookCall);
  return rpcs;
}

absl::StatusOr<v1::TicketWebhook> WebhookService::CreateTicketWebhook(Call& call,
                                                                      const v1::CreateTicketWebhookRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kWebhooks));
  WebhookRecord record;
  ESNAF_ASSIGN_OR_RETURN(record.body, FromProto(request.webhook(), allow_private_, ""));
  record.create_time = record.update_time = call.now();
  using Answer = absl::StatusOr<v1::TicketWebhook>;
  return call.Mutate<v1::TicketWebhook>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertWebhook(tx, record));
    if (!inserted) return AlreadyExists("ALREADY_EXISTS", record.body.id);
    return ToProto(record);
  });
}

absl::StatusOr<v1::TicketWebhook> WebhookService::GetTicketWebhook(Call& call,
                                                                   const v1::GetTicketWebhookRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::TicketWebhook> {
    ESNAF_ASSIGN_OR_RETURN(const WebhookRecord record, GetWebhook(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListTicketWebhooksResponse> WebhookService::ListTicketWebhooks(
    Call& call, const v1::ListTicketWebhooksRequest& request) {
  static const api::FieldTable kFields{.fields = {{.name = "id", .sql = "w.id"}}, .id_sql = "w.id"};
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query, api::ListQuery::Parse(request, kFields, {.default_order = "id"}));
  const api::SqlQuery sql = query.Select(kWebhookColumns, "ticket_webhook w");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketWebhooksResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketWebhooksResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_webhooks() = ToProto(ReadWebhook(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kWebhookColumnCount));
    return response;
  });
}

absl::StatusOr<v1::TicketWebhook> WebhookService::UpdateTicketWebhook(Call& call,
                                                                      const v1::UpdateTicketWebhookRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kWebhooks));
  const v1::TicketWebhook& given = request.webhook();
  const google::protobuf::FieldMask mask = api::ExpandMask(request.update_mask(), given);
  using Answer = absl::StatusOr<v1::TicketWebhook>;
  return call.Mutate<v1::TicketWebhook>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(WebhookRecord record, GetWebhook(tx, given.id(), true));
    ESNAF_RETURN_IF_ERROR(CheckEtag(given.etag(), record));
    v1::TicketWebhook merged = ToProto(record);
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, given, "webhook", merged));
    merged.set_id(record.body.id);
    ESNAF_ASSIGN_OR_RETURN(Webhook webhook, FromProto(merged, allow_private_, record.body.secret));
    if (!Change(record, std::move(webhook), call.now())) return ToProto(record);
    ESNAF_RETURN_IF_ERROR(UpdateWebhook(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteTicketWebhookResponse> WebhookService::DeleteTicketWebhook(
    Call& call, const v1::DeleteTicketWebhookRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kWebhooks));
  using Answer = absl::StatusOr<v1::DeleteTicketWebhookResponse>;
  return call.Mutate<v1::DeleteTicketWebhookResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(const WebhookRecord record, GetWebhook(tx, request.id(), true));
        ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
        ESNAF_RETURN_IF_ERROR(DeleteWebhook(tx, request.id()));
        return v1::DeleteTicketWebhookResponse();
      });
}

absl::StatusOr<v1::ListTicketWebhookCallsResponse> WebhookService::ListTicketWebhookCalls(
    Call& call, const v1::ListTicketWebhookCallsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, WebhookCallFields(), {.default_order = "create_time desc"}));
  const api::SqlQuery sql =
      query.Select(kWebhookCallColumns, "ticket_webhook_call c JOIN ticket t ON t.id = c.ticket_id",
                   "(cardinality($1::text[]) = 0 OR t.store_id = ANY ($1::text[]))", {call.caller().store_ids});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketWebhookCallsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketWebhookCallsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_calls() = ToProto(ReadWebhookCall(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kWebhookCallColumnCount));
    return response;
  });
}

absl::StatusOr<v1::TicketWebhookCall> WebhookService::RetryTicketWebhookCall(
    Call& call, const v1::RetryTicketWebhookCallRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kWebhooks));
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  using Answer = absl::StatusOr<v1::TicketWebhookCall>;
  return call.Mutate<v1::TicketWebhookCall>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(std::optional<WebhookCall> dead, LockWebhookCall(tx, id));
    if (!dead) return NoCall(id);
    if (dead->state != WebhookCallState::kDead) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "WEBHOOK_CALL_NOT_DEAD", "the call is not dead");
    }
    const absl::StatusOr<WebhookRecord> webhook = GetWebhook(tx, dead->webhook_id);
    if (absl::IsNotFound(webhook.status())) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "WEBHOOK_NOT_FOUND", "its webhook is gone");
    }
    ESNAF_RETURN_IF_ERROR(webhook.status());
    if (webhook->body.disabled) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "WEBHOOK_DISABLED", "its webhook is disabled");
    }
    dead->state = WebhookCallState::kWaiting;
    dead->attempt_count = 0;
    dead->next_attempt_time = call.now();
    ESNAF_RETURN_IF_ERROR(RetryWebhookCall(tx, id, call.now()));
    return ToProto(*dead);
  });
}

}  // namespace esnaf::support

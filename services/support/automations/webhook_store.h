#pragma once

// Webhooks and the calls that are queued for them, as they are stored.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/api/fields.h"
#include "libs/postgres/connection.h"
#include "services/support/automations/webhook.h"
#include "services/support/records.h"

namespace esnaf::support {

using WebhookRecord = Record<Webhook>;
enum class WebhookCallState { kWaiting = 1, kDone = 2, kDead = 3 };

struct WebhookCall {
  Uuid id;
  std::string webhook_id;
  Uuid ticket_id;
  std::string type;
  std::string body;
  WebhookCallState state = WebhookCallState::kWaiting;
  int attempt_count = 0;
  Time next_attempt_time;
  int http_status = 0;
  std::string failure;
  Time create_time;
};

// RESOURCE_EXHAUSTED where there are as many as there may be; false where the id is taken.
absl::StatusOr<bool> InsertWebhook(postgres::Tx& tx, const WebhookRecord& record);
// Calls of it that wait are dead where it is disabled.
absl::Status UpdateWebhook(postgres::Tx& tx, const WebhookRecord& record);
// Calls of it that wait are dead.
absl::Status DeleteWebhook(postgres::Tx& tx, const std::string& id);
// NOT_FOUND with the reason `WEBHOOK_NOT_FOUND`. A lock holds until the transaction ends.
absl::StatusOr<WebhookRecord> GetWebhook(postgres::Tx& tx, const std::string& id, bool lock = false);
// What lists select of `ticket_webhook w`, and how a row is read.
extern const char kWebhookColumns[];
inline constexpr int kWebhookColumnCount = 8;
WebhookRecord ReadWebhook(const postgres::Row& row);

// Queues a call in the transaction of what it tells; answers its id, or why there is none: `WEBHOOK_NOT_FOUND`. For a
// webhook that is disabled the call is dead at once, so that it may be begun anew. `data` is JSON.
absl::StatusOr<std::string> QueueWebhookCall(postgres::Tx& tx, const std::string& webhook_id, const Uuid& ticket_id,
                                             const std::string& type, const std::string& data, Time now);

// A call that is due, of a webhook that takes calls, and how to make it; nobody else takes it, or another of its
// webhook, before `lease`.
struct ClaimedCall {
  WebhookCall call;
  Webhook webhook;
};
absl::StatusOr<std::optional<ClaimedCall>> ClaimWebhookCall(postgres::Tx& tx, Time now, Time lease);
// What came of the attempt: the state, the answer, and when it is tried next. Nothing where the call has gone on since:
// it was claimed again, died with its webhook, or was begun anew.
absl::Status RecordAttempt(postgres::Tx& tx, const WebhookCall& call);
// Lets a webhook that was claimed until `lease` be called again from then on, unless it has changed since.
absl::Status ReleaseWebhook(postgres::Tx& tx, const std::string& id, Time lease, Time from);
// Disables it; calls of it that wait are dead.
absl::Status DisableWebhook(postgres::Tx& tx, const std::string& id, Time now);
// Lets a dead call begin anew.
absl::Status RetryWebhookCall(postgres::Tx& tx, const Uuid& id, Time now);
// Calls whose last attempt never came to its end, as it stopped the program, are dead, and so are those that wait for a
// webhook that was disabled at the moment at which they were queued.
absl::Status EndLostCalls(postgres::Tx& tx, Time now);

absl::StatusOr<std::optional<WebhookCall>> LockWebhookCall(postgres::Tx& tx, const Uuid& id);
// Forgets calls of before that are done or dead. True where more may be left.
absl::StatusOr<bool> PruneWebhookCalls(postgres::Tx& tx, Time before);
// What lists select of `ticket_webhook_call c`, and how a row is read.
extern const char kWebhookCallColumns[];
inline constexpr int kWebhookCallColumnCount = 11;
WebhookCall ReadWebhookCall(const postgres::Row& row);
const api::FieldTable& WebhookCallFields();

}  // namespace esnaf::support

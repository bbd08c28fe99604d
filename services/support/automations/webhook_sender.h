#pragma once

// Makes the calls that are queued for webhooks, and hangs the queue into what leads to calls.
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/https/https.h"
#include "libs/postgres/connection.h"
#include "services/support/automations/webhook_store.h"
#include "services/support/tickets/ticket_writer.h"

namespace esnaf::support {

// What is told of a ticket: JSON of what other systems know it by, without what was said in it.
std::string WebhookTicket(const Ticket& ticket);

// Queues the calls of an escalation in its transaction; a listener of TicketWriter.
absl::Status QueueEscalationCalls(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const SlaNotice& notice,
                                  const SlaEscalation& escalation);

class WebhookSender {
 public:
  using Ask = std::function<absl::StatusOr<https::Answer>(const https::Request&)>;
  // With `allow_private` addresses of private networks are called as well.
  explicit WebhookSender(bool allow_private, Ask ask = &https::Ask)
      : allow_private_(allow_private), ask_(std::move(ask)) {}

  // Makes the call that waits longest, of a webhook that nobody is calling. False where none is due. For any number of
  // threads.
  absl::StatusOr<bool> SendNext(postgres::Connection& connection, const Clock& clock) const;

 private:
  const bool allow_private_;
  const Ask ask_;
};

}  // namespace esnaf::support

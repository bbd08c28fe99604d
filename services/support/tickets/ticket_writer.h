#pragma once

// Records what happens with tickets: the row, the trail, the messages, the deadlines and the events that tell of it,
// all in one transaction.
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/call.h"
#include "services/support/sla/sla_store.h"
#include "services/support/tickets/ticket.h"
#include "services/support/tickets/ticket_sla.h"

namespace esnaf::support {

// On whose behalf something is recorded.
struct Cause {
  Actor actor;
  std::string trace_parent;
  Time now;
};
// A storefront speaks for the requester, everybody else for the firm.
Cause CauseOf(const runtime::Call& call);
// The service by itself.
Cause OwnCause(Time now);

class TicketWriter {
 public:
  // The promises as they stand; kept as long as they do not change. Safe to call from several threads.
  absl::StatusOr<std::shared_ptr<const SlaBook>> Book(postgres::Tx& tx);

  // Called with each message in the transaction that records it, copies of a split not included. Before the server
  // starts.
  using MessageListener =
      std::function<absl::Status(postgres::Tx&, const Cause&, const Ticket&, const TicketMessage& message)>;
  void OnMessage(MessageListener listener) { message_listeners_.push_back(std::move(listener)); }

  // Called with each event but the creation in the transaction that records it. Before the server starts.
  using EventListener = std::function<absl::Status(postgres::Tx&, const Ticket&, const TicketEvent&)>;
  void OnEvent(EventListener listener) { event_listeners_.push_back(std::move(listener)); }

  // Called with each escalation that acts, in its transaction. Before the server starts.
  using EscalationListener = std::function<absl::Status(postgres::Tx&, const Cause&, const Ticket&, const SlaNotice&,
                                                        const SlaEscalation& escalation)>;
  void OnEscalation(EscalationListener listener) { escalation_listeners_.push_back(std::move(listener)); }

  // A ticket to be created: `event` is what ApplyMessage answered of the first of the messages.
  struct Creation {
    const Cause* cause = nullptr;
    Ticket* ticket = nullptr;
    TicketEvent event;
    std::vector<TicketMessage> messages;
    bool created = false;  // the answer: false where there is a ticket of this id or external id already
  };
  // Records tickets, each of its own id, in as few statements as one.
  absl::Status CreateAll(postgres::Tx& tx, std::vector<Creation>& creations);
  // Records the creation: `event` is what ApplyMessage answered of the first of the messages. False where there is a
  // ticket of this id or external id already.
  absl::StatusOr<bool> Create(postgres::Tx& tx, const Cause& cause, Ticket& ticket, TicketEvent event,
                              const std::vector<TicketMessage>& messages);
  // Records an event of a locked ticket, and the message that it brings.
  absl::Status Record(postgres::Tx& tx, const Cause& cause, Ticket& ticket, TicketEvent event,
                      const TicketMessage* message = nullptr);
  // Records what happened with several locked tickets, each once, in as few statements as with one.
  struct Happening {
    Ticket* ticket = nullptr;
    TicketEvent event;
    const TicketMessage* message = nullptr;
  };
  absl::Status RecordAll(postgres::Tx& tx, const Cause& cause, std::vector<Happening> happenings);

  // Reckons tickets whose time has come or whose promises have changed, and tells each warning and breach once; a
  // worker's step. True where more may be left.
  absl::StatusOr<bool> TellSomeDue(postgres::Tx& tx, Time now);
  // Opens tickets whose hold has ended and closes those whose window for reopening has; a worker's step. True where
  // more may be left.
  absl::StatusOr<bool> WakeSome(postgres::Tx& tx, Time now);

 private:
  // Does what the ticket's policy wants to be done about what was told of deadlines that are still owed. Each deadline
  // is told of once, so this ends, also where a higher priority makes another deadline due.
  absl::Status Escalate(postgres::Tx& tx, Time now, Ticket& ticket, const SlaPolicy* policy,
                        const std::vector<SlaNotice>& notices);

  // Gives a message that was written its attachments, and tells the listeners.
  absl::Status TellSaid(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message);

  std::vector<MessageListener> message_listeners_;
  std::vector<EventListener> event_listeners_;
  std::vector<EscalationListener> escalation_listeners_;
  std::mutex mutex_;
  std::shared_ptr<const SlaBook> book_;
};

// The time of what happens with the ticket now: never before what happened last.
inline Time MomentOf(const Ticket& ticket, Time now) { return std::max(now, ticket.update_time); }

}  // namespace esnaf::support

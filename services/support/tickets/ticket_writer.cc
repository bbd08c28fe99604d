#include "services/support/tickets/ticket_writer.h"

#include "esnaf/support/v1/events.pb.h"
#include "libs/base/macros.h"
#include "libs/events/outbox.h"
#include "services/support/attachments/attachment_store.h"
#include "services/support/tickets/ticket_store.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

constexpr int kAtOnce = 200;

events::NewEvent ChangedEvent(const Cause& cause, const Ticket& ticket, const TicketEvent& event,
                              const TicketMessage* message) {
  v1::TicketChanged payload;
  *payload.mutable_ticket() = TicketToProto(ticket);
  *payload.mutable_event() = EventToProto(event);
  if (message != nullptr) *payload.mutable_message() = MessageToProto(*message);
  events::NewEvent told =
      events::MakeEvent(cause.actor.name, cause.now, "ticket", ticket.id, ticket.version, payload, event.time);
  told.trace_parent = cause.trace_parent;
  return told;
}

template <typename Payload>
events::NewEvent NoticeEvent(const Cause& cause, const Ticket& ticket, const SlaPolicy* policy, const SlaNotice& notice,
                             Time happen_time) {
  Payload payload;
  if (policy != nullptr) {
    const SlaEscalation escalation = EscalationFor(*policy, notice.clock.metric, notice.news);
    payload.mutable_notify()->Assign(escalation.notify.begin(), escalation.notify.end());
  }
  *payload.mutable_ticket() = TicketToProto(ticket);
  *payload.mutable_deadline() = DeadlineToProto(notice.clock);
  const Uuid id = Uuid::FromName(
      "esnaf.support.deadline",
      absl::StrCat(ticket.id.ToString(), ":", static_cast<int>(notice.clock.metric), ":", notice.clock.cycle));
  events::NewEvent told = events::MakeEvent(OwnCause(cause.now).actor.name, cause.now, "ticket_deadline", id,
                                            static_cast<int>(notice.news), payload, happen_time);
  told.trace_parent = cause.trace_parent;
  return told;
}

void AddNotices(const Cause& cause, const Ticket& ticket, const SlaPolicy* policy,
                const std::vector<SlaNotice>& notices, std::vector<events::NewEvent>& told) {
  for (const SlaNotice& notice : notices) {
    if (notice.news == SlaNews::kWarned) {
      told.push_back(NoticeEvent<v1::TicketSlaWarned>(cause, ticket, policy, notice, *notice.clock.warn_time));
    } else {
      told.push_back(NoticeEvent<v1::TicketSlaBreached>(cause, ticket, policy, notice, *notice.clock.breach_time));
    }
  }
}

// Numbers the event and reckons the ticket by it and by what is known before it.
void Follow(const SlaBook& book, const Cause& cause, std::vector<SlaFact> facts, Ticket& ticket, TicketEvent& event) {
  event.time = MomentOf(ticket, cause.now);
  event.sequence = ++ticket.version;
  ticket.update_time = event.time;
  facts.push_back(FactOf(event));
  ReckonSla(book, facts, event.time, ticket);
}

}  // namespace

Cause CauseOf(const runtime::Call& call) {
  const bool customer = call.caller().kind == runtime::Caller::Kind::kStorefront;
  return {{customer ? AuthorKind::kCustomer : AuthorKind::kAgent, call.caller().actor},
          call.info().trace_parent,
          call.now()};
}

Cause OwnCause(Time now) { return {{AuthorKind::kSystem, "service:support"}, "", now}; }

absl::StatusOr<std::shared_ptr<const SlaBook>> TicketWriter::Book(postgres::Tx& tx) {
  std::shared_ptr<const SlaBook> known;
  {
    const std::lock_guard lock(mutex_);
    known = book_;
  }
  ESNAF_ASSIGN_OR_RETURN(std::shared_ptr<const SlaBook> book, ReadBook(tx, known));
  if (book != known) {
    const std::lock_guard lock(mutex_);
    book_ = book;
  }
  return book;
}

absl::Status TicketWriter::TellSaid(postgres::Tx& tx, const Cause& cause, const Ticket& ticket,
                                    const TicketMessage& message) {
  if (message.copied_from_id) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(TakeAttachments(tx, message.id, message.attachment_ids, message.actor));
  for (const MessageListener& listener : message_listeners_)
    ESNAF_RETURN_IF_ERROR(listener(tx, cause, ticket, message));
  return absl::OkStatus();
}

absl::StatusOr<bool> TicketWriter::Create(postgres::Tx& tx, const Cause& cause, Ticket& ticket, TicketEvent event,
                                          const std::vector<TicketMessage>& messages) {
  std::vector<Creation> one;
  one.push_back({&cause, &ticket, std::move(event), messages});
  ESNAF_RETURN_IF_ERROR(CreateAll(tx, one));
  return one.front().created;
}

absl::Status TicketWriter::CreateAll(postgres::Tx& tx, std::vector<Creation>& creations) {
  if (creations.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, Book(tx));
  std::vector<Ticket*> tickets;
  for (Creation& creation : creations) {
    Ticket& ticket = *creation.ticket;
    ticket.version = 0;
    ticket.create_time = creation.cause->now;
    ticket.update_time = creation.cause->now;
    Follow(*book, *creation.cause, {}, ticket, creation.event);
    tickets.push_back(&ticket);
  }
  ESNAF_ASSIGN_OR_RETURN(const std::set<Uuid> inserted, InsertTickets(tx, tickets));
  std::vector<TicketMessage> messages;
  std::vector<std::pair<Uuid, const TicketEvent*>> trail;
  std::vector<events::NewEvent> told;
  for (Creation& creation : creations) {
    const Ticket& ticket = *creation.ticket;
    creation.created = inserted.contains(ticket.id);
    if (!creation.created) continue;
    messages.insert(messages.end(), creation.messages.begin(), creation.messages.end());
    trail.emplace_back(ticket.id, &creation.event);
    told.push_back(ChangedEvent(*creation.cause, ticket, creation.event, &creation.messages.front()));
  }
  if (trail.empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(AddMessages(tx, messages));
  for (const Creation& creation : creations) {
    if (!creation.created) continue;
    for (const TicketMessage& message : creation.messages) {
      ESNAF_RETURN_IF_ERROR(TellSaid(tx, *creation.cause, *creation.ticket, message));
    }
  }
  ESNAF_RETURN_IF_ERROR(AddEvents(tx, trail));
  return events::Append(tx, told);
}

absl::Status TicketWriter::Record(postgres::Tx& tx, const Cause& cause, Ticket& ticket, TicketEvent event,
                                  const TicketMessage* message) {
  std::vector<Happening> one;
  one.push_back({&ticket, std::move(event), message});
  return RecordAll(tx, cause, std::move(one));
}

absl::Status TicketWriter::RecordAll(postgres::Tx& tx, const Cause& cause, std::vector<Happening> happenings) {
  if (happenings.empty()) return absl::OkStatus();
  std::vector<Uuid> ids;
  for (const Happening& happening : happenings) ids.push_back(happening.ticket->id);
  ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, Book(tx));
  ESNAF_ASSIGN_OR_RETURN(auto facts, FactsOf(tx, ids));
  std::vector<const Ticket*> tickets;
  std::vector<TicketMessage> messages;
  std::vector<std::pair<Uuid, const TicketEvent*>> trail;
  std::vector<events::NewEvent> told;
  std::vector<std::vector<SlaNotice>> notices;
  for (Happening& happening : happenings) {
    Ticket& ticket = *happening.ticket;
    Follow(*book, cause, std::move(facts[ticket.id]), ticket, happening.event);
    // Who answers too late makes a breach that the timer has not seen yet.
    notices.push_back(TakeNotices(ticket, happening.event.time));
    tickets.push_back(&ticket);
    trail.emplace_back(ticket.id, &happening.event);
    if (happening.message != nullptr) messages.push_back(*happening.message);
    told.push_back(ChangedEvent(cause, ticket, happening.event, happening.message));
    AddNotices(cause, ticket, book->Find(ticket.sla.policy_id), notices.back(), told);
  }
  ESNAF_RETURN_IF_ERROR(UpdateTickets(tx, tickets));
  ESNAF_RETURN_IF_ERROR(AddMessages(tx, messages));
  for (const Happening& happening : happenings) {
    if (happening.message == nullptr) continue;
    ESNAF_RETURN_IF_ERROR(TellSaid(tx, cause, *happening.ticket, *happening.message));
  }
  ESNAF_RETURN_IF_ERROR(AddEvents(tx, trail));
  ESNAF_RETURN_IF_ERROR(events::Append(tx, told));
  for (const Happening& happening : happenings) {
    for (const EventListener& listener : event_listeners_) {
      ESNAF_RETURN_IF_ERROR(listener(tx, *happening.ticket, happening.event));
    }
  }
  for (std::size_t i = 0; i < happenings.size(); ++i) {
    Ticket& ticket = *happenings[i].ticket;
    ESNAF_RETURN_IF_ERROR(Escalate(tx, cause.now, ticket, book->Find(ticket.sla.policy_id), notices[i]));
  }
  return absl::OkStatus();
}

absl::Status TicketWriter::Escalate(postgres::Tx& tx, Time now, Ticket& ticket, const SlaPolicy* policy,
                                    const std::vector<SlaNotice>& notices) {
  const Cause cause = OwnCause(now);
  for (const SlaNotice& notice : notices) {
    if (policy == nullptr || !notice.clock.IsLive() || !IsActive(ticket.state)) continue;
    const SlaEscalation escalation = EscalationFor(*policy, notice.clock.metric, notice.news);
    const std::string reason = ToldKey(notice.clock, notice.news);
    for (const EscalationListener& listener : escalation_listeners_) {
      ESNAF_RETURN_IF_ERROR(listener(tx, cause, ticket, notice, escalation));
    }
    const std::string team = escalation.team.value_or(ticket.team);
    const std::string assignee = escalation.assignee.value_or(ticket.assignee);
    if (team != ticket.team || assignee != ticket.assignee) {
      Ticket assigned = ticket;
      assigned.team = team;
      assigned.assignee = assignee;
      TicketEvent event = AssignedEvent(ticket, assigned, cause.actor);
      event.details["escalation"] = reason;
      ticket = std::move(assigned);
      ESNAF_RETURN_IF_ERROR(Record(tx, cause, ticket, event));
    }
    if (escalation.raise_priority_to.value_or(ticket.priority) > ticket.priority) {
      const std::string before(PriorityName(ticket.priority));
      ticket.priority = *escalation.raise_priority_to;
      const TicketEvent event = PlainEvent(ticket, cause.actor, "priority", {{"from", before}, {"escalation", reason}});
      ESNAF_RETURN_IF_ERROR(Record(tx, cause, ticket, event));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> TicketWriter::TellSomeDue(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, Book(tx));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Ticket> tickets, LockDueForSla(tx, now, book->revision, kAtOnce));
  if (tickets.empty()) return false;
  std::vector<Uuid> ids;
  for (const Ticket& ticket : tickets) ids.push_back(ticket.id);
  ESNAF_ASSIGN_OR_RETURN(const auto facts, FactsOf(tx, ids));
  std::vector<events::NewEvent> told;
  std::vector<std::vector<SlaNotice>> notices;
  const Cause cause = OwnCause(now);
  for (Ticket& ticket : tickets) {
    const Time moment = MomentOf(ticket, now);
    ReckonSla(*book, facts.at(ticket.id), moment, ticket);
    notices.push_back(TakeNotices(ticket, moment));
    AddNotices(cause, ticket, book->Find(ticket.sla.policy_id), notices.back(), told);
  }
  ESNAF_RETURN_IF_ERROR(UpdateTicketsSla(tx, tickets));
  ESNAF_RETURN_IF_ERROR(events::Append(tx, told));
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    const SlaPolicy* const policy = book->Find(tickets[i].sla.policy_id);
    ESNAF_RETURN_IF_ERROR(Escalate(tx, now, tickets[i], policy, notices[i]));
  }
  return true;
}

absl::StatusOr<bool> TicketWriter::WakeSome(postgres::Tx& tx, Time now) {
  ESNAF_ASSIGN_OR_RETURN(std::vector<Ticket> tickets, LockDueToWake(tx, now, kAtOnce));
  const Cause cause = OwnCause(now);
  std::vector<Happening> happenings;
  for (Ticket& ticket : tickets) {
    const TicketVerb verb = ticket.state == TicketState::kSolved ? TicketVerb::kClose : TicketVerb::kOpen;
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyVerb(ticket, verb, cause.actor, MomentOf(ticket, now)));
    happenings.push_back({&ticket, std::move(event), nullptr});
  }
  ESNAF_RETURN_IF_ERROR(RecordAll(tx, cause, std::move(happenings)));
  return tickets.size() == static_cast<std::size_t>(kAtOnce);
}

}  // namespace esnaf::support

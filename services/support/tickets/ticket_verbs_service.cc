// The RPCs that change where a ticket stands and say something in it.
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_action.h"
#include "services/support/tickets/ticket_service.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;
using MaybeEvent = absl::StatusOr<std::optional<TicketEvent>>;

constexpr int kMostSplit = 100;

// The states that an agent's reply can lead to.
bool IsNextState(v1::TicketState state) {
  return state == v1::TICKET_STATE_PENDING_CUSTOMER || state == v1::TICKET_STATE_PENDING_INTERNAL ||
         state == v1::TICKET_STATE_SOLVED;
}

}  // namespace

template <typename Request>
absl::StatusOr<v1::Ticket> TicketService::ChangeTicket(Call& call, const Request& request, const Change& change) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockVisible(call, tx, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), ticket));
    const Cause cause = CauseOf(call);
    ESNAF_ASSIGN_OR_RETURN(const std::optional<TicketEvent> event, change(tx, ticket, cause));
    if (event) ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, *event));
    return TicketToProto(ticket);
  });
}

template <typename Request>
absl::StatusOr<v1::Ticket> TicketService::Verb(Call& call, const Request& request, TicketVerb verb) {
  return ChangeTicket(call, request, [verb](postgres::Tx&, Ticket& ticket, const Cause& cause) -> MaybeEvent {
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyVerb(ticket, verb, cause.actor, MomentOf(ticket, cause.now)));
    return std::optional(std::move(event));
  });
}

absl::StatusOr<v1::Ticket> TicketService::OpenTicket(Call& call, const v1::OpenTicketRequest& request) {
  return Verb(call, request, TicketVerb::kOpen);
}
absl::StatusOr<v1::Ticket> TicketService::AwaitTicketCustomer(Call& call,
                                                              const v1::AwaitTicketCustomerRequest& request) {
  return Verb(call, request, TicketVerb::kAwaitCustomer);
}
absl::StatusOr<v1::Ticket> TicketService::AwaitTicketInternal(Call& call,
                                                              const v1::AwaitTicketInternalRequest& request) {
  return Verb(call, request, TicketVerb::kAwaitInternal);
}
absl::StatusOr<v1::Ticket> TicketService::SolveTicket(Call& call, const v1::SolveTicketRequest& request) {
  return ChangeTicket(call, request, [&](postgres::Tx& tx, Ticket& ticket, const Cause& cause) -> MaybeEvent {
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event,
                           ApplyVerb(ticket, TicketVerb::kSolve, cause.actor, MomentOf(ticket, cause.now)));
    if (!request.with_open_parts()) ESNAF_RETURN_IF_ERROR(CheckParts(tx, ticket.id));
    return std::optional(std::move(event));
  });
}
absl::StatusOr<v1::Ticket> TicketService::ReopenTicket(Call& call, const v1::ReopenTicketRequest& request) {
  return Verb(call, request, TicketVerb::kReopen);
}
absl::StatusOr<v1::Ticket> TicketService::CloseTicket(Call& call, const v1::CloseTicketRequest& request) {
  return Verb(call, request, TicketVerb::kClose);
}
absl::StatusOr<v1::Ticket> TicketService::MarkTicketSpam(Call& call, const v1::MarkTicketSpamRequest& request) {
  return Verb(call, request, TicketVerb::kMarkSpam);
}
absl::StatusOr<v1::Ticket> TicketService::UnmarkTicketSpam(Call& call, const v1::UnmarkTicketSpamRequest& request) {
  return ChangeTicket(call, request, [&](postgres::Tx& tx, Ticket& ticket, const Cause& cause) -> MaybeEvent {
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event,
                           ApplyVerb(ticket, TicketVerb::kUnmarkSpam, cause.actor, MomentOf(ticket, cause.now)));
    // Nobody became a contact by what was taken for spam; who wrote it becomes one now.
    if (const auto requester = TypedRequesterOf(ticket); requester && !ticket.contact_id) {
      ESNAF_RETURN_IF_ERROR(Requesters::Park(tx, {{ticket.id, *requester}}, cause.now));
    }
    return std::optional(std::move(event));
  });
}

absl::StatusOr<v1::Ticket> TicketService::HoldTicket(Call& call, const v1::HoldTicketRequest& request) {
  if (!request.has_hold_until_time()) return InvalidField("hold_until_time", "is required");
  ESNAF_ASSIGN_OR_RETURN(const Time until, api::FromProto(request.hold_until_time(), "hold_until_time"));
  if (until <= call.now()) return InvalidField("hold_until_time", "is not in the future");
  return ChangeTicket(call, request, [until](postgres::Tx&, Ticket& ticket, const Cause& cause) -> MaybeEvent {
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event,
                           ApplyVerb(ticket, TicketVerb::kHold, cause.actor, MomentOf(ticket, cause.now), until));
    return std::optional(std::move(event));
  });
}

absl::StatusOr<v1::Ticket> TicketService::AssignTicket(Call& call, const v1::AssignTicketRequest& request) {
  return ChangeTicket(call, request, [&](postgres::Tx&, Ticket& ticket, const Cause& cause) -> MaybeEvent {
    Ticket wanted = ticket;
    wanted.assignee = request.assignee();
    if (request.has_team()) wanted.team = request.team();
    FieldViolations violations;
    CheckTicket(wanted, "ticket", violations);
    ESNAF_RETURN_IF_ERROR(violations.ToStatus());
    if (wanted.assignee == ticket.assignee && wanted.team == ticket.team) return std::nullopt;
    TicketEvent event = AssignedEvent(ticket, wanted, cause.actor);
    ticket = std::move(wanted);
    return std::optional(std::move(event));
  });
}

absl::StatusOr<v1::Ticket> TicketService::SetTicketPriority(Call& call, const v1::SetTicketPriorityRequest& request) {
  if (request.priority() == v1::TICKET_PRIORITY_UNSPECIFIED || !v1::TicketPriority_IsValid(request.priority())) {
    return InvalidField("priority", "is no priority");
  }
  const auto wanted = static_cast<TicketPriority>(request.priority());
  return ChangeTicket(call, request, [wanted](postgres::Tx&, Ticket& ticket, const Cause& cause) -> MaybeEvent {
    if (ticket.priority == wanted) return std::nullopt;
    const std::string before(PriorityName(ticket.priority));
    ticket.priority = wanted;
    return std::optional(PlainEvent(ticket, cause.actor, "priority", {{"from", before}}));
  });
}

absl::StatusOr<v1::Ticket> TicketService::MergeTicket(Call& call, const v1::MergeTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const Uuid into_id, api::ParseId(request.into_id(), "into_id"));
  if (id == into_id) return InvalidField("into_id", "is the ticket itself");
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {id, into_id}));
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, TakeVisible(call, locked, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), ticket));
    const auto found = locked.find(into_id);
    const bool same_store = found != locked.end() && found->second.store_id == ticket.store_id;
    if (!same_store || !NextState(found->second.state, TicketVerb::kTakeIn)) {
      return InvalidField("into_id", "is no ticket of the same store that is still worked on, or solved");
    }
    Ticket& into = found->second;
    const Cause cause = CauseOf(call);
    ESNAF_ASSIGN_OR_RETURN(TicketEvent merged,
                           ApplyVerb(ticket, TicketVerb::kMerge, cause.actor, MomentOf(ticket, cause.now)));
    merged.kind = "merged";
    merged.details["ticket_id"] = into_id.ToString();
    ticket.merged_into_id = into_id;
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, merged));
    const TicketEvent taken = PlainEvent(into, cause.actor, "merged_in", {{"ticket_id", id.ToString()}});
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, into, taken));
    if (AwaitsAnswer(ticket)) {
      ESNAF_ASSIGN_OR_RETURN(const TicketEvent question,
                             TakeQuestion(into, ticket, cause.actor, MomentOf(into, cause.now)));
      ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, into, question));
    }
    return TicketToProto(ticket);
  });
}

absl::StatusOr<v1::Ticket> TicketService::SplitTicket(Call& call, const v1::SplitTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  if (request.message_ids().empty() || request.message_ids_size() > kMostSplit) {
    return InvalidField("message_ids", absl::StrCat("are not 1 to ", kMostSplit));
  }
  std::vector<Uuid> message_ids;
  for (int i = 0; i < request.message_ids_size(); ++i) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid message_id,
                           api::ParseId(request.message_ids(i), absl::StrCat("message_ids[", i, "]")));
    message_ids.push_back(message_id);
  }
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockVisible(call, tx, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), ticket));
    ESNAF_ASSIGN_OR_RETURN(std::vector<TicketMessage> messages, FindMessages(tx, id, message_ids));
    for (std::size_t i = 0; i < message_ids.size(); ++i) {
      const bool own = std::any_of(messages.begin(), messages.end(),
                                   [&](const TicketMessage& message) { return message.id == message_ids[i]; });
      if (!own) return InvalidField(absl::StrCat("message_ids[", i, "]"), "is no message of the ticket");
    }
    const Cause cause = CauseOf(call);
    ESNAF_ASSIGN_OR_RETURN(Ticket made, SplitOff(ticket, request.subject(), cause.now, messages));
    TicketEvent event = PlainEvent(made, cause.actor, "split_off", {{"ticket_id", id.ToString()}});
    event.author = messages.front().author;
    event.message_kind = messages.front().kind;
    ESNAF_ASSIGN_OR_RETURN(const bool created, writer_.Create(tx, cause, made, event, messages));
    if (!created) return absl::AbortedError("the ticket is just being created");
    ESNAF_RETURN_IF_ERROR(AddLink(tx, ticket.id, made.id));
    made.linked_ids = {ticket.id};
    ticket.linked_ids.push_back(made.id);
    const TicketEvent split = PlainEvent(ticket, cause.actor, "split", {{"ticket_id", made.id.ToString()}});
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, split));
    return TicketToProto(made);
  });
}

template <typename Request>
absl::StatusOr<v1::Ticket> TicketService::Relink(Call& call, const Request& request, bool link) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const Uuid other_id, api::ParseId(request.other_id(), "other_id"));
  if (id == other_id) return InvalidField("other_id", "is the ticket itself");
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {id, other_id}));
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, TakeVisible(call, locked, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), ticket));
    absl::StatusOr<Ticket> other = TakeVisible(call, locked, other_id);
    if (!other.ok()) return InvalidField("other_id", "is no ticket");
    const bool linked =
        std::find(ticket.linked_ids.begin(), ticket.linked_ids.end(), other_id) != ticket.linked_ids.end();
    if (linked == link) return TicketToProto(ticket);
    ESNAF_RETURN_IF_ERROR(link ? AddLink(tx, id, other_id) : RemoveLink(tx, id, other_id));
    const Cause cause = CauseOf(call);
    for (Ticket* one : {&ticket, &*other}) {
      const Uuid& counterpart = one == &ticket ? other_id : id;
      if (link) {
        one->linked_ids.push_back(counterpart);
        std::sort(one->linked_ids.begin(), one->linked_ids.end());
      } else {
        std::erase(one->linked_ids, counterpart);
      }
      const TicketEvent event =
          PlainEvent(*one, cause.actor, link ? "linked" : "unlinked", {{"ticket_id", counterpart.ToString()}});
      ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, *one, event));
    }
    return TicketToProto(ticket);
  });
}

absl::StatusOr<v1::Ticket> TicketService::LinkTickets(Call& call, const v1::LinkTicketsRequest& request) {
  return Relink(call, request, true);
}
absl::StatusOr<v1::Ticket> TicketService::UnlinkTickets(Call& call, const v1::UnlinkTicketsRequest& request) {
  return Relink(call, request, false);
}

absl::StatusOr<v1::TicketMessage> TicketService::Say(Call& call, postgres::Tx& tx, const std::string& id,
                                                     TicketMessage message, v1::TicketState next_state) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid asked_id, api::ParseId(id, "id"));
  ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockVisible(call, tx, asked_id));
  const Cause cause = CauseOf(call);
  message.id = Uuid::NewV7(call.now());
  message.actor = cause.actor.name;
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<TicketMessage> known, FindMessage(tx, ticket.id, message.external_id));
    if (known) return MessageToProto(*known);
    if (message.author != AuthorKind::kCustomer) break;
    // What a requester writes goes where his ticket goes on.
    std::optional<Uuid> next = ticket.merged_into_id;
    if (ticket.state == TicketState::kClosed) {
      ESNAF_ASSIGN_OR_RETURN(next, FindFollowUp(tx, ticket.id));
      if (!next) return SayInFollowUp(tx, cause, ticket, std::move(message));
    }
    if (!next) break;
    ESNAF_ASSIGN_OR_RETURN(ticket, LockVisible(call, tx, *next));
  }
  message.ticket_id = ticket.id;
  message.create_time = MomentOf(ticket, cause.now);
  if (message.channel == 0) message.channel = ticket.channel;
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent event, ApplyMessage(ticket, message));
  FollowMentions(ticket, message);
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event, &message));
  if (next_state == v1::TICKET_STATE_UNSPECIFIED) return MessageToProto(message);
  const auto wanted = static_cast<TicketState>(next_state);
  if (wanted == ticket.state) return MessageToProto(message);
  if (wanted == TicketState::kSolved) ESNAF_RETURN_IF_ERROR(CheckParts(tx, ticket.id));
  ESNAF_ASSIGN_OR_RETURN(const TicketEvent change,
                         ApplyVerb(ticket, *VerbTo(wanted), cause.actor, message.create_time));
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, change));
  return MessageToProto(message);
}

absl::StatusOr<v1::TicketMessage> TicketService::SayInFollowUp(postgres::Tx& tx, const Cause& cause, Ticket& closed,
                                                               TicketMessage message) {
  Ticket made = FollowUpOf(closed, cause.now);
  message.ticket_id = made.id;
  message.create_time = cause.now;
  if (message.channel == 0) message.channel = made.channel;
  ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyMessage(made, message));
  event.kind = "created";
  ESNAF_ASSIGN_OR_RETURN(const bool created, writer_.Create(tx, cause, made, event, {message}));
  if (!created) return absl::AbortedError("the ticket is just being created");
  const TicketEvent followed = PlainEvent(closed, cause.actor, "followed_up", {{"ticket_id", made.id.ToString()}});
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, closed, followed));
  return MessageToProto(message);
}

absl::StatusOr<v1::TicketMessage> TicketService::ReplyToTicket(Call& call, const v1::ReplyToTicketRequest& request) {
  FieldViolations violations;
  const TicketMessage message =
      MessageFromProto(request.message(), MessageKind::kReply, CauseOf(call).actor.kind, violations);
  if (message.kind != MessageKind::kReply) violations.Add("message.kind", "is REPLY");
  const bool from_agent = message.author == AuthorKind::kAgent;
  if (IsStorefront(call) && from_agent) {
    violations.Add("message.author", "is CUSTOMER from a storefront");
  }
  const bool wants_state = request.next_state() != v1::TICKET_STATE_UNSPECIFIED;
  if (wants_state && (!from_agent || !IsNextState(request.next_state()))) {
    violations.Add("next_state", "is PENDING_CUSTOMER, PENDING_INTERNAL or SOLVED, of an agent's reply");
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return call.Mutate<v1::TicketMessage>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) {
    return Say(call, tx, request.id(), message, request.next_state());
  });
}

absl::StatusOr<v1::TicketMessage> TicketService::AddTicketNote(Call& call, const v1::AddTicketNoteRequest& request) {
  FieldViolations violations;
  const TicketMessage message =
      MessageFromProto(request.message(), MessageKind::kInternalNote, AuthorKind::kAgent, violations);
  if (message.kind == MessageKind::kReply) violations.Add("message.kind", "is PUBLIC_NOTE or INTERNAL_NOTE");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return call.Mutate<v1::TicketMessage>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) {
    return Say(call, tx, request.id(), message, v1::TICKET_STATE_UNSPECIFIED);
  });
}

}  // namespace esnaf::support

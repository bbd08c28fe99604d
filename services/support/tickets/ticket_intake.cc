#include "services/support/tickets/ticket_intake.h"

#include <set>

#include "libs/base/log.h"
#include "libs/identity/linker.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

// Who has less time than this left does not wait for others.
constexpr std::chrono::milliseconds kHurry{500};

// A ticket as it was asked for, with its first message, and without a number.
struct NewTicket {
  Cause cause;
  Ticket ticket;
  TicketMessage message;
  TicketEvent event;
  std::optional<identity::IdentitySet> requester;
};

absl::StatusOr<NewTicket> ReadNewTicket(const Call& call, const v1::CreateTicketRequest& request) {
  FieldViolations violations;
  NewTicket wanted{.cause = CauseOf(call), .ticket = TicketFromProto(request.ticket(), violations)};
  Ticket& ticket = wanted.ticket;
  TicketMessage& message = wanted.message;
  message = MessageFromProto(request.message(), MessageKind::kReply, wanted.cause.actor.kind, violations);
  if (IsStorefront(call) && message.author != AuthorKind::kCustomer) {
    violations.Add("message.author", "is CUSTOMER from a storefront");
  }
  if (request.has_requester()) {
    wanted.requester = RequesterFromProto(request.requester(), ticket.store_id, "requester", violations);
    if (ticket.contact_id) violations.Add("requester", "is given by the contact already");
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  if (!call.caller().MaySee(ticket.store_id)) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                     {{"store_id", ticket.store_id}});
  }
  ticket.id = ticket.external_id.empty() ? Uuid::NewV7(call.now()) : TicketIdOf(ticket.store_id, ticket.external_id);
  message.id = Uuid::NewV7(call.now());
  message.ticket_id = ticket.id;
  message.actor = wanted.cause.actor.name;
  message.create_time = call.now();
  if (message.channel == 0) message.channel = ticket.channel;
  ESNAF_ASSIGN_OR_RETURN(wanted.event, ApplyMessage(ticket, message));
  wanted.event.kind = "created";
  wanted.event.details.erase("from");
  return wanted;
}

// What has to be looked up for the ticket alone.
bool StandsAlone(const v1::CreateTicketRequest& request) {
  return !request.ticket().parent_id().empty() || !request.ticket().follow_up_of_id().empty() ||
         !request.message().attachment_ids().empty();
}

// What `body` answers; where it throws, that is one call's misfortune and not its neighbours'.
template <typename Body>
auto Caught(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& error) {
    LogError("creating a ticket threw", {{"error", error.what()}});
    return absl::InternalError("internal error");
  }
}

}  // namespace

struct TicketIntake::Wanted {
  Asked* asked;
  NewTicket made;
};

absl::StatusOr<v1::Ticket> TicketIntake::Create(Call& call, const v1::CreateTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(NewTicket wanted, ReadNewTicket(call, request));
  identity::Links links;
  if (wanted.ticket.contact_id || wanted.requester) {
    // What was answered is answered again, whatever contacts says now.
    ESNAF_ASSIGN_OR_RETURN(std::optional<v1::Ticket> answered, call.FindAnswer<v1::Ticket>(request));
    if (answered) return *std::move(answered);
  }
  if (wanted.ticket.contact_id) {
    ESNAF_RETURN_IF_ERROR(requesters_.CheckContact(call, *wanted.ticket.contact_id, "ticket.contact_id"));
  } else if (wanted.requester) {
    ESNAF_ASSIGN_OR_RETURN(links, requesters_.Find(call, *wanted.requester));
    wanted.ticket.contact_id = links.contacts[0];
  }
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    if (!wanted.ticket.external_id.empty()) {
      ESNAF_ASSIGN_OR_RETURN(const std::optional<Ticket> known, FindTicket(tx, wanted.ticket.id));
      if (known) return TicketToProto(*known);
    }
    ESNAF_RETURN_IF_ERROR(CheckNamed(call, tx, wanted.ticket.parent_id, "ticket.parent_id"));
    ESNAF_RETURN_IF_ERROR(CheckNamed(call, tx, wanted.ticket.follow_up_of_id, "ticket.follow_up_of_id"));
    Ticket ticket = wanted.ticket;
    ESNAF_ASSIGN_OR_RETURN(const bool created,
                           writer_.Create(tx, wanted.cause, ticket, wanted.event, {wanted.message}));
    if (!created) return absl::AbortedError("the ticket is just being created");
    if (wanted.requester) {
      ESNAF_RETURN_IF_ERROR(requesters_.Keep(tx, ticket.id, *wanted.requester, links, call.now()));
    }
    return TicketToProto(ticket);
  });
}

void TicketIntake::CreateTogether(std::vector<Asked>& asked) {
  // Those with a key need a transaction each, for the record of their answer.
  std::vector<Asked*> hurried, together, alone;
  for (Asked& one : asked) {
    if (one.call.info().deadline < one.call.now() + kHurry) {
      hurried.push_back(&one);
    } else if (StandsAlone(one.request) || one.call.HasKey(one.request)) {
      alone.push_back(&one);
    } else {
      together.push_back(&one);
    }
  }
  for (Asked* one : hurried) CreateAlone(*one);
  if (!together.empty()) CreateSome(together);
  for (Asked* one : alone) CreateAlone(*one);
}

void TicketIntake::CreateAlone(Asked& one) {
  if (one.call.cancelled()) {
    one.answer = absl::CancelledError("nobody waits for the answer any more");
  } else {
    one.answer = Caught([&] { return Create(one.call, one.request); });
  }
}

void TicketIntake::CreateSome(std::span<Asked* const> asked) {
  if (asked.size() == 1) return CreateAlone(*asked[0]);
  const absl::StatusOr<std::vector<Asked*>> alone = Caught([&] { return RecordTogether(asked); });
  if (alone.status().code() == absl::StatusCode::kUnavailable) {
    // The database is away: each would be told so.
    for (Asked* one : asked) one->answer = alone.status();
  } else if (!alone.ok()) {
    // Something is wrong with one of them, which the halving finds.
    CreateSome(asked.first(asked.size() / 2));
    CreateSome(asked.subspan(asked.size() / 2));
  } else {
    for (Asked* one : *alone) CreateAlone(*one);
  }
}

absl::StatusOr<std::vector<TicketIntake::Asked*>> TicketIntake::RecordTogether(std::span<Asked* const> asked) {
  std::vector<Wanted> wanted;
  std::vector<Asked*> alone;
  std::set<Uuid> ids;
  for (Asked* one : asked) {
    absl::StatusOr<NewTicket> made = ReadNewTicket(one->call, one->request);
    if (!made.ok()) {
      one->answer = made.status();
    } else if (!ids.insert(made->ticket.id).second) {
      // The same ticket comes twice; whoever comes later is answered with the one that there is.
      alone.push_back(one);
    } else {
      wanted.push_back({one, *std::move(made)});
    }
  }
  if (wanted.empty()) return alone;
  ESNAF_ASSIGN_OR_RETURN(const identity::Links links, FindRequesters(wanted, alone));
  if (wanted.empty()) return alone;
  std::vector<Call*> calls;
  for (const Wanted& one : wanted) calls.push_back(&one.asked->call);
  std::vector<std::optional<v1::Ticket>> answers;
  ESNAF_RETURN_IF_ERROR(Call::MutateTogether(calls, Call::Writes::kTransaction,
                                             [&](postgres::Tx& tx) { return Record(tx, wanted, links, answers); }));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (answers[i]) {
      wanted[i].asked->answer = *std::move(answers[i]);
    } else {
      alone.push_back(wanted[i].asked);
    }
  }
  return alone;
}

absl::StatusOr<identity::Links> TicketIntake::FindRequesters(std::vector<Wanted>& wanted, std::vector<Asked*>& alone) {
  std::vector<Uuid> contacts;
  // The call with the least time left speaks for all.
  Call* call = &wanted.front().asked->call;
  for (const Wanted& one : wanted) {
    if (one.made.ticket.contact_id) contacts.push_back(*one.made.ticket.contact_id);
    if (one.asked->call.info().deadline < call->info().deadline) call = &one.asked->call;
  }
  if (!contacts.empty()) {
    ESNAF_ASSIGN_OR_RETURN(const std::set<Uuid> known,
                           call->Read([&](postgres::Tx& tx) { return identity::KnownContacts(tx, contacts); }));
    std::erase_if(wanted, [&](const Wanted& one) {
      const bool unheard = one.made.ticket.contact_id && !known.contains(*one.made.ticket.contact_id);
      if (unheard) alone.push_back(one.asked);
      return unheard;
    });
  }
  std::vector<identity::IdentitySet> sets;
  for (const Wanted& one : wanted) {
    if (one.made.requester) sets.push_back(*one.made.requester);
  }
  // Where contacts refuses one of them, the others are found at once when they are alone.
  ESNAF_ASSIGN_OR_RETURN(identity::Links links, requesters_.FindAll(call->connection(), sets, call->info().deadline));
  std::size_t place = 0;
  for (Wanted& one : wanted) {
    if (one.made.requester) one.made.ticket.contact_id = links.contacts[place++];
  }
  return links;
}

absl::Status TicketIntake::Record(postgres::Tx& tx, const std::vector<Wanted>& wanted, const identity::Links& links,
                                  std::vector<std::optional<v1::Ticket>>& answers) {
  answers.assign(wanted.size(), std::nullopt);
  std::vector<Uuid> named;
  for (const Wanted& one : wanted) {
    if (!one.made.ticket.external_id.empty()) named.push_back(one.made.ticket.id);
  }
  std::map<Uuid, Ticket> known;
  if (!named.empty()) {
    ESNAF_ASSIGN_OR_RETURN(known, FindTickets(tx, named));
  }
  std::vector<Ticket> tickets(wanted.size());
  std::vector<TicketWriter::Creation> creations;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const NewTicket& made = wanted[i].made;
    if (const auto found = known.find(made.ticket.id); found != known.end()) {
      answers[i] = TicketToProto(found->second);
      continue;
    }
    tickets[i] = made.ticket;
    creations.push_back({&made.cause, &tickets[i], made.event, {made.message}});
    places.push_back(i);
  }
  ESNAF_RETURN_IF_ERROR(writer_.CreateAll(tx, creations));
  ESNAF_RETURN_IF_ERROR(links.Remember(tx));
  std::vector<Requesters::Parking> parking;
  for (std::size_t i = 0; i < creations.size(); ++i) {
    if (!creations[i].created) continue;
    const NewTicket& made = wanted[places[i]].made;
    if (made.requester && !made.ticket.contact_id) parking.push_back({made.ticket.id, *made.requester});
    answers[places[i]] = TicketToProto(*creations[i].ticket);
  }
  return Requesters::Park(tx, parking, wanted.front().made.cause.now);
}

}  // namespace esnaf::support

#include "services/support/inbound/phone_call_service.h"

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/identity/identity.h"
#include "services/support/inbound/phone_call_store.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_thread.h"

namespace esnaf::support {
namespace {

using runtime::Call;

const api::FieldTable& CallFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{
      .fields =
          {{.name = "ticket_id", .sql = "c.ticket_id", .type = Type::kUuid},
           {.name = "store_id", .sql = "c.store_id"},
           {.name = "phone_number", .sql = "c.phone_number"},
           {.name = "agent", .sql = "c.agent"},
           {.name = "direction",
            .sql = "c.direction",
            .type = Type::kEnum,
            .enum_values = {{"INBOUND", "1"}, {"OUTBOUND", "2"}}},
           {.name = "outcome",
            .sql = "c.outcome",
            .type = Type::kEnum,
            .enum_values = {{"ANSWERED", "1"}, {"NO_ANSWER", "2"}, {"BUSY", "3"}, {"VOICEMAIL", "4"}, {"FAILED", "5"}}},
           {.name = "start_time", .sql = "c.start_time", .type = Type::kTime},
           {.name = "create_time", .sql = "c.create_time", .type = Type::kTime}},
      .id_sql = "c.id"};
  return kFields;
}

// Adds what is wrong.
PhoneCall CallFromProto(const Call& call, const v1::PhoneCall& message, FieldViolations& violations) {
  PhoneCall read{.id = Uuid::NewV7(call.now()),
                 .external_id = message.external_id(),
                 .store_id = message.store_id(),
                 .start_time = call.now(),
                 .duration = std::chrono::seconds(message.duration_seconds()),
                 .recording_url = message.recording_url(),
                 .summary = message.summary(),
                 .agent = message.agent().empty() ? call.caller().actor : message.agent(),
                 .create_time = call.now()};
  if (message.direction() == v1::PHONE_CALL_DIRECTION_UNSPECIFIED ||
      !v1::PhoneCallDirection_IsValid(message.direction())) {
    violations.Add("call.direction", "is neither INBOUND nor OUTBOUND");
  } else {
    read.direction = static_cast<CallDirection>(message.direction());
  }
  if (message.outcome() == v1::PHONE_CALL_OUTCOME_UNSPECIFIED || !v1::PhoneCallOutcome_IsValid(message.outcome())) {
    violations.Add("call.outcome", "is no outcome");
  } else {
    read.outcome = static_cast<CallOutcome>(message.outcome());
  }
  if (absl::StatusOr<std::string> number = NormalizePhone(message.phone_number()); number.ok()) {
    read.phone_number = *std::move(number);
  } else {
    violations.Add("call.phone_number", "is no phone number");
  }
  if (!message.has_start_time()) {
    violations.Add("call.start_time", "is required");
  } else if (const absl::StatusOr<Time> start = api::FromProto(message.start_time(), "call.start_time"); start.ok()) {
    read.start_time = *start;
  } else {
    violations.Add("call.start_time", "is no time");
  }
  CheckPhoneCall(read, call.now(), violations);
  return read;
}

v1::PhoneCall CallToProto(const PhoneCall& call) {
  v1::PhoneCall message;
  message.set_id(call.id.ToString());
  message.set_external_id(call.external_id);
  message.set_store_id(call.store_id);
  message.set_ticket_id(call.ticket_id.ToString());
  message.set_message_id(call.ticket_message_id.ToString());
  if (call.contact_id) message.set_contact_id(call.contact_id->ToString());
  message.set_direction(static_cast<v1::PhoneCallDirection>(call.direction));
  message.set_outcome(static_cast<v1::PhoneCallOutcome>(call.outcome));
  message.set_phone_number(call.phone_number);
  *message.mutable_start_time() = api::ToProto(call.start_time);
  message.set_duration_seconds(static_cast<int>(call.duration.count()));
  message.set_recording_url(call.recording_url);
  message.set_summary(call.summary);
  message.set_agent(call.agent);
  *message.mutable_create_time() = api::ToProto(call.create_time);
  return message;
}

// By the number: whose verified one it is, as the own copy knows, or as contacts finds or creates somebody. A caller's
// number proves nothing, so contacts learns none from it.
identity::IdentitySet SetOf(const std::string& phone_number, bool verified) {
  return {.identities = {{identity::Kind::kPhone, "", phone_number, verified}}};
}

}  // namespace

runtime::RpcService PhoneCallService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.PhoneCallService");
  rpcs.Unary("LogPhoneCall", this, &PhoneCallService::LogPhoneCall)
      .Unary("GetPhoneCall", this, &PhoneCallService::GetPhoneCall)
      .Unary("ListPhoneCalls", this, &PhoneCallService::ListPhoneCalls);
  return rpcs;
}

absl::Status PhoneCallService::SayAll(postgres::Tx& tx, const std::string& actor, Time now, Ticket& ticket,
                                      std::vector<TicketMessage>& messages, Ticket* closed) {
  for (TicketMessage& message : messages) {
    message.ticket_id = ticket.id;
    const Cause cause{{message.author, actor}, "", now};
    const bool opens = ticket.version == 0;
    if (opens && closed != nullptr) {
      ESNAF_RETURN_IF_ERROR(OpenFollowUp(tx, writer_, cause, *closed, ticket, message));
    } else if (opens) {
      ESNAF_RETURN_IF_ERROR(OpenTicket(tx, writer_, cause, ticket, message));
    } else {
      ESNAF_RETURN_IF_ERROR(SayInTicket(tx, writer_, cause, ticket, message));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Ticket> PhoneCallService::SayInOwnTicket(Call& call, postgres::Tx& tx, const Uuid& id,
                                                        std::vector<TicketMessage>& messages) {
  ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockWhereItGoesOn(tx, id));
  const std::string& actor = call.caller().actor;
  if (ticket.state == TicketState::kSpam) {
    // What is no ticket is answered by nobody; that they talked is noted all the same.
    messages.erase(messages.begin(), messages.end() - 1);
    messages.front().kind = MessageKind::kInternalNote;
    messages.front().author = AuthorKind::kAgent;
  }
  if (ticket.state == TicketState::kClosed && messages.front().kind == MessageKind::kReply) {
    Ticket made = FollowUpOf(ticket, call.now());
    made.channel = contacts::v1::CHANNEL_PHONE;
    ESNAF_RETURN_IF_ERROR(SayAll(tx, actor, call.now(), made, messages, &ticket));
    return made;
  }
  ESNAF_RETURN_IF_ERROR(SayAll(tx, actor, call.now(), ticket, messages));
  return ticket;
}

absl::StatusOr<v1::PhoneCall> PhoneCallService::LogPhoneCall(Call& call, const v1::LogPhoneCallRequest& request) {
  FieldViolations violations;
  PhoneCall read = CallFromProto(call, request.call(), violations);
  std::optional<Uuid> ticket_id;
  if (!request.call().ticket_id().empty()) {
    ticket_id = Uuid::Parse(request.call().ticket_id());
    if (!ticket_id) violations.Add("call.ticket_id", "is no UUID");
  }
  Ticket fresh{.id = Uuid::NewV7(call.now()),
               .store_id = read.store_id,
               .subject = request.call().subject().empty() ? SubjectOf(read) : request.call().subject(),
               .channel = contacts::v1::CHANNEL_PHONE,
               .team = request.call().team()};
  CheckTicket(fresh, "call", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  // Where a ticket is named, it says which store's the call is.
  if (!ticket_id && !call.caller().MaySee(read.store_id)) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                     {{"store_id", read.store_id}});
  }
  identity::Links links;
  const identity::IdentitySet requester = SetOf(read.phone_number, false);
  ESNAF_ASSIGN_OR_RETURN(std::optional<v1::PhoneCall> answered, call.FindAnswer<v1::PhoneCall>(request));
  if (answered) return *std::move(answered);
  if (!ticket_id) {
    ESNAF_ASSIGN_OR_RETURN(const auto known, call.Read([&](postgres::Tx& tx) {
      return identity::FindContacts(tx, {SetOf(read.phone_number, true)});
    }));
    fresh.contact_id = known.front();
    if (!fresh.contact_id) {
      ESNAF_ASSIGN_OR_RETURN(links, requesters_.Find(call, requester));
      fresh.contact_id = links.contacts[0];
    }
  }
  using Answer = absl::StatusOr<v1::PhoneCall>;
  return call.Mutate<v1::PhoneCall>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    PhoneCall logged = read;
    if (ticket_id) {
      ESNAF_ASSIGN_OR_RETURN(const Ticket named, VisibleTicket(call, tx, *ticket_id));
      logged.store_id = named.store_id;
    }
    ESNAF_ASSIGN_OR_RETURN(const auto before, FindPhoneCallOf(tx, logged.store_id, logged.external_id));
    if (before) return CallToProto(*before);
    std::vector<TicketMessage> messages = MessagesOf(logged, call.now());
    Ticket ticket = fresh;
    if (ticket_id) {
      ESNAF_ASSIGN_OR_RETURN(ticket, SayInOwnTicket(call, tx, *ticket_id, messages));
    } else {
      ESNAF_RETURN_IF_ERROR(SayAll(tx, call.caller().actor, call.now(), ticket, messages));
      if (!links.contacts.empty()) {
        ESNAF_RETURN_IF_ERROR(requesters_.Keep(tx, ticket.id, requester, links, call.now()));
      }
    }
    logged.ticket_id = ticket.id;
    logged.contact_id = ticket.contact_id;
    logged.ticket_message_id = messages.back().id;
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertPhoneCall(tx, logged));
    if (!inserted) return absl::AbortedError("the call is just being logged");
    return CallToProto(logged);
  });
}

absl::StatusOr<v1::PhoneCall> PhoneCallService::GetPhoneCall(Call& call, const v1::GetPhoneCallRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::PhoneCall> {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<PhoneCall> found, FindPhoneCall(tx, id));
    if (!found || !call.caller().MaySee(found->store_id)) return NotFound("phone_call", request.id());
    return CallToProto(*found);
  });
}

absl::StatusOr<v1::ListPhoneCallsResponse> PhoneCallService::ListPhoneCalls(Call& call,
                                                                            const v1::ListPhoneCallsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, CallFields(), {.default_order = "start_time desc"}));
  const bool all = call.caller().store_ids.empty();
  const api::SqlQuery sql =
      all ? query.Select(kPhoneCallColumns, "phone_call c")
          : query.Select(kPhoneCallColumns, "phone_call c", "c.store_id = ANY ($1::text[])", {call.caller().store_ids});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListPhoneCallsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListPhoneCallsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_calls() = CallToProto(ReadPhoneCall(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kPhoneCallColumnCount));
    return response;
  });
}

}  // namespace esnaf::support

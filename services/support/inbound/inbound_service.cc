#include "services/support/inbound/inbound_service.h"

#include <numeric>

#include "esnaf/contacts/v1/interactions.pb.h"
#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/inbound/inbound_store.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_thread.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr int kMostMessages = 100;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxReasonBytes = 1000;

const api::FieldTable& OutboundFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "create_time", .sql = "o.create_time", .type = api::FieldType::kTime}}, .id_sql = "o.id"};
  return kFields;
}

Cause CauseFor(const InboundMessage& message, Time now) {
  return {{message.from_firm ? AuthorKind::kAgent : AuthorKind::kCustomer, SourceActor(message.conversation.source)},
          "",
          now};
}

v1::InboundMessageResult ResultToProto(const InboundRecord& record, bool repeated) {
  v1::InboundMessageResult result;
  result.set_message_id(record.message_id);
  result.set_ticket_id(record.ticket_id.ToString());
  if (record.ticket_message_id) result.set_ticket_message_id(record.ticket_message_id->ToString());
  result.set_outcome(static_cast<v1::InboundOutcome>(record.outcome));
  result.set_repeated(repeated);
  return result;
}

v1::OutboundMessage OutboundToProto(const OutboundMessage& message) {
  v1::OutboundMessage proto;
  proto.set_id(message.id.ToString());
  proto.set_store_id(message.conversation.store_id);
  proto.set_source(message.conversation.source);
  proto.set_conversation_id(message.conversation.conversation_id);
  proto.set_recipient_external_id(message.sender_id);
  proto.set_answered_message_id(message.answered_message_id);
  proto.set_text(message.text);
  proto.set_ticket_id(message.ticket_id.ToString());
  proto.set_ticket_message_id(message.id.ToString());
  proto.set_state(static_cast<v1::OutboundState>(message.state));
  proto.set_attempt_count(message.attempt_count);
  proto.set_failure(message.failure);
  *proto.mutable_next_attempt_time() = api::ToProto(message.next_attempt_time);
  *proto.mutable_create_time() = api::ToProto(message.create_time);
  for (const Uuid& id : message.attachment_ids) proto.add_attachment_ids(id.ToString());
  return proto;
}

absl::Status WrongState(const OutboundMessage& message) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "OUTBOUND_STATE",
                   message.state == OutboundState::kFailed ? "it has failed for good" : "it was delivered",
                   {{"id", message.id.ToString()}});
}

absl::StatusOr<OutboundMessage> LockVisibleOutbound(const Call& call, postgres::Tx& tx, const Uuid& id) {
  ESNAF_ASSIGN_OR_RETURN(std::optional<OutboundMessage> message, LockOutbound(tx, id));
  if (!message || !call.caller().MaySee(message->conversation.store_id)) {
    return NotFound("outbound_message", id.ToString());
  }
  return *std::move(message);
}

// Every other transaction locks conversations in this order too.
absl::Status LockAll(postgres::Tx& tx, const std::vector<const InboundMessage*>& messages) {
  std::map<std::tuple<std::string, std::string, std::string>, std::string> senders;
  for (const InboundMessage* message : messages) {
    const ConversationKey& key = message->conversation;
    senders.emplace(std::tuple(key.store_id, key.source, key.conversation_id), message->sender.external_id);
  }
  for (const auto& [key, sender] : senders) {
    const auto& [store_id, source, conversation_id] = key;
    ESNAF_RETURN_IF_ERROR(LockConversation(tx, {store_id, source, conversation_id}, sender).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status OfferReply(postgres::Tx& tx, const Cause& cause, const Ticket& ticket, const TicketMessage& message) {
  const bool by_source =
      message.channel == contacts::v1::CHANNEL_SOCIAL || message.channel == contacts::v1::CHANNEL_MARKETPLACE;
  const bool answers = message.kind == MessageKind::kReply && message.author != AuthorKind::kCustomer && by_source;
  if (!answers || IsSourceActor(message.actor)) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::optional<ConversationOfTicket> conversation, FindConversationOf(tx, ticket.id));
  if (!conversation) return absl::OkStatus();
  return InsertOutbound(tx, {.id = message.id,
                             .conversation = conversation->key,
                             .sender_id = conversation->sender_id,
                             .answered_message_id = conversation->last_message_id,
                             .text = message.text,
                             .ticket_id = ticket.id,
                             .create_time = cause.now});
}

runtime::RpcService InboundService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.InboundMessageService");
  rpcs.Unary("CreateInboundMessage", this, &InboundService::CreateInboundMessage)
      .Unary("BatchCreateInboundMessages", this, &InboundService::BatchCreateInboundMessages)
      .Unary("ListOutboundMessages", this, &InboundService::ListOutboundMessages)
      .Unary("AckOutboundMessage", this, &InboundService::AckOutboundMessage)
      .Unary("FailOutboundMessage", this, &InboundService::FailOutboundMessage);
  return rpcs;
}

InboundService::Arrival InboundService::Read(Call& call, const v1::InboundMessage& message, const std::string& field) {
  FieldViolations violations;
  Arrival arrival{.message = InboundFromProto(message, field, call.now(), violations)};
  arrival.refusal = violations.ToStatus();
  if (arrival.refusal.ok() && !call.caller().MaySee(arrival.message.conversation.store_id)) {
    arrival.refusal = MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE",
                                "the key is not for this store", {{"store_id", message.store_id()}});
  }
  if (arrival.refusal.ok()) arrival.refusal = FindRequester(call, arrival);
  return arrival;
}

absl::Status InboundService::FindRequester(Call& call, Arrival& arrival) {
  const InboundMessage& message = arrival.message;
  std::optional<identity::IdentitySet> requester = RequesterOf(message);
  if (!requester) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const bool known, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<bool> {
    ESNAF_ASSIGN_OR_RETURN(const bool has_ticket, HasTicket(tx, message.conversation));
    if (has_ticket) return true;
    ESNAF_ASSIGN_OR_RETURN(const auto contact, ContactOfSender(tx, message.conversation, message.sender.external_id));
    return contact.has_value();
  }));
  if (known) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(arrival.links, requesters_.Find(call, *requester));
  arrival.requester = std::move(requester);
  return absl::OkStatus();
}

absl::Status InboundService::TakeAsNew(postgres::Tx& tx, const Arrival& arrival, Time now, InboundRecord& record) {
  const InboundMessage& message = arrival.message;
  Ticket ticket = TicketOf(message, now);
  ESNAF_ASSIGN_OR_RETURN(ticket.contact_id, ContactOfSender(tx, message.conversation, message.sender.external_id));
  const bool asked = !ticket.contact_id && arrival.requester;
  if (asked) ticket.contact_id = arrival.links.contacts[0];
  const TicketMessage said = MessageOf(message, ticket, now);
  ESNAF_RETURN_IF_ERROR(OpenTicket(tx, writer_, CauseFor(message, now), ticket, said));
  if (asked) ESNAF_RETURN_IF_ERROR(requesters_.Keep(tx, ticket.id, *arrival.requester, arrival.links, now));
  record.outcome = InboundOutcome::kTicket;
  record.ticket_id = ticket.id;
  record.ticket_message_id = said.id;
  return absl::OkStatus();
}

absl::Status InboundService::TakeInTicket(postgres::Tx& tx, const InboundMessage& message, const Uuid& ticket_id,
                                          Time now, InboundRecord& record) {
  ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockWhereItGoesOn(tx, ticket_id));
  record.ticket_id = ticket.id;
  if (ticket.state == TicketState::kSpam) {
    record.outcome = InboundOutcome::kIgnored;
    return absl::OkStatus();
  }
  const Cause cause = CauseFor(message, now);
  TicketMessage said = MessageOf(message, ticket, now);
  record.ticket_message_id = said.id;
  if (ticket.state != TicketState::kClosed) {
    record.outcome = InboundOutcome::kMessage;
    return SayInTicket(tx, writer_, cause, ticket, said);
  }
  if (message.from_firm) {
    said.kind = MessageKind::kInternalNote;
    record.outcome = InboundOutcome::kNote;
    return SayInTicket(tx, writer_, cause, ticket, said);
  }
  Ticket made = FollowUpOf(ticket, now);
  made.channel = message.channel;
  made.custom_fields = TicketOf(message, now).custom_fields;
  said.ticket_id = made.id;
  record.outcome = InboundOutcome::kFollowUp;
  record.ticket_id = made.id;
  return OpenFollowUp(tx, writer_, cause, ticket, made, said);
}

absl::StatusOr<InboundRecord> InboundService::Take(postgres::Tx& tx, const Arrival& arrival, Time now, bool& repeated) {
  const InboundMessage& message = arrival.message;
  const ConversationKey& key = message.conversation;
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Uuid> ticket_id, LockConversation(tx, key, message.sender.external_id));
  std::optional<OutboundMessage> copied;
  if (message.from_firm) {
    ESNAF_ASSIGN_OR_RETURN(copied, LockWaitingCopy(tx, key, message.text));
  }
  // Asked only now: while the copy was waited for, the adapter may have said under which id it was delivered.
  ESNAF_ASSIGN_OR_RETURN(const std::optional<InboundRecord> known, FindInbound(tx, key, message.message_id));
  repeated = known.has_value();
  if (known) return *known;
  InboundRecord record{.conversation = key, .message_id = message.message_id, .create_time = now};
  if (copied) {
    // The source shows what the adapter has just delivered, before the adapter said so.
    copied->state = OutboundState::kDelivered;
    ESNAF_RETURN_IF_ERROR(UpdateOutbound(tx, *copied));
    record.outcome = InboundOutcome::kEcho;
    record.ticket_id = copied->ticket_id;
    record.ticket_message_id = copied->id;
  } else if (ticket_id) {
    ESNAF_RETURN_IF_ERROR(TakeInTicket(tx, message, *ticket_id, now, record));
  } else {
    ESNAF_RETURN_IF_ERROR(TakeAsNew(tx, arrival, now, record));
  }
  if (!copied && ticket_id != record.ticket_id) {
    ESNAF_RETURN_IF_ERROR(SetConversationTicket(tx, key, record.ticket_id));
  }
  if (!message.from_firm) {
    ESNAF_RETURN_IF_ERROR(NoteCustomerMessage(tx, key, message.message_id, message.occur_time));
  }
  ESNAF_ASSIGN_OR_RETURN(const bool first, InsertInbound(tx, record));
  if (!first) return absl::AbortedError("the message is just being delivered");
  return record;
}

absl::StatusOr<v1::InboundMessageResult> InboundService::CreateInboundMessage(
    Call& call, const v1::CreateInboundMessageRequest& request) {
  const Arrival arrival = Read(call, request.message(), "message");
  ESNAF_RETURN_IF_ERROR(arrival.refusal);
  using Answer = absl::StatusOr<v1::InboundMessageResult>;
  return call.Mutate<v1::InboundMessageResult>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    bool repeated = false;
    ESNAF_ASSIGN_OR_RETURN(const InboundRecord record, Take(tx, arrival, call.now(), repeated));
    return ResultToProto(record, repeated);
  });
}

absl::StatusOr<v1::BatchCreateInboundMessagesResponse> InboundService::BatchCreateInboundMessages(
    Call& call, const v1::BatchCreateInboundMessagesRequest& request) {
  if (request.messages().empty() || request.messages_size() > kMostMessages) {
    return InvalidField("messages", absl::StrCat("are not 1 to ", kMostMessages));
  }
  std::vector<Arrival> arrivals;
  for (int i = 0; i < request.messages_size(); ++i) {
    arrivals.push_back(Read(call, request.messages(i), absl::StrCat("messages[", i, "]")));
    // What may pass by itself is said of the whole call, which is repeated then.
    const absl::Status& refusal = arrivals.back().refusal;
    if (!refusal.ok() && !identity::IsRefusal(refusal)) return refusal;
  }
  std::vector<std::size_t> order(arrivals.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return arrivals[a].message.occur_time < arrivals[b].message.occur_time;
  });
  using Answer = absl::StatusOr<v1::BatchCreateInboundMessagesResponse>;
  return call.Mutate<v1::BatchCreateInboundMessagesResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        std::vector<const InboundMessage*> taken;
        for (const Arrival& arrival : arrivals) {
          if (arrival.refusal.ok()) taken.push_back(&arrival.message);
        }
        ESNAF_RETURN_IF_ERROR(LockAll(tx, taken));
        v1::BatchCreateInboundMessagesResponse response;
        for (std::size_t i = 0; i < arrivals.size(); ++i) response.add_results();
        for (const std::size_t i : order) {
          v1::InboundMessageResult& result = *response.mutable_results(static_cast<int>(i));
          result.set_message_id(arrivals[i].message.message_id);
          if (!arrivals[i].refusal.ok()) {
            result.mutable_error()->set_code(static_cast<int>(arrivals[i].refusal.code()));
            result.mutable_error()->set_message(std::string(ToStd(arrivals[i].refusal.message())));
            continue;
          }
          bool repeated = false;
          ESNAF_ASSIGN_OR_RETURN(const InboundRecord record, Take(tx, arrivals[i], call.now(), repeated));
          result = ResultToProto(record, repeated);
        }
        return response;
      });
}

absl::StatusOr<v1::ListOutboundMessagesResponse> InboundService::ListOutboundMessages(
    Call& call, const v1::ListOutboundMessagesRequest& request) {
  if (request.source().empty()) return InvalidField("source", "is required");
  if (!v1::OutboundState_IsValid(request.state())) return InvalidField("state", "is no state");
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, OutboundFields(), {.default_order = "create_time"}));
  const bool due = request.state() == v1::OUTBOUND_STATE_UNSPECIFIED;
  const int state = due ? static_cast<int>(OutboundState::kWaiting) : static_cast<int>(request.state());
  const api::SqlQuery sql =
      query.Select(kOutboundColumns, "outbound_message o",
                   "o.source = $1 AND o.state = $2 AND (NOT $3 OR o.next_attempt_time <= $4) "
                   "AND ($5 = '' OR o.store_id = $5) "
                   "AND (cardinality($6::text[]) = 0 OR o.store_id = ANY ($6::text[]))",
                   {request.source(), state, due, call.now(), request.store_id(), call.caller().store_ids});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListOutboundMessagesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListOutboundMessagesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_messages() = OutboundToProto(ReadOutbound(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kOutboundColumnCount));
    return response;
  });
}

absl::StatusOr<v1::OutboundMessage> InboundService::AckOutboundMessage(Call& call,
                                                                       const v1::AckOutboundMessageRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  const std::string& external_id = request.external_message_id();
  if (external_id.size() > kMaxNameBytes || !IsCleanUtf8(external_id)) {
    return InvalidField("external_message_id", absl::StrCat("is no clean UTF-8 of at most ", kMaxNameBytes, " bytes"));
  }
  using Answer = absl::StatusOr<v1::OutboundMessage>;
  return call.Mutate<v1::OutboundMessage>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(OutboundMessage message, LockVisibleOutbound(call, tx, id));
    if (message.state == OutboundState::kFailed) return WrongState(message);
    message.state = OutboundState::kDelivered;
    message.failure.clear();
    ESNAF_RETURN_IF_ERROR(UpdateOutbound(tx, message));
    if (!external_id.empty()) {
      const InboundRecord echo{.conversation = message.conversation,
                               .message_id = external_id,
                               .outcome = InboundOutcome::kEcho,
                               .ticket_id = message.ticket_id,
                               .ticket_message_id = message.id,
                               .create_time = call.now()};
      // Its copy may have come first.
      ESNAF_RETURN_IF_ERROR(InsertInbound(tx, echo).status());
    }
    return OutboundToProto(message);
  });
}

absl::StatusOr<v1::OutboundMessage> InboundService::FailOutboundMessage(Call& call,
                                                                        const v1::FailOutboundMessageRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  const std::string& reason = request.reason();
  if (Trim(reason).empty() || reason.size() > kMaxReasonBytes || !IsCleanUtf8(reason)) {
    return InvalidField("reason", absl::StrCat("is no clean UTF-8 of 1 to ", kMaxReasonBytes, " bytes"));
  }
  using Answer = absl::StatusOr<v1::OutboundMessage>;
  return call.Mutate<v1::OutboundMessage>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(OutboundMessage message, LockVisibleOutbound(call, tx, id));
    if (message.state == OutboundState::kFailed) return OutboundToProto(message);
    if (message.state == OutboundState::kDelivered) return WrongState(message);
    ++message.attempt_count;
    message.failure = reason;
    message.next_attempt_time = call.now() + RetryDelay(message.attempt_count);
    if (request.permanent() || message.attempt_count >= kMostAttempts) {
      message.state = OutboundState::kFailed;
      ESNAF_ASSIGN_OR_RETURN(auto locked, LockTickets(tx, {message.ticket_id}));
      Ticket& ticket = locked.begin()->second;
      const Cause cause = OwnCause(call.now());
      const TicketMessage note{.id = Uuid::NewV7(call.now()),
                               .ticket_id = ticket.id,
                               .kind = MessageKind::kInternalNote,
                               .author = AuthorKind::kSystem,
                               .actor = cause.actor.name,
                               .text = absl::StrCat("Mesaj iletilemedi (", message.conversation.source, "): ", reason),
                               .channel = ticket.channel,
                               .create_time = call.now()};
      ESNAF_RETURN_IF_ERROR(SayInTicket(tx, writer_, cause, ticket, note));
    }
    ESNAF_RETURN_IF_ERROR(UpdateOutbound(tx, message));
    return OutboundToProto(message);
  });
}

}  // namespace esnaf::support

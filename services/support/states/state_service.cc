#include "services/support/states/state_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "libs/base/text.h"
#include "services/support/names.h"
#include "services/support/states/state_store.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::size_t kMaxNameBytes = 200;

const api::FieldTable& StateFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "position", .sql = "s.position", .type = api::FieldType::kInteger},
                 {.name = "id", .sql = "s.id"}},
      .id_sql = "s.id"};
  return kFields;
}

v1::NamedTicketState ToProto(const StateRecord& record) {
  v1::NamedTicketState message;
  message.set_id(record.body.name.id);
  message.set_name_tr(record.body.name.turkish);
  message.set_name_en(record.body.name.english);
  message.set_type(static_cast<v1::TicketState>(record.body.type));
  message.set_store_id(record.body.store_id);
  message.set_position(record.body.position);
  message.set_archived(record.body.archived);
  message.set_default_(record.body.is_default);
  return WithRecord(std::move(message), record);
}

absl::StatusOr<TicketStateRule> FromProto(const v1::NamedTicketState& message) {
  FieldViolations violations;
  CheckNames(message.id(), "", "state", violations);
  for (const auto& [field, text] :
       {std::pair("state.name_tr", &message.name_tr()), std::pair("state.name_en", &message.name_en())}) {
    if (text->size() > kMaxNameBytes || !IsCleanUtf8(*text)) {
      violations.Add(field, absl::StrCat("is no clean UTF-8 of at most ", kMaxNameBytes, " bytes"));
    }
  }
  if (Trim(message.name_tr()).empty() && Trim(message.name_en()).empty()) {
    violations.Add("state.name_tr", "is empty, and so is the English one");
  }
  if (message.type() == v1::TICKET_STATE_UNSPECIFIED || message.type() == v1::TICKET_STATE_MERGED ||
      !v1::TicketState_IsValid(message.type())) {
    violations.Add("state.type", "is no state that can have names");
  }
  if (!message.store_id().empty() && !IsStoreId(message.store_id())) {
    violations.Add("state.store_id", "is no id of a store");
  }
  if (message.position() < 0) violations.Add("state.position", "is negative");
  if (message.archived() && message.default_()) violations.Add("state.default", "is none that is archived");
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return TicketStateRule{.name = {message.id(), message.name_tr(), message.name_en()},
                         .type = static_cast<TicketState>(message.type()),
                         .store_id = message.store_id(),
                         .position = message.position(),
                         .archived = message.archived(),
                         .is_default = message.default_()};
}

absl::Status CheckStore(const Call& call, const std::string& store_id) {
  if (call.caller().MaySee(store_id)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                   {{"store_id", store_id}});
}

}  // namespace

runtime::RpcService TicketStateService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.TicketStateService");
  rpcs.Unary("CreateTicketState", this, &TicketStateService::CreateTicketState)
      .Unary("GetTicketState", this, &TicketStateService::GetTicketState)
      .Unary("ListTicketStates", this, &TicketStateService::ListTicketStates)
      .Unary("UpdateTicketState", this, &TicketStateService::UpdateTicketState)
      .Unary("DeleteTicketState", this, &TicketStateService::DeleteTicketState)
      .Unary("MoveTicket", this, &TicketStateService::MoveTicket);
  return rpcs;
}

absl::StatusOr<v1::NamedTicketState> TicketStateService::CreateTicketState(
    Call& call, const v1::CreateTicketStateRequest& request) {
  StateRecord record{.create_time = call.now(), .update_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(record.body, FromProto(request.state()));
  ESNAF_RETURN_IF_ERROR(CheckStore(call, record.body.store_id));
  using Answer = absl::StatusOr<v1::NamedTicketState>;
  return call.Mutate<v1::NamedTicketState>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(InsertState(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::NamedTicketState> TicketStateService::GetTicketState(Call& call,
                                                                        const v1::GetTicketStateRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::NamedTicketState> {
    ESNAF_ASSIGN_OR_RETURN(const StateRecord record, GetState(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListTicketStatesResponse> TicketStateService::ListTicketStates(
    Call& call, const v1::ListTicketStatesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, StateFields(), {.default_order = "position, id"}));
  const api::SqlQuery sql =
      query.Select(kStateColumns, "ticket_state s", "($1 = '' OR s.store_id IN ('', $1)) AND ($2 OR NOT s.archived)",
                   {request.store_id(), request.show_archived()});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketStatesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketStatesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_states() = ToProto(ReadState(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kStateColumnCount));
    return response;
  });
}

absl::StatusOr<v1::NamedTicketState> TicketStateService::UpdateTicketState(
    Call& call, const v1::UpdateTicketStateRequest& request) {
  using Answer = absl::StatusOr<v1::NamedTicketState>;
  return call.Mutate<v1::NamedTicketState>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(StateRecord record, GetState(tx, request.state().id(), StateLock::kForChange));
    ESNAF_RETURN_IF_ERROR(CheckStore(call, record.body.store_id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.state().etag(), record.version, "the state", request.state().id()));
    v1::NamedTicketState merged = ToProto(record);
    const auto mask = api::ExpandMask(request.update_mask(), request.state());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.state(), "state", merged));
    merged.set_id(record.body.name.id);
    merged.set_type(static_cast<v1::TicketState>(record.body.type));
    merged.set_store_id(record.body.store_id);
    ESNAF_ASSIGN_OR_RETURN(record.body, FromProto(merged));
    ++record.version;
    record.update_time = call.now();
    ESNAF_RETURN_IF_ERROR(UpdateState(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteTicketStateResponse> TicketStateService::DeleteTicketState(
    Call& call, const v1::DeleteTicketStateRequest& request) {
  using Answer = absl::StatusOr<v1::DeleteTicketStateResponse>;
  return call.Mutate<v1::DeleteTicketStateResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(const StateRecord record, GetState(tx, request.id(), StateLock::kForChange));
        ESNAF_RETURN_IF_ERROR(CheckStore(call, record.body.store_id));
        ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record.version, "the state", request.id()));
        ESNAF_RETURN_IF_ERROR(DeleteState(tx, request.id()));
        return v1::DeleteTicketStateResponse();
      });
}

absl::StatusOr<v1::Ticket> TicketStateService::MoveTicket(Call& call, const v1::MoveTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  std::optional<Time> until;
  if (request.has_hold_until_time()) {
    ESNAF_ASSIGN_OR_RETURN(until, api::FromProto(request.hold_until_time(), "hold_until_time"));
    if (*until <= call.now()) return InvalidField("hold_until_time", "is not in the future");
  }
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockVisible(call, tx, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), ticket));
    ESNAF_ASSIGN_OR_RETURN(const TicketStateRule state,
                           StateForTicket(tx, request.state_id(), ticket.store_id, "state_id"));
    const bool holds = state.type == TicketState::kOnHold;
    if (holds && !until) return InvalidField("hold_until_time", "is required of a state that is ON_HOLD");
    if (!holds && until) return InvalidField("hold_until_time", "is only for a state that is ON_HOLD");
    const bool was_solved = ticket.state == TicketState::kSolved;
    const Cause cause = CauseOf(call);
    ESNAF_ASSIGN_OR_RETURN(
        const std::optional<TicketEvent> event,
        ApplyNamedState(ticket, state.type, state.name, cause.actor, MomentOf(ticket, cause.now), until));
    const bool solves = !was_solved && ticket.state == TicketState::kSolved;
    if (solves && !request.with_open_parts()) ESNAF_RETURN_IF_ERROR(CheckParts(tx, id));
    if (event) ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, *event));
    return TicketToProto(ticket);
  });
}

}  // namespace esnaf::support

#include "services/support/tickets/ticket_service.h"

#include "google/protobuf/util/message_differencer.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/identity/identity.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_list.h"
#include "services/support/tickets/ticket_sla.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

const api::FieldTable& MessageFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "create_time", .sql = "m.create_time", .type = api::FieldType::kTime}}, .id_sql = "m.id"};
  return kFields;
}
const api::FieldTable& EventFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "sequence", .sql = "e.sequence", .type = api::FieldType::kInteger}}, .id_sql = "e.sequence"};
  return kFields;
}

// What an update may change, and how it is taken over.
struct UpdatableField {
  std::string_view name;
  void (*take)(Ticket& ticket, const Ticket& wanted);
};
template <auto kMember>
constexpr UpdatableField Updatable(std::string_view name) {
  return {name, [](Ticket& ticket, const Ticket& wanted) { ticket.*kMember = wanted.*kMember; }};
}
constexpr UpdatableField kUpdatable[] = {Updatable<&Ticket::subject>("subject"),
                                         Updatable<&Ticket::contact_id>("contact_id"),
                                         Updatable<&Ticket::type>("type"),
                                         Updatable<&Ticket::tags>("tags"),
                                         Updatable<&Ticket::custom_fields>("custom_fields"),
                                         Updatable<&Ticket::followers>("followers"),
                                         Updatable<&Ticket::order_id>("order_id"),
                                         Updatable<&Ticket::order_line_id>("order_line_id"),
                                         Updatable<&Ticket::seller_id>("seller_id"),
                                         Updatable<&Ticket::product_id>("product_id"),
                                         Updatable<&Ticket::parent_id>("parent_id")};

bool IsUpdatable(const std::string& path) {
  const std::string_view field = std::string_view(path).substr(0, path.find('.'));
  return std::any_of(std::begin(kUpdatable), std::end(kUpdatable),
                     [&](const UpdatableField& updatable) { return updatable.name == field; });
}

absl::StatusOr<google::protobuf::FieldMask> UpdateMaskOf(const v1::UpdateTicketRequest& request) {
  const bool chosen = !request.update_mask().paths().empty() &&
                      !(request.update_mask().paths_size() == 1 && request.update_mask().paths(0) == "*");
  google::protobuf::FieldMask mask;
  const google::protobuf::FieldMask wanted = api::ExpandMask(request.update_mask(), request.ticket());
  for (const std::string& path : wanted.paths()) {
    if (IsUpdatable(path)) {
      mask.add_paths(path);
    } else if (chosen) {
      return InvalidField("update_mask", "names what an update does not change: " + path);
    }
  }
  return mask;
}

// A parent is a ticket that the caller sees, and no part of the ticket itself.
absl::Status CheckParent(const Call& call, postgres::Tx& tx, const std::optional<Uuid>& parent, const Uuid& id) {
  ESNAF_RETURN_IF_ERROR(CheckNamed(call, tx, parent, "ticket.parent_id"));
  if (!parent) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const bool circle, IsPartOf(tx, *parent, id));
  return circle ? InvalidField("ticket.parent_id", "is the ticket itself, or a part of it") : absl::OkStatus();
}

}  // namespace

runtime::RpcService TicketService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.TicketService");
  rpcs.UnaryTogether("CreateTicket", &intake_, &TicketIntake::Create, &TicketIntake::CreateTogether)
      .Unary("GetTicket", this, &TicketService::GetTicket)
      .Unary("ListTickets", this, &TicketService::ListTickets)
      .Unary("UpdateTicket", this, &TicketService::UpdateTicket)
      .Unary("ListTicketMessages", this, &TicketService::ListTicketMessages)
      .Unary("ListTicketEvents", this, &TicketService::ListTicketEvents)
      .Unary("ExplainTicketDeadlines", this, &TicketService::ExplainTicketDeadlines)
      .Unary("GetContactSupportSummary", this, &TicketService::GetContactSupportSummary)
      .Unary("ReplyToTicket", this, &TicketService::ReplyToTicket)
      .Unary("AddTicketNote", this, &TicketService::AddTicketNote)
      .Unary("OpenTicket", this, &TicketService::OpenTicket)
      .Unary("AwaitTicketCustomer", this, &TicketService::AwaitTicketCustomer)
      .Unary("AwaitTicketInternal", this, &TicketService::AwaitTicketInternal)
      .Unary("HoldTicket", this, &TicketService::HoldTicket)
      .Unary("SolveTicket", this, &TicketService::SolveTicket)
      .Unary("ReopenTicket", this, &TicketService::ReopenTicket)
      .Unary("CloseTicket", this, &TicketService::CloseTicket)
      .Unary("MarkTicketSpam", this, &TicketService::MarkTicketSpam)
      .Unary("UnmarkTicketSpam", this, &TicketService::UnmarkTicketSpam)
      .Unary("AssignTicket", this, &TicketService::AssignTicket)
      .Unary("SetTicketPriority", this, &TicketService::SetTicketPriority)
      .Unary("MergeTicket", this, &TicketService::MergeTicket)
      .Unary("SplitTicket", this, &TicketService::SplitTicket)
      .Unary("LinkTickets", this, &TicketService::LinkTickets)
      .Unary("UnlinkTickets", this, &TicketService::UnlinkTickets)
      .Unary("BulkUpdateTickets", this, &TicketService::BulkUpdateTickets)
      .ServerStream("WatchTicket", this, &TicketService::WatchTicket)
      .Unary("TouchTicket", this, &TicketService::TouchTicket);
  return rpcs;
}

absl::StatusOr<v1::Ticket> TicketService::GetTicket(Call& call, const v1::GetTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Ticket> {
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, VisibleTicket(call, tx, id));
    return TicketToProto(ticket);
  });
}

absl::StatusOr<v1::ListTicketsResponse> TicketService::ListTickets(Call& call, const v1::ListTicketsRequest& request) {
  return ListPage(call, request);
}

absl::StatusOr<v1::Ticket> TicketService::UpdateTicket(Call& call, const v1::UpdateTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket().id(), "ticket.id"));
  ESNAF_ASSIGN_OR_RETURN(const google::protobuf::FieldMask mask, UpdateMaskOf(request));
  if (std::find(mask.paths().begin(), mask.paths().end(), "contact_id") != mask.paths().end() &&
      !request.ticket().contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.ticket().contact_id(), "ticket.contact_id"));
    ESNAF_RETURN_IF_ERROR(requesters_.CheckContact(call, contact, "ticket.contact_id"));
  }
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(Ticket ticket, LockVisible(call, tx, id));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.ticket().etag(), ticket));
    const v1::Ticket known = TicketToProto(ticket);
    v1::Ticket merged = known;
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.ticket(), "ticket", merged));
    FieldViolations violations;
    const Ticket wanted = TicketFromProto(merged, violations);
    ESNAF_RETURN_IF_ERROR(violations.ToStatus());
    if (google::protobuf::util::MessageDifferencer::Equals(merged, known)) return known;
    if (wanted.parent_id != ticket.parent_id) ESNAF_RETURN_IF_ERROR(CheckParent(call, tx, wanted.parent_id, ticket.id));
    for (const UpdatableField& field : kUpdatable) field.take(ticket, wanted);
    std::string fields;
    for (const std::string& path : mask.paths()) absl::StrAppend(&fields, fields.empty() ? "" : ",", path);
    const Cause cause = CauseOf(call);
    const TicketEvent event = PlainEvent(ticket, cause.actor, "updated", {{"fields", fields}});
    ESNAF_RETURN_IF_ERROR(writer_.Record(tx, cause, ticket, event));
    return TicketToProto(ticket);
  });
}

absl::StatusOr<v1::ListTicketMessagesResponse> TicketService::ListTicketMessages(
    Call& call, const v1::ListTicketMessagesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket_id(), "ticket_id"));
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, MessageFields(), {.default_order = "create_time"}));
  const std::string visible = IsStorefront(call) ? " AND m.kind <> 3" : "";
  const api::SqlQuery sql = query.Select(kMessageColumns, "ticket_message m",
                                         absl::StrCat("m.ticket_id IN (", kMergedTickets, ")", visible), {id});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketMessagesResponse> {
    ESNAF_RETURN_IF_ERROR(VisibleTicket(call, tx, id).status());
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketMessagesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_messages() = MessageToProto(ReadMessage(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kMessageColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ListTicketEventsResponse> TicketService::ListTicketEvents(
    Call& call, const v1::ListTicketEventsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket_id(), "ticket_id"));
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, EventFields(), {.default_order = "sequence"}));
  const api::SqlQuery sql = query.Select(kEventColumns, "ticket_event e", "e.ticket_id = $1", {id});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketEventsResponse> {
    ESNAF_RETURN_IF_ERROR(VisibleTicket(call, tx, id).status());
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketEventsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) *response.add_events() = EventToProto(ReadEvent(rows[i]));
    response.set_next_page_token(query.NextPageToken(rows, kEventColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ExplainTicketDeadlinesResponse> TicketService::ExplainTicketDeadlines(
    Call& call, const v1::ExplainTicketDeadlinesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket_id(), "ticket_id"));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ExplainTicketDeadlinesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, VisibleTicket(call, tx, id));
    ESNAF_ASSIGN_OR_RETURN(const auto facts, FactsOf(tx, {id}));
    ESNAF_ASSIGN_OR_RETURN(const auto book, writer_.Book(tx));
    const Time as_of = MomentOf(ticket, call.now());
    v1::ExplainTicketDeadlinesResponse response;
    *response.mutable_as_of_time() = api::ToProto(as_of);
    const SlaPolicy* policy = FirstMatching(book->policies, SubjectOf(ticket));
    if (policy == nullptr) return response;
    response.set_sla_policy_id(policy->id);
    response.set_calendar_id(policy->calendar_id);
    const BusinessHours& hours = book->HoursOf(*policy);
    for (const ClockStatus& clock : ReckonClocks(*policy, hours, facts.at(id), as_of)) {
      *response.add_deadlines() = ExplanationToProto(clock, hours);
    }
    return response;
  });
}

absl::StatusOr<v1::ContactSupportSummary> TicketService::GetContactSupportSummary(
    Call& call, const v1::GetContactSupportSummaryRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ContactSupportSummary> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, contact));
    ESNAF_ASSIGN_OR_RETURN(const SupportSums sums, SumTickets(tx, cluster, call.caller().store_ids));
    v1::ContactSupportSummary summary;
    summary.set_contact_id(request.contact_id());
    summary.set_ticket_count(sums.tickets);
    summary.set_open_ticket_count(sums.open);
    summary.set_breached_ticket_count(sums.breached);
    if (sums.last_message_time) *summary.mutable_last_message_time() = api::ToProto(*sums.last_message_time);
    for (const Ticket& ticket : sums.newest_open) *summary.add_open_tickets() = TicketToProto(ticket);
    return summary;
  });
}

}  // namespace esnaf::support

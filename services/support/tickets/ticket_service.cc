#include "services/support/tickets/ticket_service.h"

#include "google/protobuf/util/message_differencer.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/text.h"
#include "libs/identity/identity.h"
#include "services/support/tickets/ticket_access.h"
#include "services/support/tickets/ticket_sla.h"
#include "services/support/tickets/ticket_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::size_t kMostWords = 8;

template <typename Enum>
std::vector<std::pair<std::string, std::string>> EnumValues(const std::string& prefix) {
  std::vector<std::pair<std::string, std::string>> values;
  const google::protobuf::EnumDescriptor* descriptor = google::protobuf::GetEnumDescriptor<Enum>();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const auto& value = *descriptor->value(i);
    if (value.number() != 0) values.emplace_back(value.name().substr(prefix.size()), std::to_string(value.number()));
  }
  return values;
}

const api::FieldTable& TicketFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{
      .fields = {{.name = "number", .sql = "t.number", .type = Type::kInteger},
                 {.name = "external_id", .sql = "t.external_id"},
                 {.name = "store_id", .sql = "t.store_id"},
                 {.name = "subject", .sql = "t.subject", .folded_sql = "t.search_text"},
                 {.name = "contact_id", .sql = "t.contact_id", .type = Type::kUuid, .nullable = true},
                 {.name = "state",
                  .sql = "t.state",
                  .type = Type::kEnum,
                  .enum_values = EnumValues<v1::TicketState>("TICKET_STATE_")},
                 {.name = "priority",
                  .sql = "t.priority",
                  .type = Type::kEnum,
                  .enum_values = EnumValues<v1::TicketPriority>("TICKET_PRIORITY_")},
                 {.name = "type", .sql = "t.type"},
                 {.name = "channel",
                  .sql = "t.channel",
                  .type = Type::kEnum,
                  .enum_values = EnumValues<contacts::v1::Channel>("CHANNEL_")},
                 {.name = "team", .sql = "t.team"},
                 {.name = "assignee", .sql = "t.assignee"},
                 {.name = "tags", .sql = "t.tags", .type = Type::kTextArray},
                 {.name = "custom_fields", .sql = "t.custom_fields", .type = Type::kTextMap},
                 {.name = "order_id", .sql = "t.order_id", .type = Type::kUuid, .nullable = true},
                 {.name = "seller_id", .sql = "t.seller_id"},
                 {.name = "product_id", .sql = "t.product_id"},
                 {.name = "parent_id", .sql = "t.parent_id", .type = Type::kUuid, .nullable = true},
                 {.name = "sla_policy_id", .sql = "t.sla_policy_id"},
                 {.name = "breached", .sql = "t.breached", .type = Type::kBoolean},
                 {.name = "next_due_time", .sql = "t.next_due_time", .type = Type::kTime, .nullable = true},
                 {.name = "hold_until_time", .sql = "t.hold_until_time", .type = Type::kTime, .nullable = true},
                 {.name = "solve_time", .sql = "t.solve_time", .type = Type::kTime, .nullable = true},
                 {.name = "create_time", .sql = "t.create_time", .type = Type::kTime},
                 {.name = "update_time", .sql = "t.update_time", .type = Type::kTime}},
      .id_sql = "t.id"};
  return kFields;
}

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

// The words of a search, folded; INVALID_ARGUMENT where one is too short.
absl::StatusOr<std::vector<std::string>> WordsOf(const std::string& query) {
  if (!IsCleanUtf8(query)) return InvalidField("query", "is no clean UTF-8");
  std::vector<std::string> words;
  std::string word;
  for (const char c : FoldName(query) + " ") {
    if (c != ' ') {
      if (c == '%' || c == '_' || c == '\\') word.push_back('\\');
      word.push_back(c);
    } else if (!word.empty()) {
      if (word.size() < 2) return InvalidField("query", "holds a word of one character");
      words.push_back("%" + word + "%");
      word.clear();
    }
  }
  if (words.size() > kMostWords) return InvalidField("query", absl::StrCat("holds more than ", kMostWords, " words"));
  return words;
}

// Conditions joined by AND, with their parameters.
class Conditions {
 public:
  // `sql` holds `$?` once for the parameter.
  void Add(const std::string& sql, postgres::Param param) {
    params_.push_back(std::move(param));
    std::string text = sql;
    text.replace(text.find("$?"), 2, absl::StrCat("$", params_.size()));
    sql_ += (sql_.empty() ? "" : " AND ") + text;
  }
  // That each word stands in one of the two, as whole conditions.
  void AddSearch(const std::vector<std::string>& words, bool internal_too) {
    if (words.empty()) return;
    std::string in_ticket, in_message = internal_too ? "true" : "x.kind <> 3";
    for (const std::string& word : words) {
      params_.push_back(word);
      in_ticket += absl::StrCat(in_ticket.empty() ? "" : " AND ", "x.search_text LIKE $", params_.size());
      in_message += absl::StrCat(" AND x.folded_text LIKE $", params_.size());
    }
    sql_ += absl::StrCat(sql_.empty() ? "" : " AND ", "t.id IN (SELECT x.id FROM ticket x WHERE ", in_ticket,
                         " UNION SELECT x.ticket_id FROM ticket_message x WHERE ", in_message, ")");
  }
  const std::string& sql() const { return sql_; }
  const std::vector<postgres::Param>& params() const { return params_; }

 private:
  std::string sql_;
  std::vector<postgres::Param> params_;
};

bool IsStorefront(const Call& call) { return call.caller().kind == runtime::Caller::Kind::kStorefront; }

// Fields that an update may change.
bool IsUpdatable(const std::string& path) {
  static const std::set<std::string> kFields = {"subject",    "contact_id", "type",          "tags",
                                                "followers",  "order_id",   "order_line_id", "seller_id",
                                                "product_id", "parent_id",  "custom_fields"};
  return kFields.contains(path.substr(0, path.find('.')));
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

// The ticket that a new one names must be one that the caller sees.
absl::Status CheckNamed(const Call& call, postgres::Tx& tx, const std::optional<Uuid>& id, const std::string& field) {
  if (!id) return absl::OkStatus();
  const absl::StatusOr<Ticket> named = VisibleTicket(call, tx, *id);
  if (named.status().code() == absl::StatusCode::kNotFound) return InvalidField(field, "is no ticket");
  return named.status();
}

}  // namespace

runtime::RpcService TicketService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.TicketService");
  rpcs.Unary("CreateTicket", this, &TicketService::CreateTicket)
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
      .Unary("UnlinkTickets", this, &TicketService::UnlinkTickets);
  return rpcs;
}

absl::StatusOr<v1::Ticket> TicketService::CreateTicket(Call& call, const v1::CreateTicketRequest& request) {
  FieldViolations violations;
  Ticket given = TicketFromProto(request.ticket(), violations);
  const Cause cause = CauseOf(call);
  TicketMessage message = MessageFromProto(request.message(), MessageKind::kReply, cause.actor.kind, violations);
  if (IsStorefront(call) && message.author != AuthorKind::kCustomer) {
    violations.Add("message.author", "is CUSTOMER from a storefront");
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  if (!call.caller().MaySee(given.store_id)) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                     {{"store_id", given.store_id}});
  }
  given.id = given.external_id.empty() ? Uuid::NewV7(call.now()) : TicketIdOf(given.store_id, given.external_id);
  message.id = Uuid::NewV7(call.now());
  message.ticket_id = given.id;
  message.actor = cause.actor.name;
  message.create_time = call.now();
  if (message.channel == 0) message.channel = given.channel;
  using Answer = absl::StatusOr<v1::Ticket>;
  return call.Mutate<v1::Ticket>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    if (!given.external_id.empty()) {
      ESNAF_ASSIGN_OR_RETURN(const std::optional<Ticket> known, FindTicket(tx, given.id));
      if (known) return TicketToProto(*known);
    }
    ESNAF_RETURN_IF_ERROR(CheckNamed(call, tx, given.parent_id, "ticket.parent_id"));
    ESNAF_RETURN_IF_ERROR(CheckNamed(call, tx, given.follow_up_of_id, "ticket.follow_up_of_id"));
    Ticket ticket = given;
    ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyMessage(ticket, message));
    event.kind = "created";
    event.details.erase("from");
    ESNAF_ASSIGN_OR_RETURN(const bool created, writer_.Create(tx, cause, ticket, event, {message}));
    if (!created) return absl::AbortedError("the ticket is just being created");
    return TicketToProto(ticket);
  });
}

absl::StatusOr<v1::Ticket> TicketService::GetTicket(Call& call, const v1::GetTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Ticket> {
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, VisibleTicket(call, tx, id));
    return TicketToProto(ticket);
  });
}

absl::StatusOr<v1::ListTicketsResponse> TicketService::ListTickets(Call& call, const v1::ListTicketsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, TicketFields(), {.default_order = "update_time desc"}));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<std::string> words, WordsOf(request.query()));
  std::optional<Uuid> contact;
  if (!request.contact_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(contact, api::ParseId(request.contact_id(), "contact_id"));
  }
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketsResponse> {
    Conditions conditions;
    if (!call.caller().store_ids.empty()) conditions.Add("t.store_id = ANY ($?::text[])", call.caller().store_ids);
    if (contact) {
      ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> cluster, identity::ClusterOf(tx, *contact));
      conditions.Add("t.contact_id = ANY ($?::uuid[])", cluster);
    }
    conditions.AddSearch(words, !IsStorefront(call));
    const api::SqlQuery sql = query.Select(kTicketColumns, "ticket t", conditions.sql(), conditions.params());
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, ReadTicket(rows[i]));
      *response.add_tickets() = TicketToProto(ticket);
    }
    response.set_next_page_token(query.NextPageToken(rows, kTicketColumnCount));
    return response;
  });
}

absl::StatusOr<v1::Ticket> TicketService::UpdateTicket(Call& call, const v1::UpdateTicketRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.ticket().id(), "ticket.id"));
  ESNAF_ASSIGN_OR_RETURN(const google::protobuf::FieldMask mask, UpdateMaskOf(request));
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
    if (wanted.parent_id == ticket.id) return InvalidField("ticket.parent_id", "is the ticket itself");
    if (wanted.parent_id != ticket.parent_id) {
      ESNAF_RETURN_IF_ERROR(CheckNamed(call, tx, wanted.parent_id, "ticket.parent_id"));
    }
    ticket.subject = wanted.subject;
    ticket.contact_id = wanted.contact_id;
    ticket.type = wanted.type;
    ticket.tags = wanted.tags;
    ticket.custom_fields = wanted.custom_fields;
    ticket.followers = wanted.followers;
    ticket.order_id = wanted.order_id;
    ticket.order_line_id = wanted.order_line_id;
    ticket.seller_id = wanted.seller_id;
    ticket.product_id = wanted.product_id;
    ticket.parent_id = wanted.parent_id;
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

#include "services/support/sla/sla_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/support/automations/webhook_store.h"
#include "services/support/records.h"
#include "services/support/sla/past_tickets.h"
#include "services/support/sla/sla_store.h"
#include "services/support/sla/sla_wire.h"

namespace esnaf::support {
namespace {

using runtime::Call;

v1::SlaPolicy ToProto(const PolicyRecord& record) { return WithRecord(PolicyToProto(record.body), record); }
v1::BusinessCalendar ToProto(const CalendarRecord& record) { return WithRecord(CalendarToProto(record.body), record); }

constexpr std::string_view kPromises = "policies and calendars";

constexpr std::chrono::days kLongestBacktest{366};
constexpr int kUsualChanges = 100;
constexpr int kMostChanges = 1000;

// The tickets that a back-test is about. INVALID_ARGUMENT naming the field that is wrong.
absl::StatusOr<PastTicketScope> ScopeOf(const Call& call, const v1::BacktestSlaPolicyRequest& request) {
  PastTicketScope scope{.end = call.now(), .store_ids = call.caller().store_ids};
  if (request.has_end_time()) {
    ESNAF_ASSIGN_OR_RETURN(scope.end, api::FromProto(request.end_time(), "end_time"));
  }
  scope.start = scope.end - std::chrono::days(365);
  if (request.has_start_time()) {
    ESNAF_ASSIGN_OR_RETURN(scope.start, api::FromProto(request.start_time(), "start_time"));
  }
  if (scope.start >= scope.end) return InvalidField("start_time", "is not before the end");
  if (scope.end - scope.start > kLongestBacktest)
    return InvalidField("start_time", "is more than 366 days before the end");
  return scope;
}

v1::SlaBacktest BacktestToProto(const SlaBacktest& backtest) {
  v1::SlaBacktest message;
  message.set_ticket_count(backtest.tickets());
  message.set_draft_ticket_count(backtest.draft_tickets());
  message.set_new_breach_count(backtest.new_breaches());
  message.set_avoided_breach_count(backtest.avoided_breaches());
  for (const auto& [key, counts] : backtest.rows()) {
    v1::SlaBacktestRow& row = *message.add_rows();
    row.set_metric(static_cast<v1::SlaMetric>(key.first));
    row.set_priority(static_cast<v1::TicketPriority>(key.second));
    row.set_deadline_count(counts.now.deadlines);
    row.set_breach_count(counts.now.breaches);
    row.set_draft_deadline_count(counts.draft.deadlines);
    row.set_draft_breach_count(counts.draft.breaches);
  }
  for (const BacktestChange& change : backtest.changes()) {
    v1::SlaBacktestChange& told = *message.add_changes();
    told.set_ticket_id(change.ticket_id.ToString());
    told.set_ticket_number(change.ticket_number);
    told.set_priority(static_cast<v1::TicketPriority>(change.priority));
    told.set_metric(static_cast<v1::SlaMetric>(change.metric));
    told.set_cycle(change.cycle);
    if (change.breach_time) *told.mutable_breach_time() = api::ToProto(*change.breach_time);
    if (change.draft_breach_time) *told.mutable_draft_breach_time() = api::ToProto(*change.draft_breach_time);
  }
  return message;
}

// INVALID_ARGUMENT where an escalation names a webhook that is not there.
absl::Status CheckWebhooks(postgres::Tx& tx, const SlaPolicy& policy) {
  FieldViolations violations;
  for (std::size_t i = 0; i < policy.escalations.size(); ++i) {
    const std::vector<std::string>& ids = policy.escalations[i].webhook_ids;
    for (std::size_t j = 0; j < ids.size(); ++j) {
      const absl::Status found = GetWebhook(tx, ids[j]).status();
      if (!found.ok() && !absl::IsNotFound(found)) return found;
      if (!found.ok()) {
        violations.Add(absl::StrCat("policy.escalations[", i, "].webhook_ids[", j, "]"), "names what does not exist");
      }
    }
  }
  return violations.ToStatus();
}

const api::FieldTable& PolicyFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "position", .sql = "p.position", .type = api::FieldType::kInteger},
                 {.name = "id", .sql = "p.id"}},
      .id_sql = "p.id"};
  return kFields;
}
const api::FieldTable& CalendarFields() {
  static const api::FieldTable kFields{.fields = {{.name = "id", .sql = "c.id"}}, .id_sql = "c.id"};
  return kFields;
}

}  // namespace

runtime::RpcService SlaService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.SlaService");
  rpcs.Unary("CreateSlaPolicy", this, &SlaService::CreateSlaPolicy)
      .Unary("GetSlaPolicy", this, &SlaService::GetSlaPolicy)
      .Unary("ListSlaPolicies", this, &SlaService::ListSlaPolicies)
      .Unary("UpdateSlaPolicy", this, &SlaService::UpdateSlaPolicy)
      .Unary("DeleteSlaPolicy", this, &SlaService::DeleteSlaPolicy)
      .Unary("BacktestSlaPolicy", this, &SlaService::BacktestSlaPolicy)
      .Unary("CreateBusinessCalendar", this, &SlaService::CreateBusinessCalendar)
      .Unary("GetBusinessCalendar", this, &SlaService::GetBusinessCalendar)
      .Unary("ListBusinessCalendars", this, &SlaService::ListBusinessCalendars)
      .Unary("UpdateBusinessCalendar", this, &SlaService::UpdateBusinessCalendar)
      .Unary("DeleteBusinessCalendar", this, &SlaService::DeleteBusinessCalendar);
  return rpcs;
}

absl::StatusOr<v1::SlaPolicy> SlaService::CreateSlaPolicy(Call& call, const v1::CreateSlaPolicyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kPromises));
  PolicyRecord record{.create_time = call.now(), .update_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(record.body, PolicyFromProto(request.policy()));
  using Answer = absl::StatusOr<v1::SlaPolicy>;
  return call.Mutate<v1::SlaPolicy>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(CheckWebhooks(tx, record.body));
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertPolicy(tx, record));
    if (!inserted) return AlreadyExists("SLA_POLICY_ALREADY_EXISTS", record.body.id);
    return ToProto(record);
  });
}

absl::StatusOr<v1::SlaPolicy> SlaService::GetSlaPolicy(Call& call, const v1::GetSlaPolicyRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::SlaPolicy> {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, GetPolicy(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListSlaPoliciesResponse> SlaService::ListSlaPolicies(Call& call,
                                                                        const v1::ListSlaPoliciesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, PolicyFields(), {.default_order = "position, id"}));
  const api::SqlQuery sql = query.Select(kSlaColumns, "sla_policy p");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSlaPoliciesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListSlaPoliciesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, ReadPolicy(rows[i]));
      *response.add_policies() = ToProto(record);
    }
    response.set_next_page_token(query.NextPageToken(rows, kSlaColumnCount));
    return response;
  });
}

absl::StatusOr<v1::SlaPolicy> SlaService::UpdateSlaPolicy(Call& call, const v1::UpdateSlaPolicyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kPromises));
  using Answer = absl::StatusOr<v1::SlaPolicy>;
  return call.Mutate<v1::SlaPolicy>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(PolicyRecord record, LockPolicy(tx, request.policy().id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.policy().etag(), record));
    v1::SlaPolicy merged = PolicyToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.policy());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.policy(), "policy", merged));
    merged.set_id(record.body.id);
    ESNAF_ASSIGN_OR_RETURN(SlaPolicy policy, PolicyFromProto(merged));
    // A policy stays changeable where a webhook that it names was deleted since.
    if (policy.escalations != record.body.escalations) ESNAF_RETURN_IF_ERROR(CheckWebhooks(tx, policy));
    if (Change(record, std::move(policy), call.now())) ESNAF_RETURN_IF_ERROR(UpdatePolicy(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteSlaPolicyResponse> SlaService::DeleteSlaPolicy(Call& call,
                                                                        const v1::DeleteSlaPolicyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kPromises));
  using Answer = absl::StatusOr<v1::DeleteSlaPolicyResponse>;
  return call.Mutate<v1::DeleteSlaPolicyResponse>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, LockPolicy(tx, request.id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
    ESNAF_RETURN_IF_ERROR(DeletePolicy(tx, request.id()));
    return v1::DeleteSlaPolicyResponse();
  });
}

absl::StatusOr<v1::SlaBacktest> SlaService::BacktestSlaPolicy(Call& call, const v1::BacktestSlaPolicyRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const SlaPolicy policy, PolicyFromProto(request.policy()));
  ESNAF_ASSIGN_OR_RETURN(const PastTicketScope scope, ScopeOf(call, request));
  if (request.page_size() < 0) return InvalidField("page_size", "is negative");
  const int most = request.page_size() == 0 ? kUsualChanges : std::min(request.page_size(), kMostChanges);
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::SlaBacktest> {
    ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, ReadBook(tx, nullptr));
    ESNAF_ASSIGN_OR_RETURN(const SlaBook draft, book->With(policy));
    SlaBacktest backtest(*book, draft, policy.id, call.now(), static_cast<std::size_t>(most));
    ESNAF_RETURN_IF_ERROR(VisitPastTickets(
        tx, scope, [&] { return call.cancelled(); }, [&](const PastTicket& ticket) { backtest.Add(ticket); }));
    v1::SlaBacktest response = BacktestToProto(backtest);
    *response.mutable_start_time() = api::ToProto(scope.start);
    *response.mutable_end_time() = api::ToProto(scope.end);
    *response.mutable_as_of_time() = api::ToProto(call.now());
    return response;
  });
}

absl::StatusOr<v1::BusinessCalendar> SlaService::CreateBusinessCalendar(
    Call& call, const v1::CreateBusinessCalendarRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kPromises));
  CalendarRecord record{.create_time = call.now(), .update_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(record.body, CalendarFromProto(request.calendar()));
  using Answer = absl::StatusOr<v1::BusinessCalendar>;
  return call.Mutate<v1::BusinessCalendar>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertCalendar(tx, record));
    if (!inserted) return AlreadyExists("CALENDAR_ALREADY_EXISTS", record.body.id);
    return ToProto(record);
  });
}

absl::StatusOr<v1::BusinessCalendar> SlaService::GetBusinessCalendar(Call& call,
                                                                     const v1::GetBusinessCalendarRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::BusinessCalendar> {
    ESNAF_ASSIGN_OR_RETURN(const CalendarRecord record, GetCalendar(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListBusinessCalendarsResponse> SlaService::ListBusinessCalendars(
    Call& call, const v1::ListBusinessCalendarsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, CalendarFields(), {.default_order = "id"}));
  const api::SqlQuery sql = query.Select(kSlaColumns, "business_calendar c");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListBusinessCalendarsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListBusinessCalendarsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const CalendarRecord record, ReadCalendar(rows[i]));
      *response.add_calendars() = ToProto(record);
    }
    response.set_next_page_token(query.NextPageToken(rows, kSlaColumnCount));
    return response;
  });
}

absl::StatusOr<v1::BusinessCalendar> SlaService::UpdateBusinessCalendar(
    Call& call, const v1::UpdateBusinessCalendarRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kPromises));
  using Answer = absl::StatusOr<v1::BusinessCalendar>;
  return call.Mutate<v1::BusinessCalendar>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(CalendarRecord record, LockCalendar(tx, request.calendar().id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.calendar().etag(), record));
    v1::BusinessCalendar merged = CalendarToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.calendar());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.calendar(), "calendar", merged));
    merged.set_id(record.body.id);
    ESNAF_ASSIGN_OR_RETURN(BusinessCalendar calendar, CalendarFromProto(merged));
    if (Change(record, std::move(calendar), call.now())) ESNAF_RETURN_IF_ERROR(UpdateCalendar(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteBusinessCalendarResponse> SlaService::DeleteBusinessCalendar(
    Call& call, const v1::DeleteBusinessCalendarRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kPromises));
  using Answer = absl::StatusOr<v1::DeleteBusinessCalendarResponse>;
  return call.Mutate<v1::DeleteBusinessCalendarResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(const CalendarRecord record, LockCalendar(tx, request.id()));
        ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
        ESNAF_RETURN_IF_ERROR(DeleteCalendar(tx, request.id()));
        return v1::DeleteBusinessCalendarResponse();
      });
}

}  // namespace esnaf::support

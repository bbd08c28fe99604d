#include "services/support/views/ticket_view_service.h"

#include "absl/strings/str_replace.h"
#include "libs/api/filter.h"
#include "services/support/tickets/ticket_list.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr char kKind[] = "view";
constexpr int kMostViews = 200;
constexpr int kMostCounted = 1000;

// The filter with the caller in place of `"$me"`.
std::string FilterFor(const std::string& filter, const std::string& actor) {
  const std::string quoted = absl::StrReplaceAll(actor, {{"\\", "\\\\"}, {"\"", "\\\""}});
  return absl::StrReplaceAll(filter, {{"\"$me\"", absl::StrCat("\"", quoted, "\"")}});
}

v1::ListTicketsRequest QuestionOf(const v1::TicketView& view, const std::string& actor) {
  v1::ListTicketsRequest question;
  question.set_filter(FilterFor(view.filter(), actor));
  question.set_order_by(view.order_by());
  return question;
}

void CheckView(const v1::TicketView& view, const std::string& field, FieldViolations& violations) {
  const auto parsed = api::ListQuery::Parse(QuestionOf(view, "user:x"), TicketFields(), {});
  for (const auto& [name, mistake] : ErrorFields(parsed.status())) violations.Add(field + "." + name, mistake);
}

// One statement for all: each view's rows, no more than are told.
absl::StatusOr<api::SqlQuery> CountsOf(const Call& call, const std::vector<v1::TicketView>& views) {
  api::SqlQuery sql;
  std::string stores;
  if (!call.caller().store_ids.empty()) {
    sql.params.emplace_back(call.caller().store_ids);
    stores = " AND t.store_id = ANY ($1::text[])";
  }
  for (const v1::TicketView& view : views) {
    const int placeholder = static_cast<int>(sql.params.size()) + 1;
    ESNAF_ASSIGN_OR_RETURN(api::SqlCondition condition, api::FilterToSql(FilterFor(view.filter(), call.caller().actor),
                                                                         TicketFields(), placeholder));
    absl::StrAppend(&sql.sql, sql.sql.empty() ? "SELECT " : ", ", "(SELECT count(*) FROM (SELECT FROM ticket t WHERE (",
                    condition.sql, ")", ImpliedCondition(view.filter()), stores, " LIMIT ", kMostCounted + 1,
                    ") AS counted)");
    std::move(condition.params.begin(), condition.params.end(), std::back_inserter(sql.params));
  }
  return sql;
}

}  // namespace

TicketViewService::TicketViewService() : views_(kKind, kMostViews, &CheckView) {}

runtime::RpcService TicketViewService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.TicketViewService");
  rpcs.Unary("CreateTicketView", this, &TicketViewService::CreateTicketView)
      .Unary("GetTicketView", this, &TicketViewService::GetTicketView)
      .Unary("ListTicketViews", this, &TicketViewService::ListTicketViews)
      .Unary("UpdateTicketView", this, &TicketViewService::UpdateTicketView)
      .Unary("DeleteTicketView", this, &TicketViewService::DeleteTicketView)
      .Unary("ListTicketsOfView", this, &TicketViewService::ListTicketsOfView)
      .Unary("CountTicketViews", this, &TicketViewService::CountTicketViews);
  return rpcs;
}

absl::StatusOr<v1::TicketView> TicketViewService::CreateTicketView(Call& call,
                                                                   const v1::CreateTicketViewRequest& request) {
  return views_.Create(call, request, request.view());
}
absl::StatusOr<v1::TicketView> TicketViewService::GetTicketView(Call& call, const v1::GetTicketViewRequest& request) {
  return views_.Get(call, request);
}
absl::StatusOr<v1::ListTicketViewsResponse> TicketViewService::ListTicketViews(
    Call& call, const v1::ListTicketViewsRequest& request) {
  return views_.List<v1::ListTicketViewsResponse>(
      call, request, [](v1::ListTicketViewsResponse& response) { return response.add_views(); });
}
absl::StatusOr<v1::TicketView> TicketViewService::UpdateTicketView(Call& call,
                                                                   const v1::UpdateTicketViewRequest& request) {
  return views_.Update(call, request, request.view());
}
absl::StatusOr<v1::DeleteTicketViewResponse> TicketViewService::DeleteTicketView(
    Call& call, const v1::DeleteTicketViewRequest& request) {
  return views_.Delete<v1::DeleteTicketViewResponse>(call, request);
}

absl::StatusOr<v1::ListTicketsOfViewResponse> TicketViewService::ListTicketsOfView(
    Call& call, const v1::ListTicketsOfViewRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const v1::TicketView view,
                         call.Read([&](postgres::Tx& tx) { return views_.Find(tx, request.view_id()); }));
  v1::ListTicketsRequest question = QuestionOf(view, call.caller().actor);
  question.set_page_size(request.page_size());
  question.set_page_token(request.page_token());
  ESNAF_ASSIGN_OR_RETURN(v1::ListTicketsResponse page, ListPage(call, question));
  v1::ListTicketsOfViewResponse response;
  response.mutable_tickets()->Swap(page.mutable_tickets());
  response.set_next_page_token(page.next_page_token());
  return response;
}

absl::StatusOr<v1::CountTicketViewsResponse> TicketViewService::CountTicketViews(
    Call& call, const v1::CountTicketViewsRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::CountTicketViewsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<DeskRecord> records, ListDeskRecords(tx, kKind, request.team()));
    std::vector<v1::TicketView> views;
    for (const DeskRecord& record : records) {
      ESNAF_ASSIGN_OR_RETURN(v1::TicketView view, views_.ToMessage(record));
      views.push_back(std::move(view));
    }
    v1::CountTicketViewsResponse response;
    if (views.empty()) return response;
    ESNAF_ASSIGN_OR_RETURN(const api::SqlQuery sql, CountsOf(call, views));
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    for (std::size_t i = 0; i < views.size(); ++i) {
      const int counted = rows[0].Get<int>(static_cast<int>(i));
      v1::TicketViewCount& count = *response.add_counts();
      count.set_view_id(views[i].id());
      count.set_count(std::min(counted, kMostCounted));
      count.set_more(counted > kMostCounted);
    }
    return response;
  });
}

}  // namespace esnaf::support

#include "services/support/automations/automation_service.h"

#include "services/support/automations/automation_replay.h"
#include "services/support/automations/automation_wire.h"
#include "services/support/automations/webhook_store.h"
#include "services/support/surveys/survey_store.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr int kMostAutomations = 200;
constexpr int kEventsAtOnce = 1000;
constexpr int kMostDays = 30;
constexpr int kDaysOfAll = 7;
constexpr int kMostRuns = 1000;
constexpr int kUsualRuns = 100;
constexpr int kMostRunsOfPage = 100;

void CheckAutomation(const v1::Automation& automation, const std::string& field, FieldViolations& violations) {
  AutomationFromProto(automation, field, violations);
}

// INVALID_ARGUMENT where something that it names by an id is not there.
absl::Status CheckNamed(postgres::Tx& tx, const v1::Automation& automation) {
  FieldViolations violations;
  const auto check = [&violations](const absl::Status& found, const char* field) -> absl::Status {
    if (!absl::IsNotFound(found)) return found;
    violations.Add(absl::StrCat("automation.", field), "names what does not exist");
    return absl::OkStatus();
  };
  if (!automation.macro_id().empty()) {
    ESNAF_RETURN_IF_ERROR(check(GetDeskRecord(tx, "macro", automation.macro_id()).status(), "macro_id"));
  }
  if (!automation.survey_id().empty()) {
    ESNAF_RETURN_IF_ERROR(check(GetSurvey(tx, automation.survey_id()).status(), "survey_id"));
  }
  for (const std::string& webhook_id : automation.webhook_ids()) {
    ESNAF_RETURN_IF_ERROR(check(GetWebhook(tx, webhook_id).status(), "webhook_ids"));
  }
  if (!automation.timer().calendar_id().empty()) {
    ESNAF_RETURN_IF_ERROR(check(GetCalendar(tx, automation.timer().calendar_id()).status(), "timer.calendar_id"));
  }
  return violations.ToStatus();
}
absl::Status CheckNamed(Call& call, const v1::Automation& automation) {
  return call.Read([&](postgres::Tx& tx) { return CheckNamed(tx, automation); });
}

struct DryRunScope {
  std::optional<Uuid> ticket_id;
  Time since;
  ReplayOptions options;
};

absl::StatusOr<DryRunScope> ScopeOf(const Call& call, const v1::DryRunAutomationsRequest& request) {
  DryRunScope scope;
  if (!request.ticket_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(scope.ticket_id, api::ParseId(request.ticket_id(), "ticket_id"));
  }
  if (request.days() < 0 || request.days() > kMostDays) {
    return InvalidField("days", absl::StrCat("is not within 0 to ", kMostDays));
  }
  if (request.page_size() < 0) return InvalidField("page_size", "is negative");
  const int usual_days = scope.ticket_id ? kMostDays : kDaysOfAll;
  scope.since = call.now() - std::chrono::days(request.days() == 0 ? usual_days : request.days());
  scope.options.tell_not_met = scope.ticket_id.has_value();
  scope.options.most_runs =
      static_cast<std::size_t>(request.page_size() == 0 ? kUsualRuns : std::min(request.page_size(), kMostRuns));
  return scope;
}

// Lets the replay follow what happened, of tickets that the caller may see.
absl::Status FollowAll(Call& call, postgres::Tx& tx, const DryRunScope& scope, AutomationReplay& replay) {
  OutboxPlace place;
  std::map<Uuid, std::optional<Standing>> standings;  // by ticket
  for (bool more = true; more;) {
    if (call.cancelled()) return absl::CancelledError("nobody waits for the answer any more");
    ESNAF_ASSIGN_OR_RETURN(const std::vector<OutboxEvent> events,
                           ReadTicketEventsSince(tx, scope.since, place, kEventsAtOnce));
    for (const OutboxEvent& event : events) {
      const std::optional<AutomationNotice> notice = NoticeOf(event);
      if (!notice || (scope.ticket_id && notice->ticket_id != *scope.ticket_id)) continue;
      if (notice->ticket && !call.caller().MaySee(notice->ticket->store_id())) continue;
      if (notice->ticket && !standings.contains(notice->ticket_id)) {
        ESNAF_ASSIGN_OR_RETURN(standings[notice->ticket_id],
                               FindStanding(tx, Uuid::Parse(notice->ticket->contact_id())));
      }
      replay.Follow(*notice, event.happen_time, standings[notice->ticket_id]);
    }
    if (!events.empty()) place = events.back().place;
    more = events.size() == static_cast<std::size_t>(kEventsAtOnce);
  }
  replay.RunUntil(call.now());
  return absl::OkStatus();
}

}  // namespace

AutomationService::AutomationService(TicketWriter& writer)
    : writer_(writer), automations_(kAutomationKind, kMostAutomations, &CheckAutomation) {}

runtime::RpcService AutomationService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.AutomationService");
  rpcs.Unary("CreateAutomation", this, &AutomationService::CreateAutomation)
      .Unary("GetAutomation", this, &AutomationService::GetAutomation)
      .Unary("ListAutomations", this, &AutomationService::ListAutomations)
      .Unary("UpdateAutomation", this, &AutomationService::UpdateAutomation)
      .Unary("DeleteAutomation", this, &AutomationService::DeleteAutomation)
      .Unary("DryRunAutomations", this, &AutomationService::DryRunAutomations)
      .Unary("ListAutomationRuns", this, &AutomationService::ListAutomationRuns);
  return rpcs;
}

absl::StatusOr<v1::Automation> AutomationService::CreateAutomation(Call& call,
                                                                   const v1::CreateAutomationRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckNamed(call, request.automation()));
  return automations_.Create(call, request, request.automation());
}
absl::StatusOr<v1::Automation> AutomationService::GetAutomation(Call& call, const v1::GetAutomationRequest& request) {
  return automations_.Get(call, request);
}
absl::StatusOr<v1::ListAutomationsResponse> AutomationService::ListAutomations(
    Call& call, const v1::ListAutomationsRequest& request) {
  return automations_.List<v1::ListAutomationsResponse>(
      call, request, [](v1::ListAutomationsResponse& response) { return response.add_automations(); });
}
absl::StatusOr<v1::Automation> AutomationService::UpdateAutomation(Call& call,
                                                                   const v1::UpdateAutomationRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckNamed(call, request.automation()));
  return automations_.Update(call, request, request.automation());
}

absl::StatusOr<v1::DeleteAutomationResponse> AutomationService::DeleteAutomation(
    Call& call, const v1::DeleteAutomationRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, "automations"));
  using Answer = absl::StatusOr<v1::DeleteAutomationResponse>;
  return call.Mutate<v1::DeleteAutomationResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(const DeskRecord record, GetDeskRecord(tx, kAutomationKind, request.id(), true));
        ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record.version, "it", record.id));
        ESNAF_RETURN_IF_ERROR(DeleteDeskRecord(tx, kAutomationKind, request.id()));
        ESNAF_RETURN_IF_ERROR(ForgetMarks(tx, request.id()));
        return v1::DeleteAutomationResponse();
      });
}

absl::StatusOr<std::vector<Automation>> AutomationService::Drafts(postgres::Tx& tx,
                                                                  const v1::DryRunAutomationsRequest& request) const {
  v1::Automation message = request.automation();
  if (!request.has_automation()) {
    if (request.automation_id().empty()) return ReadAutomations(tx);
    ESNAF_ASSIGN_OR_RETURN(message, automations_.Find(tx, request.automation_id()));
  } else {
    message.clear_etag();
    ESNAF_RETURN_IF_ERROR(CheckNamed(tx, message));
  }
  FieldViolations violations;
  Automation automation = AutomationFromProto(message, "automation", violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  ESNAF_RETURN_IF_ERROR(LookUpMacro(tx, automation));
  return std::vector<Automation>{std::move(automation)};
}

absl::StatusOr<v1::DryRunAutomationsResponse> AutomationService::DryRunAutomations(
    Call& call, const v1::DryRunAutomationsRequest& request) {
  if (request.has_automation() && !request.automation_id().empty()) {
    return InvalidField("automation_id", "and a draft exclude each other");
  }
  ESNAF_ASSIGN_OR_RETURN(const DryRunScope scope, ScopeOf(call, request));
  using Answer = absl::StatusOr<v1::DryRunAutomationsResponse>;
  return call.ReadSnapshot([&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(std::vector<Automation> automations, Drafts(tx, request));
    if (scope.ticket_id) ESNAF_RETURN_IF_ERROR(VisibleTicket(call, tx, *scope.ticket_id).status());
    ESNAF_ASSIGN_OR_RETURN(const std::shared_ptr<const SlaBook> book, writer_.Book(tx));
    AutomationReplay replay(std::move(automations), book->hours, scope.options);
    ESNAF_RETURN_IF_ERROR(FollowAll(call, tx, scope, replay));
    v1::DryRunAutomationsResponse response;
    response.set_event_count(replay.event_count());
    response.set_fired_count(replay.fired_count());
    for (v1::AutomationRun& run : replay.TakeRuns()) *response.add_runs() = std::move(run);
    return response;
  });
}

absl::StatusOr<v1::ListAutomationRunsResponse> AutomationService::ListAutomationRuns(
    Call& call, const v1::ListAutomationRunsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, RunFields(),
                                               {.default_order = "run_time desc", .max_page_size = kMostRunsOfPage}));
  const api::SqlQuery sql =
      query.Select(kRunColumns, "automation_run r JOIN ticket t ON t.id = r.ticket_id",
                   "(cardinality($1::text[]) = 0 OR t.store_id = ANY ($1::text[]))", {call.caller().store_ids});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListAutomationRunsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListAutomationRunsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(*response.add_runs(), ReadRun(rows[i]));
    }
    response.set_next_page_token(query.NextPageToken(rows, kRunColumnCount));
    return response;
  });
}

}  // namespace esnaf::support

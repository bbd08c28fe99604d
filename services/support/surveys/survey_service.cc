#include "services/support/surveys/survey_service.h"

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/store_id.h"
#include "services/support/mail/mail_store.h"
#include "services/support/records.h"
#include "services/support/surveys/survey_asker.h"
#include "services/support/surveys/survey_store.h"
#include "services/support/surveys/survey_wire.h"
#include "services/support/tickets/ticket_access.h"

namespace esnaf::support {
namespace {

using runtime::Call;

constexpr std::size_t kMaxNameBytes = 200;

v1::Survey ToProto(const SurveyRecord& record) { return WithRecord(SurveyToProto(record.body), record); }

constexpr std::string_view kSurveys = "surveys";

absl::Status CheckEtag(const std::string& etag, const SurveyRecord& record) {
  return support::CheckEtag(etag, record.version, "the survey", record.body.id);
}

const api::FieldTable& SurveyFields() {
  static const api::FieldTable kFields{.fields = {{.name = "id", .sql = "id"}}, .id_sql = "id"};
  return kFields;
}

const api::FieldTable& InvitationFields() {
  using Type = api::FieldType;
  static const api::FieldTable kFields{
      .fields = {{.name = "survey_id", .sql = "i.survey_id"},
                 {.name = "ticket_id", .sql = "i.ticket_id", .type = Type::kUuid, .nullable = true},
                 {.name = "contact_id", .sql = "i.contact_id", .type = Type::kUuid, .nullable = true},
                 {.name = "agent", .sql = "i.agent"},
                 {.name = "team", .sql = "i.team"},
                 {.name = "store_id", .sql = "i.store_id"},
                 {.name = "seller_id", .sql = "i.seller_id"},
                 {.name = "product_id", .sql = "i.product_id"},
                 {.name = "skip_reason", .sql = "i.skip_reason"},
                 {.name = "score", .sql = "i.score", .type = Type::kInteger, .nullable = true},
                 {.name = "ask_time", .sql = "i.ask_time", .type = Type::kTime, .nullable = true},
                 {.name = "answer_time", .sql = "i.answer_time", .type = Type::kTime, .nullable = true},
                 {.name = "create_time", .sql = "i.create_time", .type = Type::kTime}},
      .id_sql = "i.id"};
  return kFields;
}

api::SqlQuery SelectInvitations(const Call& call, const api::ListQuery& query, const std::string& condition) {
  if (call.caller().store_ids.empty()) return query.Select(kInvitationColumns, kInvitationTables, condition);
  return query.Select(kInvitationColumns, kInvitationTables,
                      absl::StrCat(condition.empty() ? "" : condition + " AND ", "i.store_id = ANY ($1::text[])"),
                      {call.caller().store_ids});
}

// Fills in whom and what the request is about.
absl::StatusOr<SurveyInvitation> InvitationOf(const Call& call, postgres::Tx& tx, const Survey& survey,
                                              const v1::CreateSurveyInvitationRequest& request) {
  if (!request.ticket_id().empty()) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid ticket_id, api::ParseId(request.ticket_id(), "ticket_id"));
    ESNAF_ASSIGN_OR_RETURN(const Ticket ticket, VisibleTicket(call, tx, ticket_id));
    return InvitationAbout(ticket, survey, call.now());
  }
  SurveyInvitation invitation{.id = Uuid::NewV7(call.now()),
                              .survey_id = survey.id,
                              .kind = survey.kind,
                              .store_id = request.store_id(),
                              .seller_id = request.seller_id(),
                              .product_id = request.product_id(),
                              .due_time = call.now(),
                              .create_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(invitation.contact_id, api::ParseId(request.contact_id(), "contact_id"));
  if (!call.caller().MaySee(invitation.store_id)) {
    return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                     {{"store_id", invitation.store_id}});
  }
  return invitation;
}

// The mailbox by which a survey is sent has to be one that sends.
absl::Status CheckMailbox(postgres::Tx& tx, const Survey& survey) {
  if (!survey.mail) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Mailbox> mailbox, FindMailbox(tx, survey.mail->mailbox_id));
  if (!mailbox || mailbox->smtp_url.empty()) return InvalidField("survey.mail.mailbox_id", "is no mailbox that sends");
  return absl::OkStatus();
}

absl::Status CheckNames(const v1::CreateSurveyInvitationRequest& request) {
  FieldViolations violations;
  if (!request.store_id().empty() && !IsStoreId(request.store_id())) violations.Add("store_id", "is no id of a store");
  for (const auto& [name, value] :
       {std::pair("seller_id", &request.seller_id()), std::pair("product_id", &request.product_id())}) {
    if (value->size() > kMaxNameBytes) violations.Add(name, absl::StrCat("is longer than ", kMaxNameBytes, " bytes"));
  }
  return violations.ToStatus();
}

}  // namespace

runtime::RpcService SurveyService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.SurveyService");
  rpcs.Unary("CreateSurvey", this, &SurveyService::CreateSurvey)
      .Unary("GetSurvey", this, &SurveyService::GetSurvey)
      .Unary("ListSurveys", this, &SurveyService::ListSurveys)
      .Unary("UpdateSurvey", this, &SurveyService::UpdateSurvey)
      .Unary("DeleteSurvey", this, &SurveyService::DeleteSurvey)
      .Unary("CreateSurveyInvitation", this, &SurveyService::CreateSurveyInvitation)
      .Unary("GetSurveyInvitation", this, &SurveyService::GetSurveyInvitation)
      .Unary("ListSurveyInvitations", this, &SurveyService::ListSurveyInvitations)
      .Unary("ListSurveyResponses", this, &SurveyService::ListSurveyResponses)
      .Unary("GetSurveyResults", this, &SurveyService::GetSurveyResults)
      .Unary("ServeSurveyPage", this, &SurveyService::ServeSurveyPage);
  return rpcs;
}

absl::StatusOr<v1::Survey> SurveyService::CreateSurvey(Call& call, const v1::CreateSurveyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kSurveys));
  SurveyRecord record{.create_time = call.now(), .update_time = call.now()};
  ESNAF_ASSIGN_OR_RETURN(record.body, SurveyFromProto(request.survey()));
  using Answer = absl::StatusOr<v1::Survey>;
  return call.Mutate<v1::Survey>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(CheckMailbox(tx, record.body));
    ESNAF_ASSIGN_OR_RETURN(const bool inserted, InsertSurvey(tx, record));
    if (!inserted) {
      return MakeError(absl::StatusCode::kAlreadyExists, "SURVEY_ALREADY_EXISTS", "there is one with this id",
                       {{"id", record.body.id}});
    }
    return ToProto(record);
  });
}

absl::StatusOr<v1::Survey> SurveyService::GetSurvey(Call& call, const v1::GetSurveyRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::Survey> {
    ESNAF_ASSIGN_OR_RETURN(const SurveyRecord record, support::GetSurvey(tx, request.id()));
    return ToProto(record);
  });
}

absl::StatusOr<v1::ListSurveysResponse> SurveyService::ListSurveys(Call& call, const v1::ListSurveysRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, SurveyFields(), {.default_order = "id"}));
  const api::SqlQuery sql = query.Select(kSurveyColumns, "survey");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSurveysResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListSurveysResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const SurveyRecord record, ReadSurvey(rows[i]));
      *response.add_surveys() = ToProto(record);
    }
    response.set_next_page_token(query.NextPageToken(rows, kSurveyColumnCount));
    return response;
  });
}

absl::StatusOr<v1::Survey> SurveyService::UpdateSurvey(Call& call, const v1::UpdateSurveyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kSurveys));
  using Answer = absl::StatusOr<v1::Survey>;
  return call.Mutate<v1::Survey>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(SurveyRecord record, LockSurvey(tx, request.survey().id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.survey().etag(), record));
    v1::Survey merged = SurveyToProto(record.body);
    const auto mask = api::ExpandMask(request.update_mask(), request.survey());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.survey(), "survey", merged));
    merged.set_id(record.body.id);
    merged.set_kind(static_cast<v1::SurveyKind>(record.body.kind));
    ESNAF_ASSIGN_OR_RETURN(Survey survey, SurveyFromProto(merged));
    if (survey == record.body) return ToProto(record);
    ESNAF_RETURN_IF_ERROR(CheckMailbox(tx, survey));
    record.body = std::move(survey);
    ++record.version;
    record.update_time = call.now();
    ESNAF_RETURN_IF_ERROR(support::UpdateSurvey(tx, record));
    return ToProto(record);
  });
}

absl::StatusOr<v1::DeleteSurveyResponse> SurveyService::DeleteSurvey(Call& call,
                                                                     const v1::DeleteSurveyRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckAllStores(call, kSurveys));
  using Answer = absl::StatusOr<v1::DeleteSurveyResponse>;
  return call.Mutate<v1::DeleteSurveyResponse>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const SurveyRecord record, LockSurvey(tx, request.id()));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), record));
    ESNAF_RETURN_IF_ERROR(support::DeleteSurvey(tx, request.id()));
    return v1::DeleteSurveyResponse();
  });
}

absl::StatusOr<v1::SurveyInvitation> SurveyService::CreateSurveyInvitation(
    Call& call, const v1::CreateSurveyInvitationRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckNames(request));
  using Answer = absl::StatusOr<v1::SurveyInvitation>;
  return call.Mutate<v1::SurveyInvitation>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const SurveyRecord survey, support::GetSurvey(tx, request.survey_id()));
    ESNAF_ASSIGN_OR_RETURN(SurveyInvitation invitation, InvitationOf(call, tx, survey.body, request));
    ESNAF_RETURN_IF_ERROR(AskByHand(tx, CauseOf(call), survey.body, invitation));
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, SurveySecret(tx));
    return InvitationToProto(invitation, call.now(), secret);
  });
}

absl::StatusOr<v1::SurveyInvitation> SurveyService::GetSurveyInvitation(Call& call,
                                                                        const v1::GetSurveyInvitationRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::SurveyInvitation> {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<SurveyInvitation> invitation, FindInvitation(tx, id));
    if (!invitation || !call.caller().MaySee(invitation->store_id)) return NotFound("survey_invitation", request.id());
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, SurveySecret(tx));
    return InvitationToProto(*invitation, call.now(), secret);
  });
}

absl::StatusOr<v1::ListSurveyInvitationsResponse> SurveyService::ListSurveyInvitations(
    Call& call, const v1::ListSurveyInvitationsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, InvitationFields(), {.default_order = "create_time desc"}));
  const api::SqlQuery sql = SelectInvitations(call, query, "");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSurveyInvitationsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const std::string secret, SurveySecret(tx));
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListSurveyInvitationsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const SurveyInvitation invitation, ReadInvitation(rows[i]));
      *response.add_invitations() = InvitationToProto(invitation, call.now(), secret);
    }
    response.set_next_page_token(query.NextPageToken(rows, kInvitationColumnCount));
    return response;
  });
}

absl::StatusOr<v1::ListSurveyResponsesResponse> SurveyService::ListSurveyResponses(
    Call& call, const v1::ListSurveyResponsesRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, InvitationFields(), {.default_order = "answer_time desc"}));
  const api::SqlQuery sql = SelectInvitations(call, query, "i.answer_time IS NOT NULL");
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListSurveyResponsesResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListSurveyResponsesResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const SurveyInvitation invitation, ReadInvitation(rows[i]));
      *response.add_responses() = ResponseToProto(invitation);
    }
    response.set_next_page_token(query.NextPageToken(rows, kInvitationColumnCount));
    return response;
  });
}

}  // namespace esnaf::support

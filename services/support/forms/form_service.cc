#include "services/support/forms/form_service.h"

#include "google/protobuf/util/message_differencer.h"
#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/api/update_mask.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "services/support/surveys/survey_store.h"
#include "services/support/tickets/ticket_store.h"
#include "services/support/tickets/ticket_thread.h"

namespace esnaf::support {
namespace {

using runtime::Call;
using runtime::Caller;

constexpr std::chrono::hours kRateTime{1};
constexpr std::size_t kMostValues = 60;
constexpr std::size_t kMaxAddressBytes = 100;

const api::FieldTable& FormFields() {
  static const api::FieldTable kFields{.fields = {{.name = "id", .sql = "f.id"}}, .id_sql = "f.id"};
  return kFields;
}

v1::TicketForm ToProto(const FormRecord& form) {
  v1::TicketForm message = WithRecord(form.record.body, form.record);
  message.set_ticket_count(form.tickets);
  message.set_spam_count(form.spam);
  return message;
}

// Without what the record keeps by itself.
v1::TicketForm GivenOf(v1::TicketForm form) {
  form.clear_ticket_count();
  form.clear_spam_count();
  form.clear_etag();
  form.clear_create_time();
  form.clear_update_time();
  return form;
}

absl::Status Check(const Call& call, const v1::TicketForm& form) {
  FieldViolations violations;
  CheckForm(form, violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  if (call.caller().MaySee(form.store_id())) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is not for this store",
                   {{"store_id", form.store_id()}});
}

absl::StatusOr<FormRecord> GetVisible(const Call& call, postgres::Tx& tx, const std::string& id, bool lock) {
  ESNAF_ASSIGN_OR_RETURN(FormRecord form, GetForm(tx, id, lock));
  if (!call.caller().MaySee(form.record.body.store_id())) return NotFound("ticket_form", id);
  return form;
}

// Hashes that say nothing to who has not the secret.
std::string KeyedHash(const std::string& secret, const char* what, const std::string& text) {
  return HexEncode(HmacSha256(secret, absl::StrCat("esnaf.form.", what, ":", text)));
}

absl::Status CheckSending(const Call& call, const v1::TicketForm& form, const v1::SubmitTicketFormRequest& request) {
  FieldViolations violations;
  if (request.fields_size() > static_cast<int>(kMostValues)) {
    violations.Add("fields", absl::StrCat("are more than ", kMostValues));
  }
  if (request.client_address().size() > kMaxAddressBytes) {
    violations.Add("client_address", absl::StrCat("is longer than ", kMaxAddressBytes, " bytes"));
  }
  const auto& origins = form.allowed_origins();
  const bool from_page = call.caller().kind == Caller::Kind::kPublishable;
  if (from_page && !origins.empty() && std::find(origins.begin(), origins.end(), request.origin()) == origins.end()) {
    violations.Add("origin", "is none of the form's");
  }
  if (!request.attachment_ids().empty() && call.caller().kind != Caller::Kind::kStorefront) {
    violations.Add("attachment_ids", "are only for a store's own back end");
  }
  return violations.ToStatus();
}

// The number of the ticket that was made by this already; none where there is none. FAILED_PRECONDITION where it was
// made by something else that was filled in: nobody is thanked for what is not kept.
absl::StatusOr<std::optional<std::int64_t>> NumberOfSent(postgres::Tx& tx, const Submission& submission) {
  ESNAF_ASSIGN_OR_RETURN(const std::optional<std::string> content, FindSentContent(tx, submission.ticket_id));
  if (!content) return std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const std::optional<Ticket> made, FindTicket(tx, submission.ticket_id));
  if (!made) return std::nullopt;
  if (*content == submission.content_hash) return std::optional(made->number);
  return MakeError(absl::StatusCode::kFailedPrecondition, "FORM_SENT", "the token is used up by something else",
                   {{"ticket_number", absl::StrCat(made->number)}});
}

}  // namespace

runtime::RpcService TicketFormService::Rpcs() {
  runtime::RpcService rpcs("esnaf.support.v1.TicketFormService");
  rpcs.Unary("CreateTicketForm", this, &TicketFormService::CreateTicketForm)
      .Unary("GetTicketForm", this, &TicketFormService::GetTicketForm)
      .Unary("ListTicketForms", this, &TicketFormService::ListTicketForms)
      .Unary("UpdateTicketForm", this, &TicketFormService::UpdateTicketForm)
      .Unary("DeleteTicketForm", this, &TicketFormService::DeleteTicketForm)
      .Unary("OpenTicketForm", this, &TicketFormService::OpenTicketForm)
      .Unary("SubmitTicketForm", this, &TicketFormService::SubmitTicketForm)
      .Unary("ServeTicketFormPage", this, &TicketFormService::ServeTicketFormPage);
  return rpcs;
}

absl::StatusOr<v1::TicketForm> TicketFormService::CreateTicketForm(Call& call,
                                                                   const v1::CreateTicketFormRequest& request) {
  FormRecord form{.record = {.body = GivenOf(request.form()), .create_time = call.now(), .update_time = call.now()}};
  ESNAF_RETURN_IF_ERROR(Check(call, form.record.body));
  using Answer = absl::StatusOr<v1::TicketForm>;
  return call.Mutate<v1::TicketForm>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(InsertForm(tx, form.record));
    return ToProto(form);
  });
}

absl::StatusOr<v1::TicketForm> TicketFormService::GetTicketForm(Call& call, const v1::GetTicketFormRequest& request) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::TicketForm> {
    ESNAF_ASSIGN_OR_RETURN(const FormRecord form, GetVisible(call, tx, request.id(), false));
    return ToProto(form);
  });
}

absl::StatusOr<v1::ListTicketFormsResponse> TicketFormService::ListTicketForms(
    Call& call, const v1::ListTicketFormsRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, FormFields(), {.default_order = "id"}));
  const api::SqlQuery sql =
      query.Select(kFormColumns, "ticket_form f", "(cardinality($1::text[]) = 0 OR f.store_id = ANY ($1::text[]))",
                   {call.caller().store_ids});
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListTicketFormsResponse> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListTicketFormsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(const FormRecord form, ReadForm(rows[i]));
      *response.add_forms() = ToProto(form);
    }
    response.set_next_page_token(query.NextPageToken(rows, kFormColumnCount));
    return response;
  });
}

absl::StatusOr<v1::TicketForm> TicketFormService::UpdateTicketForm(Call& call,
                                                                   const v1::UpdateTicketFormRequest& request) {
  using Answer = absl::StatusOr<v1::TicketForm>;
  return call.Mutate<v1::TicketForm>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(FormRecord form, GetVisible(call, tx, request.form().id(), true));
    ESNAF_RETURN_IF_ERROR(CheckEtag(request.form().etag(), form.record.version, "the form", request.form().id()));
    v1::TicketForm merged = form.record.body;
    const auto mask = api::ExpandMask(request.update_mask(), request.form());
    ESNAF_RETURN_IF_ERROR(api::MergeByMask(mask, request.form(), "form", merged));
    merged = GivenOf(std::move(merged));
    merged.set_id(form.record.body.id());
    merged.set_store_id(form.record.body.store_id());
    ESNAF_RETURN_IF_ERROR(Check(call, merged));
    if (google::protobuf::util::MessageDifferencer::Equals(merged, form.record.body)) return ToProto(form);
    form.record.body = std::move(merged);
    ++form.record.version;
    form.record.update_time = call.now();
    ESNAF_RETURN_IF_ERROR(UpdateForm(tx, form.record));
    return ToProto(form);
  });
}

absl::StatusOr<v1::DeleteTicketFormResponse> TicketFormService::DeleteTicketForm(
    Call& call, const v1::DeleteTicketFormRequest& request) {
  using Answer = absl::StatusOr<v1::DeleteTicketFormResponse>;
  return call.Mutate<v1::DeleteTicketFormResponse>(
      request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_ASSIGN_OR_RETURN(const FormRecord form, GetVisible(call, tx, request.id(), true));
        ESNAF_RETURN_IF_ERROR(CheckEtag(request.etag(), form.record.version, "the form", request.id()));
        ESNAF_RETURN_IF_ERROR(DeleteForm(tx, request.id()));
        return v1::DeleteTicketFormResponse();
      });
}

absl::StatusOr<TicketFormService::OpenForm> TicketFormService::FindOpen(Call& call, const std::string& id) {
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<OpenForm> {
    ESNAF_ASSIGN_OR_RETURN(v1::TicketForm form, GetFormToFill(tx, id));
    if (form.disabled() || !call.caller().MaySee(form.store_id())) return NotFound("ticket_form", id);
    ESNAF_ASSIGN_OR_RETURN(std::string secret, SurveySecret(tx));
    return OpenForm{std::move(form), std::move(secret)};
  });
}

absl::StatusOr<v1::OpenTicketFormResponse> TicketFormService::OpenTicketForm(Call& call,
                                                                             const v1::OpenTicketFormRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const OpenForm open, FindOpen(call, request.id()));
  const FormToken token{Uuid::NewV7(call.now()), call.now()};
  v1::OpenTicketFormResponse response;
  response.set_id(request.id());
  for (const v1::TicketFormField& field : open.form.fields()) {
    *response.add_fields() = field;
    response.mutable_fields()->rbegin()->set_key(KeyOf(field));
  }
  *response.mutable_turkish() = open.form.turkish();
  *response.mutable_english() = open.form.english();
  response.set_token(SignFormToken(token, request.id(), open.secret));
  response.set_session(FormSession(token.ticket_id, open.secret));
  return response;
}

absl::StatusOr<std::optional<std::int64_t>> TicketFormService::Judge(Call& call,
                                                                     const v1::SubmitTicketFormRequest& request,
                                                                     const FormToken& token, const std::string& secret,
                                                                     Sending& sending) {
  const bool by_key = call.caller().kind == Caller::Kind::kPublishable;
  const SpamLimits own = LimitsOf(sending.form.guard());
  const SpamLimits limits = by_key ? LimitsOfKey(own) : own;
  Submission& submission = sending.submission;
  submission = {.ticket_id = token.ticket_id,
                .form_id = sending.form.id(),
                .store_id = sending.form.store_id(),
                .content_hash = KeyedHash(secret, "content", SameContent(sending.form, sending.filled)),
                .create_time = call.now()};
  // A page's word on where it is says nothing.
  const std::string& address = by_key ? call.caller().actor : request.client_address();
  if (!address.empty()) submission.address_hash = KeyedHash(secret, by_key ? "key" : "address", address);
  std::optional<std::int64_t> made;
  SentBefore before;
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(made, NumberOfSent(tx, submission));
    ESNAF_ASSIGN_OR_RETURN(before, CountSent(tx, submission,
                                             {.since = call.now() - kRateTime,
                                              .said_since = call.now() - limits.duplicate_time,
                                              .most_from_address = FloodFrom(limits),
                                              .most_to_store = limits.most_per_store}));
    return absl::OkStatus();
  }));
  if (made) return made;
  if (before.from_address >= FloodFrom(limits)) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_FORMS", "the address has sent too many forms");
  }
  submission.suspicions =
      SuspicionsOf({.trap_filled = !request.website().empty(),
                    .fill_time = std::chrono::duration_cast<std::chrono::seconds>(call.now() - token.open_time),
                    .links = CountLinks(sending.filled.subject) + CountLinks(sending.filled.message),
                    .from_address = before.from_address,
                    .to_store = before.to_store,
                    .said_before = before.said_before},
                   limits);
  return std::nullopt;
}

absl::StatusOr<std::int64_t> TicketFormService::MakeTicket(postgres::Tx& tx, const Sending& sending, Time now) {
  ESNAF_ASSIGN_OR_RETURN(const bool first, InsertSubmission(tx, sending.submission));
  if (!first) {
    ESNAF_ASSIGN_OR_RETURN(const std::optional<std::int64_t> made, NumberOfSent(tx, sending.submission));
    if (made) return *made;
    return absl::AbortedError("the form is just being sent");
  }
  Ticket ticket = TicketOf(sending.form, sending.filled, sending.submission.ticket_id);
  ticket.custom_fields["form_session"] = sending.session;
  std::string reasons;
  for (const std::string& suspicion : sending.submission.suspicions) {
    absl::StrAppend(&reasons, reasons.empty() ? "" : ",", suspicion);
  }
  if (!reasons.empty()) ticket.custom_fields["spam_reasons"] = reasons;
  if (sending.requester) ticket.contact_id = sending.links.contacts[0];
  const TicketMessage message{.id = Uuid::NewV7(now),
                              .ticket_id = ticket.id,
                              .author = AuthorKind::kCustomer,
                              .actor = sending.actor,
                              .text = sending.filled.message,
                              .channel = ticket.channel,
                              .create_time = now,
                              .attachment_ids = sending.attachment_ids};
  const Cause cause{{AuthorKind::kCustomer, sending.actor}, "", now};
  ESNAF_RETURN_IF_ERROR(OpenTicket(tx, writer_, cause, ticket, message));
  if (sending.requester) {
    ESNAF_RETURN_IF_ERROR(requesters_.Keep(tx, ticket.id, *sending.requester, sending.links, now));
  }
  if (reasons.empty()) return ticket.number;
  const Cause own = OwnCause(now);
  ESNAF_ASSIGN_OR_RETURN(TicketEvent event, ApplyVerb(ticket, TicketVerb::kMarkSpam, own.actor, now));
  event.details["spam_reasons"] = reasons;
  ESNAF_RETURN_IF_ERROR(writer_.Record(tx, own, ticket, event));
  return ticket.number;
}

absl::StatusOr<std::int64_t> TicketFormService::Send(Call& call, const v1::SubmitTicketFormRequest& request,
                                                     std::vector<FormMistake>& mistakes) {
  ESNAF_ASSIGN_OR_RETURN(OpenForm open, FindOpen(call, request.id()));
  ESNAF_RETURN_IF_ERROR(CheckSending(call, open.form, request));
  const std::optional<FormToken> token = ReadFormToken(request.token(), request.id(), open.secret);
  if (!token) return InvalidField("token", "is none of this form");
  Sending sending{.session = FormSession(token->ticket_id, open.secret), .actor = call.caller().actor};
  if (call.caller().kind == Caller::Kind::kService) sending.actor = absl::StrCat("form:", request.id());
  sending.filled = ReadFilled(open.form, {request.fields().begin(), request.fields().end()}, mistakes);
  for (const std::string& id : request.attachment_ids()) {
    ESNAF_ASSIGN_OR_RETURN(const Uuid attachment_id, api::ParseId(id, "attachment_ids"));
    sending.attachment_ids.push_back(attachment_id);
  }
  if (!mistakes.empty()) return std::int64_t{0};
  if (call.now() - token->open_time > kFormTokenTime) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "FORM_EXPIRED", "the form was open for too long");
  }
  sending.form = std::move(open.form);
  ESNAF_ASSIGN_OR_RETURN(const std::optional<std::int64_t> made, Judge(call, request, *token, open.secret, sending));
  if (made) return *made;
  // Nobody becomes a contact by spam.
  if (sending.submission.suspicions.empty()) sending.requester = RequesterOf(sending.filled);
  if (sending.requester) {
    absl::StatusOr<identity::Links> links = requesters_.Find(call, *sending.requester);
    // What contacts does not take of him must not cost him his ticket, which says what he typed.
    if (!links.ok() && !identity::IsRefusal(links.status())) return links.status();
    if (links.ok()) {
      sending.links = *std::move(links);
    } else {
      sending.requester.reset();
    }
  }
  ESNAF_ASSIGN_OR_RETURN(
      const auto answer,
      call.Mutate<v1::SubmitTicketFormResponse>(
          request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::SubmitTicketFormResponse> {
            v1::SubmitTicketFormResponse response;
            ESNAF_ASSIGN_OR_RETURN(const std::int64_t number, MakeTicket(tx, sending, call.now()));
            response.set_ticket_number(number);
            return response;
          }));
  return answer.ticket_number();
}

absl::StatusOr<v1::SubmitTicketFormResponse> TicketFormService::SubmitTicketForm(
    Call& call, const v1::SubmitTicketFormRequest& request) {
  std::vector<FormMistake> mistakes;
  ESNAF_ASSIGN_OR_RETURN(const std::int64_t number, Send(call, request, mistakes));
  FieldViolations violations;
  for (const FormMistake& mistake : mistakes) violations.Add("fields." + mistake.key, DescriptionOf(mistake.kind));
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  v1::SubmitTicketFormResponse response;
  response.set_ticket_number(number);
  return response;
}

}  // namespace esnaf::support

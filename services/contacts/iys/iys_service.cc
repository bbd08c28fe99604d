#include "services/contacts/iys/iys_service.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "esnaf/contacts/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/text.h"
#include "services/contacts/consent_store.h"
#include "services/contacts/consent_wire.h"
#include "services/contacts/iys/iys_store.h"

namespace esnaf::contacts {
namespace {

using runtime::Call;

constexpr int kMostChanges = 1000;
constexpr std::size_t kMostErrorBytes = 1000;

// All of it is the firm's: a key of one store would see the people of others.
absl::Status CheckWholeFirm(const Call& call) {
  if (call.caller().store_ids.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_ALLOWED", "the key is limited to stores");
}

v1::IysBrand ToProto(const IysBrand& brand) {
  v1::IysBrand proto;
  proto.set_brand_code(brand.brand_code);
  proto.set_display_name(brand.display_name);
  for (const std::string& store : brand.store_ids) proto.add_store_ids(store);
  proto.set_is_default(brand.is_default);
  return proto;
}

v1::IysRecord ToProto(const IysRecord& record, Time now) {
  v1::IysRecord proto;
  proto.set_consent_id(record.consent_id.ToString());
  proto.set_recipient(record.recipient);
  proto.set_brand_code(record.brand_code);
  proto.set_channel(static_cast<v1::ConsentChannel>(record.channel));
  proto.set_recipient_type(static_cast<v1::ConsentRecipientType>(record.recipient_type));
  proto.set_status(static_cast<v1::ConsentStatus>(record.status));
  proto.set_source(static_cast<v1::ConsentSource>(record.source));
  *proto.mutable_consent_time() = api::ToProto(record.consent_time);
  *proto.mutable_deadline() = api::ToProto(record.deadline);
  proto.set_state(static_cast<v1::IysRecordState>(record.state));
  proto.set_problem(record.problem);
  proto.set_overdue(record.state != IysRecordState::kAcknowledged && record.deadline <= now);
  if (record.batch_id) proto.set_batch_id(record.batch_id->ToString());
  return proto;
}

v1::IysBatch ToProto(const IysBatch& batch, v1::IysFormat format) {
  v1::IysBatch proto;
  proto.set_id(batch.id.ToString());
  proto.set_brand_code(batch.brand_code);
  proto.set_record_count(static_cast<int>(batch.records.size()));
  int acknowledged = 0, failed = 0;
  for (const IysRecord& record : batch.records) {
    if (record.state == IysRecordState::kAcknowledged) ++acknowledged;
    if (record.state == IysRecordState::kFailed) ++failed;
  }
  proto.set_acknowledged_count(acknowledged);
  proto.set_failed_count(failed);
  *proto.mutable_create_time() = api::ToProto(batch.create_time);
  proto.set_content(WriteIysBatch(static_cast<IysFormat>(format), batch.brand_code, batch.records));
  return proto;
}

absl::Status CheckFormat(v1::IysFormat format) {
  return v1::IysFormat_IsValid(format) ? absl::OkStatus() : InvalidField("format", "is no format");
}

std::string FirstProblem(const absl::Status& status) {
  std::string text;
  for (const auto& [field, problem] : ErrorFields(status))
    absl::StrAppend(&text, text.empty() ? "" : "; ", field, " ", problem);
  return text;
}

v1::IysChangeResult Refused(const std::string& error) {
  v1::IysChangeResult result;
  result.set_outcome(v1::IYS_CHANGE_OUTCOME_REFUSED);
  result.set_error(error);
  return result;
}

absl::Status Record(Call& call, postgres::Tx& tx, const IysChange& change, const std::string& brand_code,
                    const Uuid& contact) {
  const Consent consent{.id = Uuid::NewV7(call.now()),
                        .contact_id = contact,
                        .purpose = std::string(kIysPurpose),
                        .channel = change.channel,
                        .status = change.status,
                        .legal_basis = LegalBasis::kConsent,
                        .source = change.source,
                        .recipient = change.recipient,
                        .recipient_type = change.recipient_type,
                        .brand_code = brand_code,
                        .consent_time = change.consent_time,
                        .proof = absl::StrCat("İYS: ", change.source_name),
                        .create_time = call.now()};
  v1::ConsentRecorded payload;
  *payload.mutable_consent() = contacts::ToProto(consent);
  return AddConsent(tx, consent, events::MakeEvent(call, "consent", consent.id, 1, payload, consent.consent_time));
}

// One line; what İYS knows already is not told to it again.
absl::StatusOr<v1::IysChangeResult> Import(Call& call, postgres::Tx& tx, const IysBrand& brand, const IysLine& line) {
  const auto read = ReadIysLine(line, call.now());
  if (!read.ok()) return Refused(FirstProblem(read.status()));
  const std::string brand_code = brand.is_default ? std::string() : brand.brand_code;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> contacts, ContactsOfAddress(tx, *read));
  bool late = false;
  if (read->status == ConsentStatus::kOnay) {
    ESNAF_ASSIGN_OR_RETURN(late, HasLaterWord(tx, contacts, brand_code, *read));
  }
  ESNAF_ASSIGN_OR_RETURN(const bool is_new,
                         NoteIysChange(tx, brand.brand_code, *read, late ? 0 : contacts.size(), call.now()));
  v1::IysChangeResult result;
  result.set_outcome(v1::IYS_CHANGE_OUTCOME_UNKNOWN_RECIPIENT);
  if (contacts.empty()) return result;
  result.set_outcome(v1::IYS_CHANGE_OUTCOME_REPEATED);
  std::vector<Uuid> concerned = contacts;
  if (!is_new) {
    // A refusal that comes again counts for who has allowed since, or has the address only since.
    if (read->status != ConsentStatus::kRet) return result;
    ESNAF_ASSIGN_OR_RETURN(const std::set<Uuid> refused, ContactsWhoRefused(tx, contacts, brand_code, *read));
    std::erase_if(concerned, [&](const Uuid& contact) { return refused.contains(contact); });
    if (concerned.empty()) return result;
  }
  if (late) return Refused("consentDate is not later than what is known of the address");
  for (const Uuid& contact : concerned) ESNAF_RETURN_IF_ERROR(Record(call, tx, *read, brand_code, contact));
  result.set_outcome(v1::IYS_CHANGE_OUTCOME_RECORDED);
  return result;
}

}  // namespace

runtime::RpcService IysService::Rpcs() {
  runtime::RpcService rpcs("esnaf.contacts.v1.IysService");
  rpcs.Unary("UpdateIysBrand", this, &IysService::UpdateIysBrand)
      .Unary("ListIysBrands", this, &IysService::ListIysBrands)
      .Unary("ListIysRecords", this, &IysService::ListIysRecords)
      .Unary("CreateIysBatch", this, &IysService::CreateIysBatch)
      .Unary("GetIysBatch", this, &IysService::GetIysBatch)
      .Unary("ReportIysBatch", this, &IysService::ReportIysBatch)
      .Unary("RetryIysBatch", this, &IysService::RetryIysBatch)
      .Unary("ImportIysChanges", this, &IysService::ImportIysChanges);
  return rpcs;
}

absl::StatusOr<v1::IysBrand> IysService::UpdateIysBrand(Call& call, const v1::UpdateIysBrandRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  IysBrand brand{.brand_code = request.brand().brand_code(),
                 .display_name = request.brand().display_name(),
                 .store_ids = {request.brand().store_ids().begin(), request.brand().store_ids().end()},
                 .is_default = request.brand().is_default()};
  std::sort(brand.store_ids.begin(), brand.store_ids.end());
  FieldViolations violations;
  CheckIysBrand(brand, violations);
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  return call.Mutate<v1::IysBrand>(request, Call::Writes::kTransaction,
                                   [&](postgres::Tx& tx) -> absl::StatusOr<v1::IysBrand> {
                                     ESNAF_RETURN_IF_ERROR(SaveIysBrand(tx, brand, call.now()));
                                     return ToProto(brand);
                                   });
}

absl::StatusOr<v1::ListIysBrandsResponse> IysService::ListIysBrands(Call& call, const v1::ListIysBrandsRequest&) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  ESNAF_ASSIGN_OR_RETURN(const auto brands, call.Read([](postgres::Tx& tx) { return contacts::ListIysBrands(tx); }));
  v1::ListIysBrandsResponse response;
  for (const IysBrand& brand : brands) *response.add_brands() = ToProto(brand);
  return response;
}

absl::StatusOr<v1::ListIysRecordsResponse> IysService::ListIysRecords(Call& call,
                                                                      const v1::ListIysRecordsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  ESNAF_ASSIGN_OR_RETURN(
      const api::ListQuery query,
      api::ListQuery::Parse(request, IysRecordFields(), {.default_order = "deadline, consent_time"}));
  const auto overdue_at = request.overdue_only() ? std::optional(call.now()) : std::nullopt;
  ESNAF_ASSIGN_OR_RETURN(const IysRecordPage page,
                         call.Read([&](postgres::Tx& tx) { return contacts::ListIysRecords(tx, query, overdue_at); }));
  v1::ListIysRecordsResponse response;
  for (const IysRecord& record : page.records) *response.add_records() = ToProto(record, call.now());
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::IysBatch> IysService::CreateIysBatch(Call& call, const v1::CreateIysBatchRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  ESNAF_RETURN_IF_ERROR(CheckFormat(request.format()));
  if (request.max_records() < 0 || request.max_records() > kMostInIysBatch) {
    return InvalidField("max_records", absl::StrCat("must be 1 to ", kMostInIysBatch));
  }
  const int most = request.max_records() == 0 ? kMostInIysBatch : request.max_records();
  const IysBatch made{.id = Uuid::NewV7(call.now()), .brand_code = request.brand_code(), .create_time = call.now()};
  using Answer = absl::StatusOr<v1::IysBatch>;
  return call.Mutate<v1::IysBatch>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const IysBrand brand, GetIysBrand(tx, made.brand_code));
    ESNAF_ASSIGN_OR_RETURN(const int count, contacts::CreateIysBatch(tx, made, brand.is_default, most));
    if (count == 0) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "IYS_NOTHING_PENDING", "the brand has no pending record",
                       {{"brand_code", made.brand_code}});
    }
    ESNAF_ASSIGN_OR_RETURN(const IysBatch batch, contacts::GetIysBatch(tx, made.id));
    return ToProto(batch, request.format());
  });
}

absl::StatusOr<v1::IysBatch> IysService::GetIysBatch(Call& call, const v1::GetIysBatchRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  ESNAF_RETURN_IF_ERROR(CheckFormat(request.format()));
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  ESNAF_ASSIGN_OR_RETURN(const IysBatch batch,
                         call.ReadSnapshot([&](postgres::Tx& tx) { return contacts::GetIysBatch(tx, id); }));
  return ToProto(batch, request.format());
}

absl::StatusOr<v1::IysBatch> IysService::ReportIysBatch(Call& call, const v1::ReportIysBatchRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  std::vector<IysAnswer> answers;
  std::set<int> seen;
  FieldViolations violations;
  if (request.results_size() > kMostInIysBatch) violations.Add("results", "has more than 5000");
  for (int i = 0; i < request.results_size() && i < kMostInIysBatch; ++i) {
    const v1::IysResult& result = request.results(i);
    const std::string field = absl::StrCat("results[", i, "]");
    if (!seen.insert(result.index()).second) violations.Add(field + ".index", "comes twice");
    if (result.error().size() > kMostErrorBytes) violations.Add(field + ".error", "is longer than 1000 bytes");
    if (!IsCleanUtf8(result.error())) violations.Add(field + ".error", "is no clean UTF-8");
    answers.push_back({result.index(), result.error()});
  }
  ESNAF_RETURN_IF_ERROR(violations.ToStatus());
  using Answer = absl::StatusOr<v1::IysBatch>;
  return call.Mutate<v1::IysBatch>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(contacts::GetIysBatch(tx, id).status());
    ESNAF_RETURN_IF_ERROR(contacts::ReportIysBatch(tx, id, answers, request.others_acknowledged()));
    ESNAF_ASSIGN_OR_RETURN(const IysBatch batch, contacts::GetIysBatch(tx, id));
    return ToProto(batch, v1::IYS_FORMAT_UNSPECIFIED);
  });
}

absl::StatusOr<v1::IysBatch> IysService::RetryIysBatch(Call& call, const v1::RetryIysBatchRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  ESNAF_ASSIGN_OR_RETURN(const Uuid id, api::ParseId(request.id(), "id"));
  using Answer = absl::StatusOr<v1::IysBatch>;
  return call.Mutate<v1::IysBatch>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
    ESNAF_RETURN_IF_ERROR(contacts::RetryIysBatch(tx, id));
    ESNAF_ASSIGN_OR_RETURN(const IysBatch batch, contacts::GetIysBatch(tx, id));
    return ToProto(batch, v1::IYS_FORMAT_UNSPECIFIED);
  });
}

absl::StatusOr<v1::ImportIysChangesResponse> IysService::ImportIysChanges(Call& call,
                                                                          const v1::ImportIysChangesRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckWholeFirm(call));
  if (request.changes().empty() || request.changes_size() > kMostChanges) {
    return InvalidField("changes", "must be 1 to 1000");
  }
  using Response = v1::ImportIysChangesResponse;
  return call.Mutate<Response>(request, Call::Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<Response> {
    ESNAF_ASSIGN_OR_RETURN(const IysBrand brand, GetIysBrand(tx, request.brand_code()));
    Response response;
    for (const v1::IysChange& given : request.changes()) {
      const IysLine line{.type = given.type(),
                         .recipient = given.recipient(),
                         .recipient_type = given.recipient_type(),
                         .status = given.status(),
                         .consent_date = given.consent_date(),
                         .source = given.source()};
      ESNAF_ASSIGN_OR_RETURN(*response.add_results(), Import(call, tx, brand, line));
    }
    return response;
  });
}

void WatchIysRecords(runtime::App& app) {
  auto& overdue = app.metrics().GetGauge("esnaf_contacts_iys_overdue", "Records that were not at İYS in time.");
  app.AddWorker("iys-overdue", std::chrono::minutes(1), [&app, &overdue](postgres::Connection& own) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const std::int64_t count,
                           own.Run({.autocommit = true, .read_only = true},
                                   [&](postgres::Tx& tx) { return CountOverdueIysRecords(tx, app.clock().Now()); }));
    overdue.Set(static_cast<double>(count));
    return absl::OkStatus();
  });
}

}  // namespace esnaf::contacts

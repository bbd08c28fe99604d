#include "services/attribution/exports/export_service.h"

#include <set>

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/crypto.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "libs/base/text.h"
#include "libs/identity/identity.h"
#include "services/attribution/touches/touchpoint_store.h"

namespace esnaf::attribution {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr std::size_t kMostConversions = 5000;
constexpr std::size_t kMostPeople = 1000;
// Google takes no older conversions, and looks back no further from one to its click.
constexpr std::chrono::days kLongest{90};
constexpr std::size_t kMaxNameBytes = 200;

absl::Status CheckStore(const Call& call, const std::string& store_id) {
  if (store_id.empty()) return InvalidField("store_id", "is required");
  if (call.caller().MaySee(store_id)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "STORE_NOT_IN_SCOPE", "the key is limited to other stores",
                   {{"store_id", store_id}});
}

// A request that makes sense.
struct Plan {
  ExportQuery query;
  ExportSettings settings;
};

absl::StatusOr<Plan> ReadPlan(const Call& call, const v1::CreateConversionExportRequest& request) {
  if (request.destination() == v1::EXPORT_DESTINATION_UNSPECIFIED ||
      !v1::ExportDestination_IsValid(request.destination())) {
    return InvalidField("destination", "names no destination");
  }
  if (!v1::ExportDelivery_IsValid(request.delivery())) return InvalidField("delivery", "names no delivery");
  if (request.delivery() == v1::EXPORT_DELIVERY_HTTPS && request.destination() != v1::EXPORT_DESTINATION_META) {
    return InvalidField("delivery", "HTTPS is for META alone; Google fetches files");
  }
  const bool tells_people = request.destination() != v1::EXPORT_DESTINATION_GOOGLE_CLICKS;
  if (tells_people && request.consent_purpose().empty()) return InvalidField("consent_purpose", "is required");
  if (request.conversion_name().size() > kMaxNameBytes || !IsCleanUtf8(request.conversion_name())) {
    return InvalidField("conversion_name", "must be at most 200 bytes of text");
  }
  Plan plan;
  plan.settings.destination = plan.query.destination = static_cast<ExportDestination>(request.destination());
  plan.settings.conversion_name = request.conversion_name().empty() ? "Purchase" : request.conversion_name();
  plan.settings.now = call.now();
  const absl::StatusOr<TimeZone> zone =
      TimeZone::Load(request.time_zone().empty() ? "Europe/Istanbul" : request.time_zone());
  if (!zone.ok()) return InvalidField("time_zone", "is no IANA time zone");
  plan.settings.time_zone = *zone;
  plan.query.store_id = request.store_id();
  plan.query.start = call.now() - kLongest;
  plan.query.end = call.now();
  plan.query.limit = static_cast<int>(kMostConversions) + 1;
  if (request.has_start_time()) {
    ESNAF_ASSIGN_OR_RETURN(plan.query.start, api::FromProto(request.start_time(), "start_time"));
  }
  if (request.has_end_time()) {
    ESNAF_ASSIGN_OR_RETURN(plan.query.end, api::FromProto(request.end_time(), "end_time"));
  }
  return plan;
}

// What the database knows, at one moment.
struct Collected {
  std::vector<ExportCandidate> candidates;
  std::vector<std::vector<Touchpoint>> touches;  // one list for each
  std::vector<ConversionAdjustment> adjustments;
  bool has_more = false;
};

// Names people as they are called now.
absl::Status FollowMerges(postgres::Tx& tx, std::vector<ExportCandidate>& candidates) {
  std::vector<Uuid> contacts;
  for (const ExportCandidate& candidate : candidates) {
    if (candidate.contact_id) contacts.push_back(*candidate.contact_id);
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  auto canonical = canonicals.begin();
  for (ExportCandidate& candidate : candidates) {
    if (candidate.contact_id) candidate.contact_id = *canonical++;
  }
  return absl::OkStatus();
}

absl::StatusOr<Collected> Collect(postgres::Tx& tx, const Plan& plan) {
  Collected collected;
  ESNAF_ASSIGN_OR_RETURN(collected.candidates, UntoldConversions(tx, plan.query));
  if (plan.settings.destination != ExportDestination::kMeta) {
    ESNAF_ASSIGN_OR_RETURN(collected.adjustments, ChangedConversionsOf(tx, plan.query, plan.settings.now));
  }
  collected.has_more =
      collected.candidates.size() > kMostConversions || collected.adjustments.size() > kMostConversions;
  if (collected.candidates.size() > kMostConversions) collected.candidates.resize(kMostConversions);
  if (collected.adjustments.size() > kMostConversions) collected.adjustments.resize(kMostConversions);
  ESNAF_RETURN_IF_ERROR(FollowMerges(tx, collected.candidates));
  std::vector<PathQuery> queries;
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < collected.candidates.size(); ++i) {
    const ExportCandidate& candidate = collected.candidates[i];
    if (!candidate.contact_id) continue;
    queries.push_back(
        {*candidate.contact_id, candidate.time - kLongest, candidate.time + std::chrono::microseconds(1)});
    owners.push_back(i);
  }
  collected.touches.resize(collected.candidates.size());
  if (queries.empty()) return collected;
  ESNAF_ASSIGN_OR_RETURN(auto paths, TouchesOfPeople(tx, queries));
  for (std::size_t i = 0; i < owners.size(); ++i) collected.touches[owners[i]] = std::move(paths[i]);
  return collected;
}

// By their ids.
using People = std::map<std::string, audience::AudiencePerson>;

absl::StatusOr<People> FindPeople(const std::vector<ExportCandidate>& candidates, const PeopleOf& people_of,
                                  const std::string& purpose, const Call& call) {
  std::set<std::string> distinct;
  for (const ExportCandidate& candidate : candidates) {
    if (candidate.contact_id) distinct.insert(candidate.contact_id->ToString());
  }
  const std::vector<std::string> ids(distinct.begin(), distinct.end());
  People people;
  for (std::size_t begin = 0; begin < ids.size(); begin += kMostPeople) {
    const std::size_t end = std::min(begin + kMostPeople, ids.size());
    const std::vector<std::string> batch(ids.begin() + static_cast<std::ptrdiff_t>(begin),
                                         ids.begin() + static_cast<std::ptrdiff_t>(end));
    ESNAF_ASSIGN_OR_RETURN(const auto found, people_of(batch, purpose, call.info().deadline));
    for (const audience::AudiencePerson& person : found) people[person.contact_id] = person;
  }
  return people;
}

// An export that is not on record yet.
struct Draft {
  v1::ConversionExport made;
  std::vector<ToldConversion> told;
  std::vector<ToldConversion> adjusted;
};

void AddFile(v1::ConversionExport& made, const ExportFile& file) {
  v1::ExportFile& added = *made.add_files();
  added.set_name(file.name);
  added.set_content_type(file.content_type);
  added.set_content(file.body);
  added.set_content_sha256(Sha256Hex(file.body));
  added.set_row_count(static_cast<std::int64_t>(file.order_ids.size()));
}

Draft WriteDraft(const Collected& collected, const People& people, const Plan& plan) {
  Draft draft;
  std::vector<ExportableConversion> exportable;
  std::map<LeftOut, std::int64_t> left_out;
  for (std::size_t i = 0; i < collected.candidates.size(); ++i) {
    const ExportCandidate& candidate = collected.candidates[i];
    const auto person = people.find(candidate.contact_id ? candidate.contact_id->ToString() : std::string());
    ExportableConversion conversion = MatchConversion(
        candidate, collected.touches[i], person == people.end() ? nullptr : &person->second, plan.settings.destination);
    if (const auto why = WhyLeftOut(conversion, plan.settings)) {
      ++left_out[*why];
      continue;
    }
    draft.told.push_back({candidate.order_id, candidate.value.minor, conversion.click_ids.gclid});
    exportable.push_back(std::move(conversion));
  }
  for (const ExportFile& file : WriteConversions(exportable, plan.settings)) AddFile(draft.made, file);
  if (const auto file = WriteAdjustments(collected.adjustments, plan.settings)) AddFile(draft.made, *file);
  for (const ConversionAdjustment& adjustment : collected.adjustments) {
    draft.adjusted.push_back({Uuid::Parse(adjustment.order_id).value_or(Uuid()), adjustment.value.minor, {}});
  }
  for (const auto& [reason, count] : left_out) {
    v1::ExportOmission& omission = *draft.made.add_omissions();
    omission.set_reason(std::string(ReasonOf(reason)));
    omission.set_count(count);
  }
  draft.made.set_conversion_count(static_cast<std::int64_t>(draft.told.size()));
  draft.made.set_adjustment_count(static_cast<std::int64_t>(draft.adjusted.size()));
  draft.made.set_has_more(collected.has_more);
  return draft;
}

const api::FieldTable& ExportFields() {
  static const api::FieldTable kFields{{{"create_time", "e.create_time", api::FieldType::kTime}}, "e.id"};
  return kFields;
}

}  // namespace

runtime::RpcService ConversionExportService::Rpcs() {
  runtime::RpcService rpcs("esnaf.attribution.v1.ConversionExportService");
  rpcs.Unary("CreateConversionExport", this, &ConversionExportService::CreateConversionExport)
      .Unary("SendConversionExport", this, &ConversionExportService::SendConversionExport)
      .Unary("GetConversionExport", this, &ConversionExportService::GetConversionExport)
      .Unary("ListConversionExports", this, &ConversionExportService::ListConversionExports);
  return rpcs;
}

absl::StatusOr<ConversionSender*> ConversionExportService::SenderFor(v1::ExportDelivery delivery) const {
  const auto set_up = [](const std::unique_ptr<ConversionSender>& sender,
                         const char* key) -> absl::StatusOr<ConversionSender*> {
    if (sender != nullptr) return sender.get();
    return MakeError(absl::StatusCode::kFailedPrecondition, "DELIVERY_NOT_SET_UP",
                     absl::StrCat("this installation has no ", key));
  };
  if (delivery == v1::EXPORT_DELIVERY_FOLDER) return set_up(senders_.folder, "conversion-export-folder");
  if (delivery == v1::EXPORT_DELIVERY_HTTPS) return set_up(senders_.https, "meta-conversions-url");
  return nullptr;
}

absl::StatusOr<v1::ConversionExport> ConversionExportService::CreateConversionExport(
    Call& call, const v1::CreateConversionExportRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const Plan plan, ReadPlan(call, request));
  ESNAF_ASSIGN_OR_RETURN(ConversionSender* const sender, SenderFor(request.delivery()));
  ESNAF_ASSIGN_OR_RETURN(const Collected collected,
                         call.ReadSnapshot([&](postgres::Tx& tx) { return Collect(tx, plan); }));
  People people;
  if (plan.settings.destination != ExportDestination::kGoogleClicks) {
    ESNAF_ASSIGN_OR_RETURN(people, FindPeople(collected.candidates, people_of_, request.consent_purpose(), call));
  }
  Draft draft = WriteDraft(collected, people, plan);
  draft.made.set_store_id(request.store_id());
  draft.made.set_destination(request.destination());
  draft.made.set_conversion_name(plan.settings.conversion_name);
  draft.made.set_delivery(request.delivery());
  draft.made.set_actor(call.caller().actor);
  *draft.made.mutable_create_time() = api::ToProto(call.now());
  if (request.validate_only()) {
    // Counts alone: a trial is no way to get at hashes that nothing is on record of.
    for (v1::ExportFile& file : *draft.made.mutable_files()) file.clear_content();
    return draft.made;
  }
  draft.made.set_id(Uuid::NewV7(call.now()).ToString());
  ESNAF_ASSIGN_OR_RETURN(
      const v1::ConversionExport recorded,
      call.Mutate<v1::ConversionExport>(
          request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::ConversionExport> {
            ESNAF_RETURN_IF_ERROR(InsertExport(tx, draft.made, call.now(), draft.told, draft.adjusted));
            v1::ConversionExport answer;
            answer.set_id(draft.made.id());
            return answer;
          }));
  // On record before it leaves the house: where this process ends now, `:send` goes on.
  return Deliver(call, recorded.id(), sender);
}

absl::StatusOr<v1::ConversionExport> ConversionExportService::Deliver(Call& call, const std::string& id,
                                                                      ConversionSender* sender) const {
  const auto read = [&] { return call.ReadSnapshot([&](postgres::Tx& tx) { return GetExport(tx, id); }); };
  ESNAF_ASSIGN_OR_RETURN(v1::ConversionExport made, read());
  if (sender == nullptr) return made;
  for (int i = 0; i < made.files_size(); ++i) {
    v1::ExportFile& file = *made.mutable_files(i);
    if (file.delivered() || call.cancelled()) continue;
    const absl::StatusOr<SendAnswer> answer =
        sender->Send({.name = file.name(), .content_type = file.content_type(), .body = file.content()});
    file.set_delivered(answer.ok() && answer->taken());
    file.set_answer_status(answer.ok() ? answer->status : 0);
    file.set_answer(answer.ok() ? answer->text : std::string(answer.status().message()));
    if (!file.delivered()) {
      LogWarning("an export of conversions was not taken", {{"export", id}, {"status", file.answer_status()}});
    }
    ESNAF_RETURN_IF_ERROR(call.connection().Run(
        {.autocommit = true}, [&](postgres::Tx& tx) { return RecordAnswer(tx, id, i, file, call.clock().Now()); }));
  }
  return read();
}

absl::StatusOr<v1::ConversionExport> ConversionExportService::SendConversionExport(
    Call& call, const v1::SendConversionExportRequest& request) {
  ESNAF_RETURN_IF_ERROR(api::ParseId(request.id(), "id").status());
  ESNAF_ASSIGN_OR_RETURN(const v1::ConversionExport made,
                         call.ReadSnapshot([&](postgres::Tx& tx) { return GetExport(tx, request.id()); }));
  if (!call.caller().MaySee(made.store_id())) return NotFound("conversion_export", request.id());
  ESNAF_ASSIGN_OR_RETURN(ConversionSender* const sender, SenderFor(made.delivery()));
  return Deliver(call, request.id(), sender);
}

absl::StatusOr<v1::ConversionExport> ConversionExportService::GetConversionExport(
    Call& call, const v1::GetConversionExportRequest& request) {
  ESNAF_RETURN_IF_ERROR(api::ParseId(request.id(), "id").status());
  ESNAF_ASSIGN_OR_RETURN(v1::ConversionExport made,
                         call.ReadSnapshot([&](postgres::Tx& tx) { return GetExport(tx, request.id()); }));
  if (!call.caller().MaySee(made.store_id())) return NotFound("conversion_export", request.id());
  return made;
}

absl::StatusOr<v1::ListConversionExportsResponse> ConversionExportService::ListConversionExports(
    Call& call, const v1::ListConversionExportsRequest& request) {
  ESNAF_RETURN_IF_ERROR(CheckStore(call, request.store_id()));
  ESNAF_ASSIGN_OR_RETURN(const auto query,
                         api::ListQuery::Parse(request, ExportFields(), {.default_order = "create_time desc"}));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListConversionExportsResponse> {
    const api::SqlQuery sql =
        query.Select(kExportColumns, "conversion_export e", "e.store_id = $1", {request.store_id()});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(sql.sql, sql.params));
    v1::ListConversionExportsResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ESNAF_ASSIGN_OR_RETURN(*response.add_exports(), ReadExportRow(rows[i]));
    }
    response.set_next_page_token(query.NextPageToken(rows, 2));
    return response;
  });
}

}  // namespace esnaf::attribution

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
#include "services/attribution/credit/path.h"
#include "services/attribution/touches/touchpoint_store.h"

namespace esnaf::attribution {
namespace {

using runtime::Call;
using Writes = runtime::Call::Writes;

constexpr std::size_t kMostConversions = 5000;
// How many orders are looked at together, which is how many people contacts may be asked for.
constexpr std::size_t kPage = 1000;
// Google takes no older conversions, and looks back no further from one to its click.
constexpr std::chrono::days kLongest{90};
// What is older than this Meta was never told of in time: it is not even counted.
constexpr std::chrono::days kMetaLongest{7};
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
  plan.settings.store_id = request.store_id();
  plan.settings.export_id = Uuid::NewV7(call.now()).ToString();
  const absl::StatusOr<TimeZone> zone =
      TimeZone::Load(request.time_zone().empty() ? "Europe/Istanbul" : request.time_zone());
  if (!zone.ok()) return InvalidField("time_zone", "is no IANA time zone");
  plan.settings.time_zone = *zone;
  plan.query.store_id = request.store_id();
  plan.query.start = call.now() - kLongest;
  plan.query.end = call.now();
  if (request.has_start_time()) {
    ESNAF_ASSIGN_OR_RETURN(plan.query.start, api::FromProto(request.start_time(), "start_time"));
  }
  if (request.has_end_time()) {
    ESNAF_ASSIGN_OR_RETURN(plan.query.end, api::FromProto(request.end_time(), "end_time"));
  }
  if (plan.settings.destination == ExportDestination::kMeta) {
    plan.query.start = std::max(plan.query.start, call.now() - kMetaLongest);
  }
  return plan;
}

// What the database knows of some orders, at one moment; one of each for every order.
struct Page {
  std::vector<ExportCandidate> candidates;
  std::vector<std::vector<Touchpoint>> touches;  // of the export's own store
  std::vector<std::optional<Time>> denial_times;
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

// What the people of the orders did and said.
absl::Status AddTouches(postgres::Tx& tx, const std::string& store_id, Time now, Page& page) {
  std::vector<PathQuery> queries;
  std::vector<std::size_t> owners;
  std::set<Uuid> people;
  for (std::size_t i = 0; i < page.candidates.size(); ++i) {
    const ExportCandidate& candidate = page.candidates[i];
    if (!candidate.contact_id) continue;
    queries.push_back({*candidate.contact_id, candidate.time - kLongest, LastMomentOf(candidate.time) + Duration(1)});
    owners.push_back(i);
    people.insert(*candidate.contact_id);
  }
  if (queries.empty()) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(auto paths, TouchesOfPeople(tx, queries));
  // The newest order comes first, so no click that counts is before those of the last one.
  ESNAF_ASSIGN_OR_RETURN(const auto denials,
                         StandingDenials(tx, {people.begin(), people.end()}, store_id, queries.back().from, now));
  for (std::size_t i = 0; i < owners.size(); ++i) {
    std::erase_if(paths[i], [&](const Touchpoint& touch) { return touch.store_id != store_id; });
    page.touches[owners[i]] = std::move(paths[i]);
    const auto denial = denials.find(queries[i].contact_id);
    if (denial != denials.end()) page.denial_times[owners[i]] = denial->second;
  }
  return absl::OkStatus();
}

absl::StatusOr<Page> ReadPage(postgres::Tx& tx, const ExportQuery& query, Time now) {
  Page page;
  ESNAF_ASSIGN_OR_RETURN(page.candidates, UntoldConversions(tx, query));
  page.touches.resize(page.candidates.size());
  page.denial_times.resize(page.candidates.size());
  ESNAF_RETURN_IF_ERROR(FollowMerges(tx, page.candidates));
  ESNAF_RETURN_IF_ERROR(AddTouches(tx, query.store_id, now, page));
  return page;
}

// By their ids.
using People = std::map<std::string, audience::AudiencePerson>;

absl::StatusOr<People> FindPeople(const std::vector<ExportCandidate>& candidates, const PeopleOf& people_of,
                                  const std::string& purpose, const Call& call) {
  std::set<std::string> distinct;
  for (const ExportCandidate& candidate : candidates) {
    if (candidate.contact_id) distinct.insert(candidate.contact_id->ToString());
  }
  People people;
  if (distinct.empty()) return people;
  ESNAF_ASSIGN_OR_RETURN(const auto found,
                         people_of({distinct.begin(), distinct.end()}, purpose, call.info().deadline));
  for (const audience::AudiencePerson& person : found) people[person.contact_id] = person;
  return people;
}

// An export that is not on record yet.
struct Draft {
  std::vector<ExportableConversion> exportable;
  std::vector<ToldConversion> told;  // the same
  std::vector<ConversionAdjustment> adjustments;
  std::map<LeftOut, std::int64_t> left_out;
  bool has_more = false;
};

// Adds the orders of a page that may be told and counts the others, until the export is full.
void AddPage(const Page& page, const People& people, const Plan& plan, Draft& draft) {
  for (std::size_t i = 0; i < page.candidates.size() && !draft.has_more; ++i) {
    const ExportCandidate& candidate = page.candidates[i];
    const auto person = people.find(candidate.contact_id ? candidate.contact_id->ToString() : std::string());
    ExportableConversion conversion =
        MatchConversion(candidate, page.touches[i], page.denial_times[i],
                        person == people.end() ? nullptr : &person->second, plan.settings.destination);
    if (const auto why = WhyLeftOut(conversion, plan.settings)) {
      ++draft.left_out[*why];
    } else if (draft.exportable.size() == kMostConversions) {
      draft.has_more = true;
    } else {
      draft.told.push_back({candidate.order_id, candidate.value.minor, conversion.click_ids.gclid,
                            plan.settings.conversion_name, candidate.time});
      draft.exportable.push_back(std::move(conversion));
    }
  }
}

// Half of the time that the call has: the other half is for writing and sending.
Time EnoughAt(const Call& call) { return call.now() + (call.info().deadline - call.now()) / 2; }

// Goes on over what is left out until the export is full or everything was looked at: what may never be told does not
// keep other orders from being told. Begins with the newest, so that where there is more than time allows, each order
// was looked at while it was new.
absl::StatusOr<Draft> Collect(Call& call, const Plan& plan, const PeopleOf& people_of, const std::string& purpose) {
  Draft draft;
  ExportQuery query = plan.query;
  query.limit = static_cast<int>(kPage);
  while (!draft.has_more) {
    if (call.cancelled()) return absl::CancelledError("nobody waits for the export any more");
    ESNAF_ASSIGN_OR_RETURN(const Page page,
                           call.ReadSnapshot([&](postgres::Tx& tx) { return ReadPage(tx, query, plan.settings.now); }));
    People people;
    if (plan.settings.destination != ExportDestination::kGoogleClicks) {
      ESNAF_ASSIGN_OR_RETURN(people, FindPeople(page.candidates, people_of, purpose, call));
    }
    AddPage(page, people, plan, draft);
    if (page.candidates.size() < kPage) break;
    // Whether some of the others may be told is left to the next export.
    draft.has_more =
        draft.has_more || draft.exportable.size() == kMostConversions || call.clock().Now() >= EnoughAt(call);
    query.end = page.candidates.back().time;
    query.before_id = page.candidates.back().order_id;
  }
  if (plan.settings.destination == ExportDestination::kMeta) return draft;
  query.limit = static_cast<int>(kMostConversions) + 1;
  ESNAF_ASSIGN_OR_RETURN(draft.adjustments, call.Read([&](postgres::Tx& tx) {
    return ChangedConversionsOf(tx, query, plan.settings.now);
  }));
  if (draft.adjustments.size() > kMostConversions) {
    draft.adjustments.resize(kMostConversions);
    draft.has_more = true;
  }
  return draft;
}

void AddFile(v1::ConversionExport& made, const ExportFile& file) {
  v1::ExportFile& added = *made.add_files();
  added.set_name(file.name);
  added.set_content_type(file.content_type);
  added.set_content(file.body);
  added.set_content_sha256(Sha256Hex(file.body));
  added.set_row_count(static_cast<std::int64_t>(file.order_ids.size()));
}

v1::ConversionExport WriteExport(const Draft& draft, const Plan& plan) {
  v1::ConversionExport made;
  for (const ExportFile& file : WriteConversions(draft.exportable, plan.settings)) AddFile(made, file);
  if (const auto file = WriteAdjustments(draft.adjustments, plan.settings)) AddFile(made, *file);
  for (const auto& [reason, count] : draft.left_out) {
    v1::ExportOmission& omission = *made.add_omissions();
    omission.set_reason(std::string(ReasonOf(reason)));
    omission.set_count(count);
  }
  made.set_conversion_count(static_cast<std::int64_t>(draft.told.size()));
  made.set_adjustment_count(static_cast<std::int64_t>(draft.adjustments.size()));
  made.set_has_more(draft.has_more);
  return made;
}

std::vector<ToldConversion> ToldOf(const std::vector<ConversionAdjustment>& adjustments) {
  std::vector<ToldConversion> told;
  for (const ConversionAdjustment& adjustment : adjustments) {
    told.push_back({Uuid::Parse(adjustment.order_id).value_or(Uuid()), adjustment.value.minor, adjustment.gclid,
                    adjustment.conversion_name, adjustment.conversion_time});
  }
  return told;
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
  ESNAF_ASSIGN_OR_RETURN(const Draft draft, Collect(call, plan, people_of_, request.consent_purpose()));
  v1::ConversionExport made = WriteExport(draft, plan);
  made.set_store_id(request.store_id());
  made.set_destination(request.destination());
  made.set_conversion_name(plan.settings.conversion_name);
  made.set_delivery(request.delivery());
  made.set_actor(call.caller().actor);
  *made.mutable_create_time() = api::ToProto(call.now());
  if (request.validate_only()) {
    // Counts alone: a trial is no way to get at hashes that nothing is on record of.
    for (v1::ExportFile& file : *made.mutable_files()) file.clear_content();
    return made;
  }
  made.set_id(plan.settings.export_id);
  ESNAF_ASSIGN_OR_RETURN(
      const v1::ConversionExport recorded,
      call.Mutate<v1::ConversionExport>(
          request, Writes::kTransaction, [&](postgres::Tx& tx) -> absl::StatusOr<v1::ConversionExport> {
            ESNAF_RETURN_IF_ERROR(InsertExport(tx, made, call.now(), draft.told, ToldOf(draft.adjustments)));
            v1::ConversionExport answer;
            answer.set_id(made.id());
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
    ESNAF_ASSIGN_OR_RETURN(const bool claimed, call.connection().Run({.autocommit = true}, [&](postgres::Tx& tx) {
      return ClaimFile(tx, id, i, call.clock().Now());
    }));
    if (!claimed) continue;
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

#include "services/segmentation/segments/segment_membership_service.h"

#include <algorithm>
#include <thread>

#include "esnaf/segmentation/v1/events.pb.h"
#include "libs/api/convert.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/rules/rule_explain.h"
#include "services/segmentation/rules/rule_print.h"
#include "services/segmentation/segments/membership.h"
#include "services/segmentation/segments/segment_member_store.h"
#include "services/segmentation/segments/segment_preview.h"
#include "services/segmentation/segments/segment_store.h"
#include "services/segmentation/segments/segment_wire.h"

namespace esnaf::segmentation {
namespace {

using runtime::Call;

constexpr std::size_t kMaxNamed = 100;
constexpr std::chrono::milliseconds kWatchPoll{250};
constexpr int kWatchLimit = 1000;  // of kWatch

// From now on: what is written by transactions that have not ended yet counts as later.
const postgres::Statement kWatchStart("segmentation", "watch_start", R"sql(
SELECT pg_snapshot_xmin(pg_current_snapshot())::text
)sql");

const postgres::Statement kWatch("segmentation", "watch", R"sql(
SELECT xact::text, seq, type, payload FROM outbox
 WHERE (xact, seq) > ($1::text::xid8, $2::bigint) AND xact < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY xact, seq LIMIT 1000
)sql");

int Threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U)); }

void SetMoney(const Money& money, api::v1::Money* out) {
  out->set_minor(money.minor);
  out->set_currency_code(money.currency.code());
}

void SetClause(const ClauseExplanation& clause, v1::ExplainedClause* out) {
  out->set_path(clause.path);
  out->set_text(clause.text);
  out->set_holds(clause.holds);
  out->set_value(clause.value);
  out->set_absent(clause.absent);
  out->set_fact_count(clause.fact_count);
  for (const FactExplanation& fact : clause.facts) {
    v1::ExplainedFact* added = out->add_facts();
    added->set_kind(fact.kind);
    added->set_id(fact.id);
    if (fact.time) *added->mutable_time() = api::ToProto(*fact.time);
    if (fact.value) SetMoney(*fact.value, added->mutable_value());
  }
  for (const ClauseExplanation& part : clause.clauses) SetClause(part, out->add_clauses());
}

// Leaves out the values of what the caller could not ask for.
void Withhold(const Rule& rule, const Catalogue& catalogue, ClauseExplanation& clause) {
  if (const Condition* condition = rule.condition()) {
    const auto* attribute = std::get_if<AttributeOperand>(&condition->operand);
    if (attribute != nullptr && !catalogue.Find(attribute->key)) clause.value.clear();
    return;
  }
  for (std::size_t i = 0; i < clause.clauses.size(); ++i) {
    Withhold(rule.group()->rules[i], catalogue, clause.clauses[i]);
  }
}

// What a preview asks, checked.
struct PreviewQuestion {
  Segment segment;
  Time as_of;
};

absl::StatusOr<PreviewQuestion> ReadQuestion(const Call& call, const v1::PreviewSegmentRequest& request,
                                             const Catalogue& catalogue) {
  PreviewQuestion question{.as_of = call.now()};
  ESNAF_ASSIGN_OR_RETURN(question.segment.rule,
                         RuleFrom(request.has_rule() ? &request.rule() : nullptr, request.rule_text(), catalogue, ""));
  question.segment.store_id = request.store_id();
  if (!call.caller().store_ids.empty() && (request.store_id().empty() || !call.caller().MaySee(request.store_id()))) {
    return InvalidField("store_id", "is no store that the key is for");
  }
  if (!request.time_zone().empty()) question.segment.time_zone = request.time_zone();
  if (!TimeZone::Load(question.segment.time_zone).ok()) return InvalidField("time_zone", "is no IANA zone");
  if (request.has_as_of_time()) {
    ESNAF_ASSIGN_OR_RETURN(question.as_of, api::FromProto(request.as_of_time(), "as_of_time"));
  }
  return question;
}

absl::Status CheckNamed(const Segment& segment, const std::vector<SegmentRecord>& records) {
  for (const std::string& id : ReferencesOf(segment)) {
    if (std::none_of(records.begin(), records.end(), [&](const SegmentRecord& r) { return r.segment.id == id; })) {
      return InvalidField("rule", "names the segment " + id + ", which there is not");
    }
  }
  return absl::OkStatus();
}

std::optional<v1::SegmentChange> ChangeFrom(const std::string& type, const std::string& payload) {
  v1::SegmentChange change;
  const auto set = [&](const auto& event, v1::SegmentChange::Kind kind) {
    change.set_kind(kind);
    change.set_contact_id(event.contact_id());
    change.set_segment_id(event.segment_id());
    change.set_segment_version(event.segment_version());
    *change.mutable_as_of_time() = event.as_of_time();
  };
  if (v1::SegmentEntered entered; type == entered.GetTypeName() && entered.ParseFromString(payload)) {
    set(entered, v1::SegmentChange::KIND_ENTERED);
    return change;
  }
  if (v1::SegmentLeft left; type == left.GetTypeName() && left.ParseFromString(payload)) {
    set(left, v1::SegmentChange::KIND_LEFT);
    return change;
  }
  return std::nullopt;
}

}  // namespace

void SegmentMembershipService::Bind(runtime::RpcService& rpc) {
  rpc.Unary("PreviewSegment", this, &SegmentMembershipService::PreviewSegment);
  rpc.Unary("ExplainMembership", this, &SegmentMembershipService::ExplainMembership);
  rpc.Unary("VerifySegment", this, &SegmentMembershipService::VerifySegment);
  rpc.ServerStream("WatchSegment", this, &SegmentMembershipService::WatchSegment);
}

absl::StatusOr<v1::PreviewSegmentResponse> SegmentMembershipService::PreviewSegment(
    Call& call, const v1::PreviewSegmentRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Catalogue catalogue, CatalogueNow(call, custom_attributes_));
  ESNAF_ASSIGN_OR_RETURN(const PreviewQuestion question, ReadQuestion(call, request, catalogue));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records,
                         call.Read([](postgres::Tx& tx) { return segmentation::ListSegments(tx); }));
  ESNAF_RETURN_IF_ERROR(CheckNamed(question.segment, records));
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) { return keeper_.CatchUp(tx); }));
  ESNAF_ASSIGN_OR_RETURN(const SegmentPreview preview,
                         keeper_.WithTable([&](const PersonTable& table) -> absl::StatusOr<SegmentPreview> {
                           MembershipEvaluator evaluator(records, table, Threads());
                           RuleContext context = evaluator.ContextOf(question.segment, question.as_of);
                           context.stopped = [&call] { return call.cancelled(); };
                           return PreviewOf(*question.segment.rule, table, context, Threads());
                         }));
  if (call.cancelled()) return absl::CancelledError("nobody waits for the preview any more");
  v1::PreviewSegmentResponse response;
  response.set_member_count(preview.member_count);
  response.set_contact_count(preview.person_count);
  if (preview.person_count > 0) {
    response.set_share(static_cast<double>(preview.member_count) / static_cast<double>(preview.person_count));
  }
  for (const Uuid& contact : preview.sample) response.add_sample_contact_ids(contact.ToString());
  for (const auto& [currency_code, minor] : preview.total_values) {
    api::v1::Money* total = response.add_total_values();
    total->set_minor(minor);
    total->set_currency_code(currency_code);
  }
  response.set_rule_text(PrintRule(*question.segment.rule));
  *response.mutable_as_of_time() = api::ToProto(question.as_of);
  return response;
}

absl::StatusOr<v1::MembershipExplanation> SegmentMembershipService::ExplainMembership(
    Call& call, const v1::ExplainMembershipRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  std::optional<Catalogue> limited;
  if (!call.caller().store_ids.empty()) {
    ESNAF_ASSIGN_OR_RETURN(limited, CatalogueNow(call, custom_attributes_));
  }
  using Answer = absl::StatusOr<v1::MembershipExplanation>;
  return call.ReadSnapshot([&](postgres::Tx& tx) -> Answer {
    ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record,
                           VisibleSegment(call, segmentation::GetSegment(tx, request.segment_id())));
    ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, identity::CanonicalOf(tx, contact));
    ESNAF_ASSIGN_OR_RETURN(PersonBatch batch, ReadPersons(tx, {canonical}));
    PersonTable table({.keep_fact_ids = true});
    PersonEncoder encoder(table);
    std::move(batch).PutInto(encoder, table);
    const std::optional<PersonRow> row = table.Find(canonical);
    if (!row || !table.IsLive(*row)) return NotFound("contact", request.contact_id());
    ESNAF_ASSIGN_OR_RETURN(const std::optional<Time> enter_time, EnterTimeOf(tx, record.segment.id, canonical));
    const Time as_of = record.as_of.value_or(call.now());
    v1::MembershipExplanation explanation;
    explanation.set_contact_id(canonical.ToString());
    explanation.set_segment_id(record.segment.id);
    explanation.set_segment_version(record.version);
    explanation.set_member(enter_time.has_value());
    if (enter_time) *explanation.mutable_enter_time() = api::ToProto(*enter_time);
    *explanation.mutable_as_of_time() = api::ToProto(as_of);
    if (!record.segment.rule) return explanation;
    ESNAF_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records, segmentation::ListSegments(tx));
    MembershipEvaluator evaluator(records, table);
    const auto may_see = [&](std::string_view store_id) { return call.caller().MaySee(store_id); };
    ClauseExplanation clause =
        ExplainRule(*record.segment.rule, table, evaluator.ContextOf(record.segment, as_of), *row, may_see);
    if (limited) Withhold(*record.segment.rule, *limited, clause);
    SetClause(clause, explanation.mutable_clause());
    return explanation;
  });
}

absl::StatusOr<v1::VerifySegmentResponse> SegmentMembershipService::VerifySegment(
    Call& call, const v1::VerifySegmentRequest& request) {
  SegmentCounter counter(keeper_);
  ESNAF_ASSIGN_OR_RETURN(
      const Recount recount,
      call.connection().Run({.deadline = call.info().deadline}, [&](postgres::Tx& tx) -> absl::StatusOr<Recount> {
        ESNAF_RETURN_IF_ERROR(VisibleSegment(call, segmentation::GetSegment(tx, request.segment_id())).status());
        return counter.Verify(tx, request.segment_id());
      }));
  v1::VerifySegmentResponse response;
  response.set_member_count(recount.member_count);
  response.set_recount_count(recount.recount_count);
  response.set_equal(recount.missing.empty() && recount.surplus.empty());
  for (std::size_t i = 0; i < std::min(kMaxNamed, recount.missing.size()); ++i) {
    response.add_missing_contact_ids(recount.missing[i].ToString());
  }
  for (std::size_t i = 0; i < std::min(kMaxNamed, recount.surplus.size()); ++i) {
    response.add_surplus_contact_ids(recount.surplus[i].ToString());
  }
  *response.mutable_as_of_time() = api::ToProto(recount.as_of);
  return response;
}

absl::Status SegmentMembershipService::WatchSegment(Call& call, const v1::WatchSegmentRequest& request,
                                                    runtime::StreamWriter<v1::SegmentChange>& writer) {
  ESNAF_RETURN_IF_ERROR(call.Read([&](postgres::Tx& tx) {
    return VisibleSegment(call, segmentation::GetSegment(tx, request.segment_id())).status();
  }));
  ESNAF_ASSIGN_OR_RETURN(std::string xact, call.Read([&](postgres::Tx& tx) -> absl::StatusOr<std::string> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kWatchStart));
    return rows[0].Get<std::string>(0);
  }));
  // Tells the watcher that it waits, and for whatever stands between that its request was taken.
  v1::SegmentChange began;
  began.set_kind(v1::SegmentChange::KIND_BEGAN);
  began.set_segment_id(request.segment_id());
  *began.mutable_as_of_time() = api::ToProto(call.now());
  if (!writer.Write(began)) return absl::CancelledError("nobody watches any more");
  std::int64_t seq = 0;
  while (!closed_ && !call.cancelled()) {
    // A stream goes on beyond the deadline of its first answer.
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows,
                           call.connection().Run({.autocommit = true, .read_only = true},
                                                 [&](postgres::Tx& tx) { return tx.Execute(kWatch, xact, seq); }));
    for (int i = 0; i < rows.size(); ++i) {
      xact = rows[i].Get<std::string>(0);
      seq = rows[i].Get<std::int64_t>(1);
      const std::optional<v1::SegmentChange> change =
          ChangeFrom(rows[i].Get<std::string>(2), rows[i].Get<postgres::Bytes>(3).data);
      if (!change || change->segment_id() != request.segment_id()) continue;
      if (!writer.Write(*change)) return absl::CancelledError("nobody watches any more");
    }
    if (rows.size() < kWatchLimit) std::this_thread::sleep_for(kWatchPoll);
  }
  return closed_ ? absl::UnavailableError("the service stops") : absl::CancelledError("nobody watches any more");
}

}  // namespace esnaf::segmentation

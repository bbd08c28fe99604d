#include "services/segmentation/rfm/rfm_service.h"

#include <algorithm>

#include "libs/api/convert.h"
#include "libs/api/list_query.h"
#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_access.h"
#include "services/segmentation/rfm/rfm_computation.h"
#include "services/segmentation/rfm/rfm_explain.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_scorer.h"
#include "services/segmentation/rfm/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

constexpr int kExplainedOrders = 100;

const api::FieldTable& ScoreFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "monetary_minor", .sql = "s.monetary_minor", .type = api::FieldType::kInteger}},
      .id_sql = "s.contact_id"};
  return kFields;
}

const api::FieldTable& HistoryFields() {
  static const api::FieldTable kFields{
      .fields = {{.name = "label_time", .sql = "h.label_time", .type = api::FieldType::kTime},
                 {.name = "number", .sql = "h.number", .type = api::FieldType::kInteger}},
      .id_sql = "h.id"};
  return kFields;
}

absl::Status NoScore(const std::string& contact_id) { return NotFound("rfm_score", contact_id); }

// A person's score with the policy that it was made by.
struct ScoredContact {
  ActivePolicy active;
  ScoreRecord score;
};

// The score by the policy in force of somebody whom the last computation has not written yet; none without orders that
// count.
absl::StatusOr<std::optional<ScoreRecord>> ScoreAhead(postgres::Tx& tx, const ActivePolicy& active,
                                                      const Uuid& canonical, const std::optional<ScoreRecord>& stored) {
  std::vector<ScoreRecord> known;
  if (stored) known.push_back(*stored);
  const Reference reference{.as_of = active.as_of, .count_until = active.count_until};
  ESNAF_ASSIGN_OR_RETURN(std::vector<ScoreRecord> scores, ScoresOf(tx, active, reference, {canonical}, known));
  return scores.empty() ? std::optional<ScoreRecord>() : std::optional(std::move(scores.front()));
}

absl::StatusOr<ScoredContact> FindScore(const runtime::Call& call, postgres::Tx& tx, const std::string& policy_id,
                                        const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(PolicyRecord record, Visible(call, GetPolicy(tx, policy_id)));
  ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, identity::CanonicalOf(tx, contact));
  ESNAF_ASSIGN_OR_RETURN(std::optional<ScoreRecord> score, GetScore(tx, policy_id, canonical));
  const bool is_newer = score && record.active && score->as_of > record.active->compute_time;
  if (record.active && record.write_cursor && canonical > *record.write_cursor && !is_newer) {
    ESNAF_ASSIGN_OR_RETURN(score, ScoreAhead(tx, *record.active, canonical, score));
  }
  if (!score || !record.active) return NoScore(contact.ToString());
  ESNAF_RETURN_IF_ERROR(StandAsOfComputation(record, *score));
  return ScoredContact{std::move(*record.active), std::move(*score)};
}

// Gives `shown` the labels of a version: scores that a computation has not written yet have those of their own.
absl::Status ShowVersion(postgres::Tx& tx, std::int64_t version, ActivePolicy& shown) {
  if (shown.version == version) return absl::OkStatus();
  ESNAF_ASSIGN_OR_RETURN(const std::optional<PolicyVersion> found, FindVersion(tx, shown.policy.id, version));
  if (found) shown.policy.labels = found->policy.labels;
  shown.version = version;
  return absl::OkStatus();
}

void SetHistoryEntry(const postgres::Row& row, v1::RfmHistoryEntry* entry) {
  entry->set_label(row.Get<std::string>(0));
  entry->set_previous_label(row.Get<std::string>(1));
  entry->set_scores(row.Get<std::string>(2));
  *entry->mutable_label_time() = api::ToProto(row.Get<Time>(3));
  entry->set_direction(row.Get<int>(4));
  entry->set_recency_days(row.Get<int>(5));
  entry->set_frequency(row.Get<int>(6));
  entry->set_monetary_minor(row.Get<std::int64_t>(7));
}

}  // namespace

runtime::RpcService RfmService::Rpcs() {
  runtime::RpcService rpc("esnaf.segmentation.v1.RfmService");
  rpc.Unary("CreateRfmPolicy", this, &RfmService::CreateRfmPolicy);
  rpc.Unary("GetRfmPolicy", this, &RfmService::GetRfmPolicy);
  rpc.Unary("ListRfmPolicies", this, &RfmService::ListRfmPolicies);
  rpc.Unary("UpdateRfmPolicy", this, &RfmService::UpdateRfmPolicy);
  rpc.Unary("SaveRfmPolicyDraft", this, &RfmService::SaveRfmPolicyDraft);
  rpc.Unary("ListRfmPolicyVersions", this, &RfmService::ListRfmPolicyVersions);
  rpc.Unary("ActivateRfmPolicyVersion", this, &RfmService::ActivateRfmPolicyVersion);
  rpc.Unary("PreviewRfmPolicy", this, &RfmService::PreviewRfmPolicy);
  rpc.Unary("BacktestRfmPolicy", this, &RfmService::BacktestRfmPolicy);
  rpc.Unary("CountRepeatPurchases", this, &RfmService::CountRepeatPurchases);
  rpc.Unary("ComputeRfm", this, &RfmService::ComputeRfm);
  rpc.Unary("GetRfmSummary", this, &RfmService::GetRfmSummary);
  rpc.Unary("ListRfmScores", this, &RfmService::ListRfmScores);
  rpc.Unary("GetRfmTransitions", this, &RfmService::GetRfmTransitions);
  rpc.Unary("GetContactRfm", this, &RfmService::GetContactRfm);
  rpc.Unary("ExplainContactRfm", this, &RfmService::ExplainContactRfm);
  rpc.Unary("ListContactRfmHistory", this, &RfmService::ListContactRfmHistory);
  return rpc;
}

absl::StatusOr<v1::ComputeRfmResponse> RfmService::ComputeRfm(runtime::Call& call,
                                                              const v1::ComputeRfmRequest& request) {
  Reference reference = Reference::Now(call.now());
  if (request.has_as_of_time()) {
    ESNAF_ASSIGN_OR_RETURN(const Time as_of, api::FromProto(request.as_of_time(), "as_of_time"));
    reference = Reference::At(as_of);
  }
  const Cause cause = CauseOf(call);
  using Answer = absl::StatusOr<v1::ComputeRfmResponse>;
  return call.Mutate<v1::ComputeRfmResponse>(
      request, runtime::Call::Writes::kTransaction, [&](postgres::Tx& tx) -> Answer {
        ESNAF_RETURN_IF_ERROR(Visible(call, GetPolicy(tx, request.id())).status());
        ESNAF_ASSIGN_OR_RETURN(const Computation computation,
                               RfmComputer(keeper_).Compute(tx, request.id(), reference, cause));
        v1::ComputeRfmResponse response;
        response.set_scored_count(computation.scored_count);
        response.set_changed_count(computation.changed_count);
        *response.mutable_thresholds() = ThresholdsToProto(computation.thresholds);
        response.set_other_currency_order_count(computation.other_currency_order_count);
        response.set_policy_version(computation.policy_version);
        response.set_scores_pending(computation.pending);
        return response;
      });
}

absl::StatusOr<v1::RfmSummary> RfmService::GetRfmSummary(runtime::Call& call, const v1::GetRfmSummaryRequest& request) {
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmSummary> {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, PolicyIdOf(request.policy_id()))));
    if (!record.active) return SummaryToProto(record.policy, {});
    ESNAF_ASSIGN_OR_RETURN(const std::vector<LabelSums> sums, SumsPerLabel(tx, *record.active));
    v1::RfmSummary summary = SummaryToProto(record.active->policy, sums);
    summary.set_scores_pending(record.write_cursor.has_value());
    return summary;
  });
}

absl::StatusOr<v1::ListRfmScoresResponse> RfmService::ListRfmScores(runtime::Call& call,
                                                                    const v1::ListRfmScoresRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const api::ListQuery query,
                         api::ListQuery::Parse(request, ScoreFields(), {.default_order = "monetary_minor desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListRfmScoresResponse> {
    const std::string policy_id = PolicyIdOf(request.policy_id());
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, policy_id)));
    v1::ListRfmScoresResponse response;
    if (!record.active) return response;
    ActivePolicy shown = *record.active;
    std::string condition = "policy_id = $1";
    std::vector<postgres::Param> params = {policy_id};
    if (!request.label().empty()) {
      condition += " AND label = $2";
      params.emplace_back(request.label());
    }
    const api::SqlQuery select = query.Select(kScoreColumns, "rfm_score s", condition, params);
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    for (int i = 0; i < query.PageRows(rows); ++i) {
      ScoreRecord score = ReadScore(rows[i]);
      ESNAF_RETURN_IF_ERROR(StandAsOfComputation(record, score));
      ESNAF_RETURN_IF_ERROR(ShowVersion(tx, score.policy_version, shown));
      *response.add_scores() = ScoreToProto(shown, score);
    }
    response.set_next_page_token(query.NextPageToken(rows, kScoreColumnCount));
    return response;
  });
}

absl::StatusOr<v1::RfmTransitions> RfmService::GetRfmTransitions(runtime::Call& call,
                                                                 const v1::GetRfmTransitionsRequest& request) {
  if (!request.has_from_time()) return InvalidField("from_time", "is required");
  ESNAF_ASSIGN_OR_RETURN(const Time from, api::FromProto(request.from_time(), "from_time"));
  Time to = call.now();
  if (request.has_to_time()) {
    ESNAF_ASSIGN_OR_RETURN(to, api::FromProto(request.to_time(), "to_time"));
  }
  if (to < from) return InvalidField("to_time", "is before from_time");
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmTransitions> {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, PolicyIdOf(request.policy_id()))));
    const Policy& policy = record.active ? record.active->policy : record.policy;
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Transition> transitions, TransitionsBetween(tx, policy.id, from, to));
    v1::RfmTransitions response;
    for (const Transition& transition : transitions) {
      *response.add_transitions() = TransitionToProto(policy, transition);
    }
    return response;
  });
}

absl::StatusOr<v1::RfmScore> RfmService::GetContactRfm(runtime::Call& call, const v1::GetContactRfmRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  return call.Read([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmScore> {
    ESNAF_ASSIGN_OR_RETURN(const ScoredContact found, FindScore(call, tx, PolicyIdOf(request.policy_id()), contact));
    return ScoreToProto(found.active, found.score);
  });
}

absl::StatusOr<v1::RfmExplanation> RfmService::ExplainContactRfm(runtime::Call& call,
                                                                 const v1::ExplainContactRfmRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::RfmExplanation> {
    ESNAF_ASSIGN_OR_RETURN(const ScoredContact found, FindScore(call, tx, PolicyIdOf(request.policy_id()), contact));
    const ActivePolicy& active = found.active;
    // What a score of today counts includes what was placed in the next minutes; Now() and At() differ in no more.
    ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(active.policy, Reference::Now(found.score.as_of)));
    ESNAF_ASSIGN_OR_RETURN(const std::vector<CountedPurchase> purchases,
                           NewestCounted(tx, filter, found.score.contact_id, kExplainedOrders));
    ESNAF_ASSIGN_OR_RETURN(const Currency currency, Currency::Parse(active.policy.currency_code));
    return ExplanationToProto(active, found.score, ExplainDimensions(found.score.values, active.thresholds, currency),
                              WaysUp(active.policy, active.thresholds, found.score.values, currency), purchases);
  });
}

absl::StatusOr<v1::ListContactRfmHistoryResponse> RfmService::ListContactRfmHistory(
    runtime::Call& call, const v1::ListContactRfmHistoryRequest& request) {
  ESNAF_ASSIGN_OR_RETURN(const Uuid contact, api::ParseId(request.contact_id(), "contact_id"));
  ESNAF_ASSIGN_OR_RETURN(
      const api::ListQuery query,
      api::ListQuery::Parse(request, HistoryFields(), {.default_order = "label_time desc, number desc"}));
  return call.ReadSnapshot([&](postgres::Tx& tx) -> absl::StatusOr<v1::ListContactRfmHistoryResponse> {
    ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, Visible(call, GetPolicy(tx, PolicyIdOf(request.policy_id()))));
    ESNAF_ASSIGN_OR_RETURN(const Uuid canonical, identity::CanonicalOf(tx, contact));
    const api::SqlQuery select =
        query.Select("label, previous_label, scores, label_time, direction, recency_days, frequency, monetary_minor",
                     "rfm_history h", "policy_id = $1 AND contact_id = $2", {record.policy.id, canonical});
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.ExecuteDynamic(select.sql, select.params));
    v1::ListContactRfmHistoryResponse response;
    for (int i = 0; i < query.PageRows(rows); ++i) SetHistoryEntry(rows[i], response.add_entries());
    response.set_next_page_token(query.NextPageToken(rows, /*first_key_column=*/8));
    return response;
  });
}

}  // namespace esnaf::segmentation

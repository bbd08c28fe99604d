#include "services/segmentation/rfm/rfm_scorer.h"

#include <unordered_map>

#include "libs/base/each_once.h"
#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "libs/events/outbox.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_computation.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_table.h"
#include "services/segmentation/rfm/rfm_wire.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kRowsAtOnce = 2000;
// Up to so many purchases a computation is as quick as an increment.
constexpr std::int64_t kSmallLedger = 2000;

// A computation of millions takes longer than a call may, and who waits for one waits as long as it takes: a consumer
// that gave up would only start again.
const postgres::Statement kAllowLongWork("segmentation", "allow_long_work", R"sql(
SELECT set_config('statement_timeout', '900000', true), set_config('lock_timeout', '0', true)
)sql");

// Writes what scoring finds out: scores by the caller's way, history and events in its own.
class ChangeLog {
 public:
  ChangeLog(postgres::Tx& tx, const ActivePolicy& active, std::int64_t change_count, const Cause& cause)
      : tx_(tx), active_(active), cause_(cause), number_(change_count) {}

  absl::Status Add(ScoreRecord score) {
    LabelChange change{.id = Uuid::NewV7(cause_.now), .number = ++number_, .score = std::move(score)};
    change.direction = DirectionOf(active_.policy, change.score.previous_label, change.score.label);
    changes_.push_back(std::move(change));
    return changes_.size() < kRowsAtOnce ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    if (changes_.empty()) return absl::OkStatus();
    ESNAF_RETURN_IF_ERROR(AppendHistory(tx_, active_.policy.id, changes_));
    std::vector<events::NewEvent> events;
    events.reserve(changes_.size());
    for (const LabelChange& change : changes_) events.push_back(EventOf(change));
    changes_.clear();
    return events::Append(tx_, events);
  }

  std::int64_t number() const { return number_; }

 private:
  events::NewEvent EventOf(const LabelChange& change) const {
    const Uuid aggregate =
        Uuid::FromName("esnaf.segmentation.rfm_score", active_.policy.id + ":" + change.score.contact_id.ToString());
    events::NewEvent event = events::MakeEvent(cause_.actor, cause_.now, "rfm_score", aggregate, change.number,
                                               ChangeToProto(active_, change), change.score.label_time);
    event.id = change.id;
    event.trace_parent = cause_.trace_parent;
    return event;
  }

  postgres::Tx& tx_;
  const ActivePolicy& active_;
  const Cause& cause_;
  std::int64_t number_;
  std::vector<LabelChange> changes_;
};

Values ValuesOf(const PersonSums& sums, const TimeZone& zone, Time as_of) {
  return {RecencyDays(zone, sums.last_order_time, as_of), sums.order_count, sums.value_minor};
}

// The label that an old one becomes: with its past where it is the same, else with the old one as its past.
void FollowLabel(const ScoreRecord& old, ScoreRecord& score) {
  const bool same = old.label == score.label;
  score.previous_label = same ? old.previous_label : old.label;
  score.label_time = same ? old.label_time : score.as_of;
}

// What remains to be said of a person who has no label any more.
ScoreRecord Gone(const Uuid& contact, const std::string& last_label, std::int64_t policy_version, Time as_of) {
  ScoreRecord score;
  score.contact_id = contact;
  score.policy_version = policy_version;
  score.previous_label = last_label;
  score.label_time = as_of;
  score.scores = {0, 0, 0};
  score.as_of = as_of;
  return score;
}

std::int64_t WholeUnit(const std::string& currency_code) {
  const absl::StatusOr<Currency> currency = Currency::Parse(currency_code);
  std::int64_t unit = 1;
  for (int i = 0; currency.ok() && i < currency->exponent(); ++i) unit *= 10;
  return unit;
}

Thresholds MakeThresholds(const Policy& policy, const std::vector<ScoredPerson>& people) {
  if (policy.method == Method::kFixed) return policy.fixed_thresholds;
  std::vector<Values> values;
  values.reserve(people.size());
  for (const ScoredPerson& person : people) values.push_back(person.values);
  return ComputeThresholds(values, policy.method, policy.bucket_count, WholeUnit(policy.currency_code));
}

}  // namespace

Cause OwnCause(Time now) { return {.actor = "service:segmentation", .now = now}; }

absl::StatusOr<PurchaseFilter> FilterOf(const Policy& policy, const Reference& reference) {
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(policy.time_zone));
  return PurchaseFilter{.store_id = policy.store_id,
                        .currency_code = policy.currency_code,
                        .basis = policy.value_basis,
                        .from = WindowStart(policy, zone, reference.as_of),
                        .until = reference.count_until};
}

absl::Status AllowLongWork(postgres::Tx& tx) { return tx.Execute(kAllowLongWork).status(); }

absl::StatusOr<Scoring> ScoreEverybody(postgres::Tx& tx, const Policy& policy, const Reference& reference,
                                       const std::optional<Thresholds>& thresholds) {
  Scoring scoring{.policy = policy};
  if (policy.currency_code.empty()) {
    ESNAF_ASSIGN_OR_RETURN(scoring.policy.currency_code, MostFrequentCurrency(tx, policy.store_id));
  }
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(policy.time_zone));
  ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(scoring.policy, reference));
  ESNAF_RETURN_IF_ERROR(ForEachPerson(tx, filter, [&](const PersonSums& sums) {
    scoring.people.push_back({.contact_id = sums.contact_id, .values = ValuesOf(sums, zone, reference.as_of)});
  }));
  ESNAF_ASSIGN_OR_RETURN(scoring.other_currency_order_count, CountOrdersInOtherCurrencies(tx, filter));
  ScorePeople(scoring, thresholds);
  return scoring;
}

void ScorePeople(Scoring& scoring, const std::optional<Thresholds>& thresholds) {
  scoring.thresholds = thresholds ? *thresholds : MakeThresholds(scoring.policy, scoring.people);
  const LabelGrid grid(scoring.policy);
  for (ScoredPerson& person : scoring.people) {
    person.scores = Score(person.values, scoring.thresholds);
    person.label = grid.IndexOf(person.scores);
  }
}

absl::StatusOr<std::vector<ScoreRecord>> ScoresOf(postgres::Tx& tx, const ActivePolicy& active,
                                                  const Reference& reference, const std::vector<Uuid>& canonicals,
                                                  const std::vector<ScoreRecord>& known, const PersonTable* facts) {
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(active.policy.time_zone));
  ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(active.policy, reference));
  std::vector<PersonSums> people;
  if (facts != nullptr) {
    SumTable(*facts, filter, [&](const PersonSums& sums) { people.push_back(sums); });
  } else {
    ESNAF_ASSIGN_OR_RETURN(people, SumsOf(tx, filter, canonicals));
  }
  std::unordered_map<Uuid, const ScoreRecord*> old;
  for (const ScoreRecord& score : known) old.emplace(score.contact_id, &score);
  const LabelGrid grid(active.policy);
  std::vector<ScoreRecord> scores;
  scores.reserve(people.size());
  for (const PersonSums& sums : people) {
    ScoreRecord score{.contact_id = sums.contact_id, .policy_version = active.version};
    score.values = ValuesOf(sums, zone, reference.as_of);
    score.scores = Score(score.values, active.thresholds);
    score.label = grid.LabelOf(score.scores).key;
    score.as_of = reference.as_of;
    score.label_time = reference.as_of;
    if (const auto found = old.find(score.contact_id); found != old.end()) FollowLabel(*found->second, score);
    scores.push_back(std::move(score));
  }
  return scores;
}

absl::StatusOr<ScoredSome> ScoreSome(postgres::Tx& tx, PolicyRecord& record, const std::vector<Uuid>& canonicals,
                                     const std::vector<Uuid>& touched, const Reference& reference, const Cause& cause,
                                     const PersonTable* facts) {
  const ActivePolicy& active = *record.active;
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ScoreRecord> known, GetScores(tx, active.policy.id, touched));
  ScoredSome some;
  ESNAF_ASSIGN_OR_RETURN(some.scores, ScoresOf(tx, active, reference, canonicals, known, facts));
  std::unordered_map<Uuid, const ScoreRecord*> old;
  for (const ScoreRecord& score : known) old.emplace(score.contact_id, &score);
  ChangeLog log(tx, active, record.change_count, cause);
  for (const ScoreRecord& score : some.scores) {
    const auto found = old.find(score.contact_id);
    if (found == old.end() || found->second->label != score.label) ESNAF_RETURN_IF_ERROR(log.Add(score));
    if (found != old.end()) old.erase(found);
  }
  for (const auto& [contact, score] : old) {
    some.gone.push_back(contact);
    ESNAF_RETURN_IF_ERROR(log.Add(Gone(contact, score->label, active.version, reference.as_of)));
  }
  ESNAF_RETURN_IF_ERROR(UpsertScores(tx, active.policy.id, some.scores));
  ESNAF_RETURN_IF_ERROR(DeleteScores(tx, active.policy.id, some.gone));
  ESNAF_RETURN_IF_ERROR(log.Flush());
  record.change_count = log.number();
  return some;
}

absl::Status Rescore(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause) {
  if (contacts.empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  // The policies first: contacts and orders are consumed side by side, and a merge that is not yet committed is not
  // seen. Who waits for another's locks reads afterwards what that one wrote, so the later of the two scores who is
  // there.
  ESNAF_ASSIGN_OR_RETURN(std::vector<PolicyRecord> records, LockPolicies(tx));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  canonicals = EachOnce(std::move(canonicals));
  // Who was merged into another since has a score to lose.
  std::vector<Uuid> touched = contacts;
  touched.insert(touched.end(), canonicals.begin(), canonicals.end());
  touched = EachOnce(std::move(touched));
  for (PolicyRecord& record : records) {
    if (record.active && record.scored_count > 0) {
      ESNAF_RETURN_IF_ERROR(ScoreSome(tx, record, canonicals, touched, Reference::Now(cause.now), cause).status());
      ESNAF_RETURN_IF_ERROR(
          CountTouched(tx, record.policy.id, static_cast<std::int64_t>(canonicals.size()), record.change_count));
      continue;
    }
    ESNAF_ASSIGN_OR_RETURN(const bool large, HasMorePurchasesThan(tx, kSmallLedger));
    if (large) {
      ESNAF_RETURN_IF_ERROR(
          CountTouched(tx, record.policy.id, static_cast<std::int64_t>(canonicals.size()), record.change_count));
    } else {
      ESNAF_RETURN_IF_ERROR(RfmComputer().ComputeLocked(tx, record, Reference::Now(cause.now), cause).status());
    }
  }
  return absl::OkStatus();
}

}  // namespace esnaf::segmentation

#include "services/segmentation/rfm/rfm_scorer.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "libs/base/macros.h"
#include "libs/base/money.h"
#include "libs/events/outbox.h"
#include "libs/identity/identity.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/rfm/rfm_store.h"
#include "services/segmentation/rfm/rfm_wire.h"
#include "services/segmentation/segments/membership_updater.h"

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
      : tx_(tx), active_(active), cause_(cause), first_(change_count), number_(change_count) {}

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
  std::int64_t added() const { return number_ - first_; }

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
  std::int64_t first_;
  std::int64_t number_;
  std::vector<LabelChange> changes_;
};

// A person's label, since when, and its scores; labels by their numbers, to keep a million of them.
struct OldLabel {
  int label;
  int previous;
  Time since;
  Scores scores;
};

// Gives each label a number and back.
class LabelNames {
 public:
  int NumberOf(const std::string& name) {
    const auto [found, is_new] = numbers_.emplace(name, static_cast<int>(names_.size()));
    if (is_new) names_.push_back(name);
    return found->second;
  }
  const std::string& NameOf(int number) const { return names_[number]; }

 private:
  std::unordered_map<std::string, int> numbers_;
  std::vector<std::string> names_;
};

Values ValuesOf(const PersonSums& sums, const TimeZone& zone, Time as_of) {
  return {RecencyDays(zone, sums.last_order_time, as_of), sums.order_count, sums.value_minor};
}

// The label that an old one becomes: with its past where it is the same, else with the old one as its past.
void FollowLabel(const std::string& old_label, const std::string& old_previous, Time old_since, ScoreRecord& score) {
  const bool same = old_label == score.label;
  score.previous_label = same ? old_previous : old_label;
  score.label_time = same ? old_since : score.as_of;
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

// Replaces every score of the policy and tells what changed. Answers whose label or scores did.
absl::StatusOr<std::vector<Uuid>> WriteEverybody(postgres::Tx& tx, const ActivePolicy& active,
                                                 const std::vector<ScoredPerson>& people, ChangeLog& log) {
  LabelNames names;
  std::unordered_map<Uuid, OldLabel> old;
  ESNAF_RETURN_IF_ERROR(ForEachLabelState(tx, active.policy.id, [&](const LabelState& state) {
    old.emplace(state.contact_id, OldLabel{names.NumberOf(state.label), names.NumberOf(state.previous_label),
                                           state.label_time, state.scores});
  }));
  ESNAF_RETURN_IF_ERROR(DeleteAllScores(tx, active.policy.id));
  std::vector<Uuid> changed;
  std::vector<ScoreRecord> rows;
  for (std::size_t i = 0; i < people.size(); ++i) {
    ScoreRecord score{.contact_id = people[i].contact_id, .policy_version = active.version};
    score.values = people[i].values;
    score.scores = people[i].scores;
    score.label = active.policy.labels[people[i].label].key;
    score.as_of = active.as_of;
    const auto known = old.find(score.contact_id);
    const std::string none;
    const std::string& old_label = known == old.end() ? none : names.NameOf(known->second.label);
    FollowLabel(old_label, known == old.end() ? none : names.NameOf(known->second.previous),
                known == old.end() ? active.as_of : known->second.since, score);
    if (score.label != old_label) ESNAF_RETURN_IF_ERROR(log.Add(score));
    if (score.label != old_label || known->second.scores != score.scores) changed.push_back(score.contact_id);
    if (known != old.end()) old.erase(known);
    rows.push_back(std::move(score));
    if (rows.size() == kRowsAtOnce || i + 1 == people.size()) {
      ESNAF_RETURN_IF_ERROR(CopyScores(tx, active.policy.id, rows));
      rows.clear();
    }
  }
  for (const auto& [contact, label] : old) {
    ESNAF_RETURN_IF_ERROR(log.Add(Gone(contact, names.NameOf(label.label), active.version, active.as_of)));
    changed.push_back(contact);
  }
  ESNAF_RETURN_IF_ERROR(log.Flush());
  return changed;
}

absl::StatusOr<Computation> ComputeLocked(postgres::Tx& tx, const PolicyRecord& record, const Reference& reference,
                                          const Cause& cause) {
  ESNAF_ASSIGN_OR_RETURN(Scoring scoring, ScoreEverybody(tx, record.policy, reference));
  const std::vector<ScoredPerson>& people = scoring.people;
  ActivePolicy active{.policy = std::move(scoring.policy), .version = record.version};
  active.thresholds = std::move(scoring.thresholds);
  active.as_of = reference.as_of;
  active.compute_time = cause.now;
  ChangeLog log(tx, active, record.change_count, cause);
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> changed, WriteEverybody(tx, active, people, log));
  ESNAF_RETURN_IF_ERROR(SetActive(tx, active, static_cast<std::int64_t>(people.size()), log.number()));
  ESNAF_RETURN_IF_ERROR(PeopleChanged(tx, changed, cause));
  Computation computation{.scored_count = static_cast<std::int64_t>(people.size()), .changed_count = log.added()};
  ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(active.policy, reference));
  ESNAF_ASSIGN_OR_RETURN(computation.other_currency_order_count, CountOrdersInOtherCurrencies(tx, filter));
  computation.thresholds = active.thresholds;
  computation.policy_version = active.version;
  return computation;
}

// Scores those who have orders that count, and drops the scores of the others.
absl::Status RescoreUnder(postgres::Tx& tx, const PolicyRecord& record, const std::vector<Uuid>& canonicals,
                          const std::vector<Uuid>& touched, const Cause& cause) {
  const ActivePolicy& active = *record.active;
  const Reference reference = Reference::Now(cause.now);
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(active.policy.time_zone));
  ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(active.policy, reference));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<PersonSums> people, SumsOf(tx, filter, canonicals));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<ScoreRecord> known, GetScores(tx, active.policy.id, touched));
  std::unordered_map<Uuid, const ScoreRecord*> old;
  for (const ScoreRecord& score : known) old.emplace(score.contact_id, &score);
  const LabelGrid grid(active.policy);
  ChangeLog log(tx, active, record.change_count, cause);
  std::vector<ScoreRecord> scores;
  for (const PersonSums& sums : people) {
    ScoreRecord score{.contact_id = sums.contact_id, .policy_version = active.version};
    score.values = ValuesOf(sums, zone, reference.as_of);
    score.scores = Score(score.values, active.thresholds);
    score.label = grid.LabelOf(score.scores).key;
    score.as_of = reference.as_of;
    score.label_time = reference.as_of;
    const auto found = old.find(score.contact_id);
    if (found != old.end()) {
      FollowLabel(found->second->label, found->second->previous_label, found->second->label_time, score);
    }
    if (found == old.end() || found->second->label != score.label) ESNAF_RETURN_IF_ERROR(log.Add(score));
    if (found != old.end()) old.erase(found);
    scores.push_back(std::move(score));
  }
  std::vector<Uuid> gone;
  for (const auto& [contact, score] : old) {
    gone.push_back(contact);
    ESNAF_RETURN_IF_ERROR(log.Add(Gone(contact, score->label, active.version, reference.as_of)));
  }
  ESNAF_RETURN_IF_ERROR(UpsertScores(tx, active.policy.id, scores));
  ESNAF_RETURN_IF_ERROR(DeleteScores(tx, active.policy.id, gone));
  ESNAF_RETURN_IF_ERROR(log.Flush());
  return CountTouched(tx, active.policy.id, static_cast<std::int64_t>(canonicals.size()), log.number());
}

std::vector<Uuid> EachOnce(std::vector<Uuid> contacts) {
  std::sort(contacts.begin(), contacts.end());
  contacts.erase(std::unique(contacts.begin(), contacts.end()), contacts.end());
  return contacts;
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

absl::StatusOr<Scoring> ScoreEverybody(postgres::Tx& tx, const Policy& policy, const Reference& reference) {
  Scoring scoring{.policy = policy};
  if (policy.currency_code.empty()) {
    ESNAF_ASSIGN_OR_RETURN(scoring.policy.currency_code, MostFrequentCurrency(tx, policy.store_id));
  }
  ESNAF_ASSIGN_OR_RETURN(const TimeZone zone, TimeZone::Load(policy.time_zone));
  ESNAF_ASSIGN_OR_RETURN(const PurchaseFilter filter, FilterOf(scoring.policy, reference));
  ESNAF_RETURN_IF_ERROR(ForEachPerson(tx, filter, [&](const PersonSums& sums) {
    scoring.people.push_back({.contact_id = sums.contact_id, .values = ValuesOf(sums, zone, reference.as_of)});
  }));
  ScorePeople(scoring);
  return scoring;
}

void ScorePeople(Scoring& scoring) {
  scoring.thresholds = MakeThresholds(scoring.policy, scoring.people);
  const LabelGrid grid(scoring.policy);
  for (ScoredPerson& person : scoring.people) {
    person.scores = Score(person.values, scoring.thresholds);
    person.label = grid.IndexOf(person.scores);
  }
}

absl::StatusOr<Computation> Compute(postgres::Tx& tx, const std::string& policy_id, const Reference& reference,
                                    const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, LockPolicy(tx, policy_id));
  return ComputeLocked(tx, record, reference, cause);
}

absl::StatusOr<bool> ComputeIfNeeded(postgres::Tx& tx, const std::string& policy_id, const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_ASSIGN_OR_RETURN(const PolicyRecord record, LockPolicy(tx, policy_id));
  // Another replica, or a call, may have been quicker.
  if (!NeedsComputation(record, cause.now)) return false;
  ESNAF_RETURN_IF_ERROR(ComputeLocked(tx, record, Reference::Now(cause.now), cause).status());
  return true;
}

absl::Status Rescore(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause) {
  if (contacts.empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  // The policies first: contacts and orders are consumed side by side, and a merge that is not yet committed is not
  // seen. Who waits for another's locks reads afterwards what that one wrote, so the later of the two scores who is
  // there.
  ESNAF_ASSIGN_OR_RETURN(const std::vector<PolicyRecord> records, LockPolicies(tx));
  ESNAF_ASSIGN_OR_RETURN(std::vector<Uuid> canonicals, identity::CanonicalsOf(tx, contacts));
  canonicals = EachOnce(std::move(canonicals));
  // Who was merged into another since has a score to lose.
  std::vector<Uuid> touched = contacts;
  touched.insert(touched.end(), canonicals.begin(), canonicals.end());
  touched = EachOnce(std::move(touched));
  for (const PolicyRecord& record : records) {
    if (record.active && record.scored_count > 0) {
      ESNAF_RETURN_IF_ERROR(RescoreUnder(tx, record, canonicals, touched, cause));
      continue;
    }
    ESNAF_ASSIGN_OR_RETURN(const bool large, HasMorePurchasesThan(tx, kSmallLedger));
    if (large) {
      ESNAF_RETURN_IF_ERROR(
          CountTouched(tx, record.policy.id, static_cast<std::int64_t>(canonicals.size()), record.change_count));
    } else {
      ESNAF_RETURN_IF_ERROR(ComputeLocked(tx, record, Reference::Now(cause.now), cause).status());
    }
  }
  return absl::OkStatus();
}

}  // namespace esnaf::segmentation

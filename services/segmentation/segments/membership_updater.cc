#include "services/segmentation/segments/membership_updater.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "libs/base/error.h"
#include "libs/base/macros.h"
#include "services/segmentation/people/person_facts_store.h"
#include "services/segmentation/people/person_loader.h"
#include "services/segmentation/rfm/rfm_policy_store.h"
#include "services/segmentation/segments/membership.h"
#include "services/segmentation/segments/segment_store.h"

namespace esnaf::segmentation {
namespace {

constexpr std::size_t kPeopleAtOnce = 2000;
constexpr std::chrono::seconds kClockPeriod{60};

const postgres::Statement kStanding("segmentation", "memberships_of", R"sql(
SELECT segment_id, contact_id FROM segment_member WHERE contact_id = ANY ($1::uuid[])
)sql");

const postgres::Statement kForgetCounts("segmentation", "forget_segment_counts", R"sql(
UPDATE segment SET as_of_time = NULL WHERE id = ANY ($1::text[])
)sql");

const postgres::Statement kNoteValues("segmentation", "note_value_changes", R"sql(
INSERT INTO person_change (contact_id) SELECT DISTINCT contact_id FROM contact_value WHERE model_id = 'default'
)sql");

// More would take time from Postgres and the consumers, and one core does a million people in less than a tenth of a
// second.
int Threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U)); }

bool IsCounted(const SegmentRecord& record) {
  return record.segment.kind == SegmentKind::kRule && record.as_of.has_value();
}

// The reference time of members of whom some were evaluated anew at `now`: where time changes nothing, all stand as of
// then.
Time ReferenceAfter(const SegmentRecord& record, Time now) {
  return DependsOnTime(record.segment) ? *record.as_of : std::max(*record.as_of, now);
}

std::vector<Uuid> ContactsOf(const PersonSet& rows, const PersonTable& table) {
  std::vector<Uuid> contacts;
  contacts.reserve(rows.cardinality());
  for (const PersonRow row : rows) contacts.push_back(table.ContactOf(row));
  std::sort(contacts.begin(), contacts.end());
  return contacts;
}

// Both in order.
MembershipChange ChangeBetween(const std::vector<Uuid>& standing, const std::vector<Uuid>& wanted) {
  MembershipChange change;
  std::set_difference(wanted.begin(), wanted.end(), standing.begin(), standing.end(),
                      std::back_inserter(change.entered));
  std::set_difference(standing.begin(), standing.end(), wanted.begin(), wanted.end(), std::back_inserter(change.left));
  return change;
}

using Changes = std::map<std::string, MembershipChange>;

absl::StatusOr<std::map<std::string, std::vector<Uuid>>> StandingOf(postgres::Tx& tx,
                                                                    const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kStanding, contacts));
  std::map<std::string, std::vector<Uuid>> standing;
  for (int i = 0; i < rows.size(); ++i) standing[rows[i].Get<std::string>(0)].push_back(rows[i].Get<Uuid>(1));
  for (auto& [id, members] : standing) std::sort(members.begin(), members.end());
  return standing;
}

// Some people with all that is known of them.
struct SomePeople {
  PersonTable table;
  std::vector<Uuid> canonicals;
  std::vector<Uuid> concerned;  // they, and contacts that were merged into them
};

absl::Status Read(postgres::Tx& tx, const std::vector<Uuid>& contacts, SomePeople& people) {
  ESNAF_ASSIGN_OR_RETURN(PersonBatch batch, ReadPersons(tx, contacts));
  for (const PersonRecord& record : batch.records) people.canonicals.push_back(record.contact_id);
  people.concerned = batch.merged_away;
  people.concerned.insert(people.concerned.end(), people.canonicals.begin(), people.canonicals.end());
  PersonEncoder encoder(people.table);
  std::move(batch).PutInto(encoder, people.table);
  return absl::OkStatus();
}

// What becomes of some people in every counted segment.
absl::Status Evaluate(postgres::Tx& tx, const std::vector<SegmentRecord>& records, const SomePeople& people,
                      Changes& changes) {
  ESNAF_ASSIGN_OR_RETURN(auto standing, StandingOf(tx, people.concerned));
  MembershipEvaluator evaluator(records, people.table);
  for (const SegmentRecord& record : records) {
    if (!IsCounted(record)) continue;
    const std::string& id = record.segment.id;
    const MembershipChange change = ChangeBetween(standing[id], ContactsOf(*evaluator.MembersOf(id), people.table));
    if (change.entered.empty() && change.left.empty()) continue;
    MembershipChange& all = changes[id];
    all.entered.insert(all.entered.end(), change.entered.begin(), change.entered.end());
    all.left.insert(all.left.end(), change.left.begin(), change.left.end());
  }
  return absl::OkStatus();
}

// Scores some people under every policy, by the thresholds that stand, also in their table.
absl::Status Score(postgres::Tx& tx, std::vector<PolicyRecord>& policies, SomePeople& people, const Cause& cause) {
  PersonEncoder encoder(people.table);
  for (PolicyRecord& policy : policies) {
    const std::string& id = policy.policy.id;
    ESNAF_ASSIGN_OR_RETURN(const ScoredSome some, ScoreSome(tx, policy, people.canonicals, people.concerned,
                                                            Reference::Now(cause.now), cause, &people.table));
    ESNAF_RETURN_IF_ERROR(
        CountTouched(tx, id, static_cast<std::int64_t>(people.canonicals.size()), policy.change_count));
    for (const Uuid& contact : some.gone) encoder.RemoveScores(contact, id);
    for (const ScoreRecord& score : some.scores) {
      encoder.AddScores(score.contact_id, {.policy_id = id,
                                           .label = score.label,
                                           .recency_score = score.scores.recency,
                                           .frequency_score = score.scores.frequency,
                                           .monetary_score = score.scores.monetary});
    }
  }
  return absl::OkStatus();
}

// Calls `take` with some of the contacts at a time.
template <typename Take>
absl::Status ForEachSome(const std::vector<Uuid>& contacts, const Take& take) {
  for (std::size_t begin = 0; begin < contacts.size(); begin += kPeopleAtOnce) {
    const std::size_t end = std::min(contacts.size(), begin + kPeopleAtOnce);
    ESNAF_RETURN_IF_ERROR(take(std::vector<Uuid>(contacts.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 contacts.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return absl::OkStatus();
}

// Takes away what is more than one transaction may write: from those that `wait` for their first count before others,
// and from the largest before smaller ones, so that a new segment of everybody keeps no other from being counted.
// Answers the segments of which something was taken.
template <typename Waits>
std::set<std::string> Shorten(Changes& changes, std::size_t most, const Waits& waits) {
  using Order = std::tuple<bool, std::size_t, std::string>;
  std::vector<Order> order;
  for (const auto& [id, change] : changes) {
    order.emplace_back(waits(id), change.left.size() + change.entered.size(), id);
  }
  std::sort(order.begin(), order.end());
  std::set<std::string> shortened;
  for (const auto& [waiting, size, id] : order) {
    MembershipChange& change = changes.at(id);
    if (size > most) shortened.insert(id);
    change.left.resize(std::min(change.left.size(), most));
    most -= change.left.size();
    change.entered.resize(std::min(change.entered.size(), most));
    most -= change.entered.size();
  }
  return shortened;
}

// `as_of` says, of a locked record, as of when its members stand after the change.
template <typename AsOf>
absl::Status Write(postgres::Tx& tx, const Changes& changes, const Cause& cause, const AsOf& as_of) {
  std::vector<std::string> ids;
  for (const auto& [id, change] : changes) ids.push_back(id);
  ESNAF_ASSIGN_OR_RETURN(std::vector<SegmentRecord> records, LockSegments(tx, ids));
  std::vector<MembershipWrite> writes;
  for (SegmentRecord& record : records) {
    writes.push_back({.record = &record, .change = changes.at(record.segment.id), .as_of = as_of(record)});
  }
  return ApplyMemberships(tx, writes, cause);
}

// What some people's facts changed, as of now.
absl::Status WriteNow(postgres::Tx& tx, const Changes& changes, const Cause& cause) {
  if (changes.empty()) return absl::OkStatus();
  return Write(tx, changes, cause, [&](const SegmentRecord& record) { return ReferenceAfter(record, cause.now); });
}

SegmentRecord* Find(std::vector<SegmentRecord>& records, const std::string& id) {
  const auto found =
      std::find_if(records.begin(), records.end(), [&](const SegmentRecord& r) { return r.segment.id == id; });
  return found == records.end() ? nullptr : &*found;
}

std::vector<std::string> RuleSegments(std::vector<SegmentRecord>& records, const std::set<std::string>& ids) {
  std::vector<std::string> rules;
  for (const std::string& id : ids) {
    const SegmentRecord* record = Find(records, id);
    if (record != nullptr && record->segment.kind == SegmentKind::kRule) rules.push_back(id);
  }
  return rules;
}

}  // namespace

absl::Status PeopleChanged(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause) {
  if (contacts.empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(NoteChanges(tx, contacts));
  // Also where there is no segment yet: one that is being made sees these people either now or afterwards.
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records, ListSegments(tx));
  if (std::none_of(records.begin(), records.end(), IsCounted)) return absl::OkStatus();
  Changes changes;
  ESNAF_RETURN_IF_ERROR(ForEachSome(contacts, [&](const std::vector<Uuid>& some) -> absl::Status {
    SomePeople people;
    ESNAF_RETURN_IF_ERROR(Read(tx, some, people));
    return Evaluate(tx, records, people, changes);
  }));
  return WriteNow(tx, changes, cause);
}

absl::Status BuyersChanged(postgres::Tx& tx, const std::vector<Uuid>& contacts, const Cause& cause) {
  if (contacts.empty()) return absl::OkStatus();
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  // The locks in the order of Rescore and PeopleChanged, and both before anything is read (see there).
  ESNAF_ASSIGN_OR_RETURN(std::vector<PolicyRecord> policies, LockPolicies(tx));
  const auto is_scored = [](const PolicyRecord& policy) { return policy.active && policy.scored_count > 0; };
  if (!std::all_of(policies.begin(), policies.end(), is_scored)) {
    ESNAF_RETURN_IF_ERROR(Rescore(tx, contacts, cause));
    return PeopleChanged(tx, contacts, cause);
  }
  ESNAF_RETURN_IF_ERROR(NoteChanges(tx, contacts));
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records, ListSegments(tx));
  Changes changes;
  ESNAF_RETURN_IF_ERROR(ForEachSome(contacts, [&](const std::vector<Uuid>& some) -> absl::Status {
    SomePeople people;
    ESNAF_RETURN_IF_ERROR(Read(tx, some, people));
    ESNAF_RETURN_IF_ERROR(Score(tx, policies, people, cause));
    return Evaluate(tx, records, people, changes);
  }));
  return WriteNow(tx, changes, cause);
}

absl::Status ValuesReplaced(postgres::Tx& tx) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_RETURN_IF_ERROR(tx.Execute(kNoteValues).status());
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(std::vector<SegmentRecord> records, ListSegments(tx));
  std::set<std::string> asking;
  for (const SegmentRecord& record : records) {
    if (!record.segment.rule) continue;
    const std::set<std::string> keys = DependenciesOf(*record.segment.rule).attributes;
    const auto is_value = [](const std::string& key) { return key.starts_with("value."); };
    if (std::any_of(keys.begin(), keys.end(), is_value)) asking.insert(record.segment.id);
  }
  return tx.Execute(kForgetCounts, RuleSegments(records, WithDependents(records, asking))).status();
}

absl::Status SegmentCounter::Count(postgres::Tx& tx, SegmentRecord& record, const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_ASSIGN_OR_RETURN(std::vector<SegmentRecord> records, ListSegments(tx));
  const std::vector<std::string> ids = RuleSegments(records, WithDependents(records, {record.segment.id}));
  const absl::Status caught_up = keeper_.CatchUp(tx);
  if (ErrorReason(caught_up) == kTableLoading) {
    record.as_of.reset();
    return tx.Execute(kForgetCounts, ids).status();
  }
  ESNAF_RETURN_IF_ERROR(caught_up);
  Find(records, record.segment.id)->as_of = cause.now;
  using Wanted = std::map<std::string, std::vector<Uuid>>;
  ESNAF_ASSIGN_OR_RETURN(const Wanted wanted,
                         keeper_.WithTable([&](const PersonTable& table) -> absl::StatusOr<Wanted> {
                           MembershipEvaluator evaluator(records, table, Threads());
                           Wanted found;
                           for (const std::string& id : ids) {
                             if (IsCounted(*Find(records, id))) found[id] = ContactsOf(*evaluator.MembersOf(id), table);
                           }
                           return found;
                         }));
  Changes changes;
  for (const auto& [id, members] : wanted) {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> standing, MembersOf(tx, id));
    changes[id] = ChangeBetween(standing, members);
  }
  if (!Shorten(changes, most_changes_, [](const std::string&) { return false; }).empty()) {
    record.as_of.reset();
    return tx.Execute(kForgetCounts, ids).status();
  }
  ESNAF_RETURN_IF_ERROR(Write(tx, changes, cause, [&](const SegmentRecord& locked) {
    return locked.segment.id == record.segment.id ? cause.now : ReferenceAfter(locked, cause.now);
  }));
  ESNAF_ASSIGN_OR_RETURN(record, segmentation::GetSegment(tx, record.segment.id));
  return absl::OkStatus();
}

absl::StatusOr<bool> SegmentCounter::DeleteSome(postgres::Tx& tx, const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(std::optional<SegmentRecord> record, LockDeletedSegment(tx));
  if (!record) return false;
  ESNAF_ASSIGN_OR_RETURN(const bool all,
                         RemoveSomeMembers(tx, *record, static_cast<std::int64_t>(most_changes_), cause));
  if (all) ESNAF_RETURN_IF_ERROR(DeleteSegment(tx, record->segment.id));
  return true;
}

absl::StatusOr<bool> SegmentCounter::CountDue(postgres::Tx& tx, const Cause& cause) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> before, ListSegments(tx));
  std::vector<SegmentRecord> after = before;
  std::set<std::string> due;
  for (SegmentRecord& record : after) {
    if (record.segment.kind != SegmentKind::kRule) continue;
    const bool passed = record.as_of && DependsOnTime(record.segment) && cause.now - *record.as_of >= kClockPeriod;
    if (record.as_of && !passed) continue;
    record.as_of = cause.now;
    due.insert(record.segment.id);
  }
  if (due.empty()) return false;
  const std::vector<std::string> ids = RuleSegments(after, WithDependents(after, due));
  ESNAF_RETURN_IF_ERROR(keeper_.CatchUp(tx));
  // Those that stood are a function of the facts too, so the difference is found without reading them.
  std::map<std::string, std::vector<Uuid>> uncounted;
  ESNAF_ASSIGN_OR_RETURN(Changes changes, keeper_.WithTable([&](const PersonTable& table) -> absl::StatusOr<Changes> {
    MembershipEvaluator old(before, table, Threads());
    MembershipEvaluator anew(after, table, Threads());
    Changes found;
    for (const std::string& id : ids) {
      const PersonSet& wanted = *anew.MembersOf(id);
      if (IsCounted(*Find(after, id)) && !old.IsCounted(id)) {
        uncounted[id] = ContactsOf(wanted, table);
        continue;
      }
      const PersonSet& standing = *old.MembersOf(id);
      found[id] = {.entered = ContactsOf(wanted - standing, table), .left = ContactsOf(standing - wanted, table)};
    }
    return found;
  }));
  for (const auto& [id, members] : uncounted) {
    ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> standing, MembersOf(tx, id));
    changes[id] = ChangeBetween(standing, members);
  }
  const auto waits = [&](const std::string& id) { return uncounted.contains(id); };
  const std::set<std::string> shortened = Shorten(changes, most_changes_, waits);
  ESNAF_RETURN_IF_ERROR(Write(tx, changes, cause, [&](const SegmentRecord& record) {
    return due.contains(record.segment.id) ? cause.now : ReferenceAfter(record, cause.now);
  }));
  if (shortened.empty()) return false;
  ESNAF_RETURN_IF_ERROR(tx.Execute(kForgetCounts, RuleSegments(after, WithDependents(after, shortened))).status());
  return true;
}

absl::StatusOr<Recount> SegmentCounter::Verify(postgres::Tx& tx, const std::string& segment_id) {
  ESNAF_RETURN_IF_ERROR(AllowLongWork(tx));
  ESNAF_RETURN_IF_ERROR(LockReferences(tx).status());
  ESNAF_ASSIGN_OR_RETURN(const SegmentRecord record, LockSegment(tx, segment_id));
  if (!record.as_of) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "SEGMENT_NOT_COUNTED",
                     "the segment's members were not counted yet", {{"id", segment_id}});
  }
  ESNAF_ASSIGN_OR_RETURN(const std::vector<SegmentRecord> records, ListSegments(tx));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> standing, MembersOf(tx, segment_id));
  ESNAF_RETURN_IF_ERROR(keeper_.CatchUp(tx));
  ESNAF_ASSIGN_OR_RETURN(const std::vector<Uuid> wanted,
                         keeper_.WithTable([&](const PersonTable& table) -> absl::StatusOr<std::vector<Uuid>> {
                           MembershipEvaluator evaluator(records, table, Threads());
                           return ContactsOf(*evaluator.MembersOf(segment_id), table);
                         }));
  MembershipChange change = ChangeBetween(standing, wanted);
  Recount recount{.member_count = static_cast<std::int64_t>(standing.size()),
                  .missing = std::move(change.entered),
                  .surplus = std::move(change.left)};
  recount.recount_count = static_cast<std::int64_t>(wanted.size());
  recount.as_of = *record.as_of;
  return recount;
}

}  // namespace esnaf::segmentation

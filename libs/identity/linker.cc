#include "libs/identity/linker.h"

#include <map>

#include "libs/base/log.h"
#include "libs/base/macros.h"

namespace esnaf::identity {
namespace {

const postgres::Statement kIsKnown("identity", "is_known", "SELECT 1 FROM contact_version WHERE contact_id = $1");
const postgres::Statement kKnown("identity", "known_contacts",
                                 "SELECT contact_id FROM contact_version WHERE contact_id = ANY ($1::uuid[])");

constexpr std::chrono::seconds kLongestWait{1};
// People who are new take contacts a moment each: a batch of five hundred may wait longer than a single one.
constexpr std::chrono::milliseconds kWaitPerSet{15};
constexpr std::chrono::seconds kPause{3};

// People come several times in a batch; each is asked for once.
class DistinctSets {
 public:
  std::size_t Add(const IdentitySet& set) {
    auto [at, added] = index_.emplace(set.identities, sets_.size());
    if (added) sets_.push_back(set);
    return at->second;
  }
  const std::vector<IdentitySet>& sets() const { return sets_; }

 private:
  std::map<std::vector<Identity>, std::size_t> index_;
  std::vector<IdentitySet> sets_;
};

}  // namespace

bool IsAway(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<bool> IsKnownContact(postgres::Tx& tx, const Uuid& contact) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kIsKnown, contact));
  return !rows.empty();
}

absl::StatusOr<std::set<Uuid>> KnownContacts(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kKnown, contacts));
  std::set<Uuid> known;
  for (int i = 0; i < rows.size(); ++i) known.insert(rows[i].Get<Uuid>(0));
  return known;
}

absl::Status Links::Remember(postgres::Tx& tx) const {
  if (learned_sets.empty()) return absl::OkStatus();
  return Resolver::Remember(tx, learned_sets, learned_contacts);
}

absl::StatusOr<std::vector<Uuid>> ContactLinker::Resolve(const std::vector<IdentitySet>& sets, Time deadline) {
  const Time now = clock_.Now();
  {
    std::lock_guard lock(mutex_);
    if (now < closed_until_) return absl::UnavailableError("contacts did not answer just now");
  }
  // A part of the call's time is kept, for a fact that contacts could not be asked about is recorded all the same.
  const Time latest = now + (deadline - now) * 3 / 4;
  const Time patience = now + kLongestWait + kWaitPerSet * static_cast<int>(sets.size());
  auto contacts = resolver_.Resolve(sets, std::min(latest, patience));
  if (!contacts.ok() && IsAway(contacts.status())) {
    std::lock_guard lock(mutex_);
    closed_until_ = clock_.Now() + kPause;
  }
  return contacts;
}

absl::StatusOr<Links> ContactLinker::Link(postgres::Connection& connection, const std::vector<IdentitySet>& sets,
                                          Time deadline) {
  Links links;
  if (sets.empty()) return links;
  ESNAF_ASSIGN_OR_RETURN(links.contacts, connection.Run({.autocommit = true, .read_only = true, .deadline = deadline},
                                                        [&](postgres::Tx& tx) { return FindContacts(tx, sets); }));
  DistinctSets unknown;
  std::vector<std::pair<std::size_t, std::size_t>> asked;  // of `sets`, and of `unknown`
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!links.contacts[i]) asked.emplace_back(i, unknown.Add(sets[i]));
  }
  if (asked.empty()) return links;
  auto contacts = Resolve(unknown.sets(), deadline);
  if (!contacts.ok()) {
    LogWarning(
        "people stay unlinked for now",
        {{"count", asked.size()}, {"error", contacts.status().ToString(absl::StatusToStringMode::kWithNoExtraData)}});
    links.refusal = contacts.status();
    return links;
  }
  for (const auto& [set, question] : asked) links.contacts[set] = (*contacts)[question];
  links.learned_sets = unknown.sets();
  links.learned_contacts = *std::move(contacts);
  return links;
}

}  // namespace esnaf::identity

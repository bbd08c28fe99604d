#include "services/segmentation/people/person_table_keeper.h"

#include <algorithm>

#include "libs/base/absl_compat.h"
#include "libs/base/error.h"
#include "libs/base/log.h"
#include "libs/base/macros.h"
#include "services/segmentation/people/person_loader.h"

namespace esnaf::segmentation {
namespace {

using Steady = std::chrono::steady_clock;

const postgres::Statement kHorizon("segmentation", "person_change_horizon", R"sql(
SELECT pg_snapshot_xmin(pg_current_snapshot())::text
)sql");

// All that can be seen behind a position, also what is not below the horizon: it is read again until it is. The
// constant limit tells the planner how little is read.
const postgres::Statement kChanges("segmentation", "person_changes", R"sql(
SELECT xact::text, seq, contact_id, xact < pg_snapshot_xmin(pg_current_snapshot())
  FROM person_change WHERE (xact, seq) > ($1::text::xid8, $2::bigint) ORDER BY xact, seq LIMIT 5000
)sql");

// Looks at the first rows only, not for old ones among all.
const postgres::Statement kPrune("segmentation", "prune_person_changes", R"sql(
WITH gone AS (
  DELETE FROM person_change WHERE (xact, seq) IN (
    SELECT xact, seq FROM (
      SELECT xact, seq, record_time FROM person_change WHERE xact < pg_snapshot_xmin(pg_current_snapshot())
       ORDER BY xact, seq LIMIT 10000) AS first_rows
     WHERE record_time < $1::timestamptz)
  RETURNING 1)
SELECT count(*) FROM gone
)sql");

constexpr int kChangesAtOnce = 5000;  // the limit of kChanges
constexpr std::size_t kPeopleAtOnce = 2000;
constexpr std::chrono::minutes kRetention{60};
// Well before what it has not read is pruned.
constexpr std::chrono::minutes kTooFarBehind{30};
constexpr std::chrono::milliseconds kPeriod{1000};

}  // namespace

// Whose facts changed behind the position.
struct PersonTableKeeper::Changes {
  std::vector<Uuid> contacts;
  Position position;
  std::set<std::int64_t> ahead;
};

absl::Status TableIsLoading() {
  return MakeError(absl::StatusCode::kUnavailable, kTableLoading,
                   "the customers are still being read into memory; try again in a moment");
}

absl::Status PersonTableKeeper::Load(postgres::Connection& connection, const std::function<bool()>& stopping) {
  std::lock_guard lock(catch_up_mutex_);
  const Steady::time_point begun = Steady::now();
  Position start;
  ESNAF_RETURN_IF_ERROR(connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) -> absl::Status {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kHorizon));
    // Whatever is not below the horizon now may be read too early and is read again.
    start = {.xact = rows[0].Get<std::uint64_t>(0), .seq = 0};
    return absl::OkStatus();
  }));
  auto table = std::make_unique<PersonTable>();
  ESNAF_RETURN_IF_ERROR(LoadEverybody(connection, *table, [&](std::uint32_t) { return !stopping || !stopping(); }));
  const std::uint32_t people = table->person_count();
  {
    std::unique_lock table_lock(table_mutex_);
    table_.swap(table);
  }
  position_ = start;
  ahead_.clear();
  caught_up_ = begun;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begun);
  LogInfo("loaded the table of customers",
          {{"people", std::to_string(people)}, {"milliseconds", std::to_string(took.count())}});
  return absl::OkStatus();
}

bool PersonTableKeeper::WantsLoad() const {
  std::shared_lock lock(table_mutex_);
  return table_ == nullptr || Steady::now() - caught_up_.load() > kTooFarBehind;
}

absl::StatusOr<PersonTableKeeper::Changes> PersonTableKeeper::ReadChanges(postgres::Tx& tx) const {
  Changes changes{.position = position_, .ahead = ahead_};
  Position after = position_;
  while (true) {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kChanges, std::to_string(after.xact), after.seq));
    for (int i = 0; i < rows.size(); ++i) {
      after = {.xact = rows[i].Get<std::uint64_t>(0), .seq = rows[i].Get<std::int64_t>(1)};
      const bool certain = rows[i].Get<bool>(3);
      if (!ahead_.contains(after.seq)) changes.contacts.push_back(rows[i].Get<Uuid>(2));
      if (certain) {
        changes.position = after;
        changes.ahead.erase(after.seq);
      } else {
        changes.ahead.insert(after.seq);
      }
    }
    if (rows.size() < kChangesAtOnce) break;
  }
  std::sort(changes.contacts.begin(), changes.contacts.end());
  changes.contacts.erase(std::unique(changes.contacts.begin(), changes.contacts.end()), changes.contacts.end());
  return changes;
}

absl::Status PersonTableKeeper::Apply(postgres::Tx& tx, const std::vector<Uuid>& contacts) {
  for (std::size_t begin = 0; begin < contacts.size(); begin += kPeopleAtOnce) {
    const std::vector<Uuid> some(
        contacts.begin() + static_cast<std::ptrdiff_t>(begin),
        contacts.begin() + static_cast<std::ptrdiff_t>(std::min(contacts.size(), begin + kPeopleAtOnce)));
    ESNAF_ASSIGN_OR_RETURN(PersonBatch batch, ReadPersons(tx, some));
    std::unique_lock lock(table_mutex_);
    PersonEncoder encoder(*table_);
    std::move(batch).PutInto(encoder, *table_);
  }
  return absl::OkStatus();
}

absl::Status PersonTableKeeper::CatchUp(postgres::Tx& tx) {
  if (WantsLoad()) return TableIsLoading();
  std::lock_guard lock(catch_up_mutex_);
  const Steady::time_point begun = Steady::now();
  ESNAF_ASSIGN_OR_RETURN(Changes changes, ReadChanges(tx));
  // Whoever is read again has all changes up to now, so that changes may come in any order and twice.
  ESNAF_RETURN_IF_ERROR(Apply(tx, changes.contacts));
  position_ = changes.position;
  ahead_ = std::move(changes.ahead);
  caught_up_ = begun;
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> PrunePersonChanges(postgres::Connection& connection, Time now) {
  return connection.Run({.autocommit = true}, [&](postgres::Tx& tx) -> absl::StatusOr<std::int64_t> {
    ESNAF_ASSIGN_OR_RETURN(const postgres::Result rows, tx.Execute(kPrune, now - kRetention));
    return rows[0].Get<std::int64_t>(0);
  });
}

PersonTableWorker::PersonTableWorker(PersonTableKeeper& keeper, postgres::ConnectionOptions database,
                                     const Clock& clock, runtime::Metrics& metrics)
    : keeper_(keeper), database_(std::move(database)), clock_(clock), metrics_(metrics) {}

PersonTableWorker::~PersonTableWorker() { Stop(); }

absl::Status PersonTableWorker::Start() {
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void PersonTableWorker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PersonTableWorker::Run() {
  postgres::Connection connection(database_);
  while (!stopping_) {
    if (const absl::Status status = Tick(connection); !status.ok() && !stopping_) {
      LogWarning("the table of customers falls behind", {{"error", std::string(ToStd(status.message()))}});
    }
    std::unique_lock lock(mutex_);
    stop_.wait_for(lock, kPeriod, [this] { return stopping_.load(); });
  }
}

absl::Status PersonTableWorker::Tick(postgres::Connection& connection) {
  if (keeper_.WantsLoad()) {
    ESNAF_RETURN_IF_ERROR(keeper_.Load(connection, [this] { return stopping_.load(); }));
  }
  ESNAF_RETURN_IF_ERROR(
      connection.Run({.autocommit = true, .read_only = true}, [&](postgres::Tx& tx) { return keeper_.CatchUp(tx); }));
  ESNAF_RETURN_IF_ERROR(keeper_.WithTable([&](const PersonTable& table) -> absl::Status {
    metrics_.GetGauge("esnaf_segmentation_people", "People in the table in memory.").Set(table.person_count());
    metrics_.GetGauge("esnaf_segmentation_table_bytes", "Memory of the table of people.")
        .Set(static_cast<double>(table.MemoryBytes()));
    return absl::OkStatus();
  }));
  return PrunePersonChanges(connection, clock_.Now()).status();
}

}  // namespace esnaf::segmentation

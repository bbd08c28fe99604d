#pragma once

// Keeps the table of everybody: loads it at the start, in the background, and reads again whoever changes. Each replica
// keeps its own.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/app.h"
#include "services/segmentation/people/person_table.h"

namespace esnaf::segmentation {

// The answer where the table is not loaded yet: UNAVAILABLE with this reason.
inline constexpr std::string_view kTableLoading = "TABLE_LOADING";
absl::Status TableIsLoading();

class PersonTableKeeper {
 public:
  // Loads everybody, in place of what was known. Another thread may read the old table meanwhile. CANCELLED once
  // `stopping` says so.
  absl::Status Load(postgres::Connection& connection, const std::function<bool()>& stopping = {});

  // Reads again whoever changed since, as far as this transaction's next statement can see; the transaction must be at
  // READ COMMITTED and must not have written facts itself, for others see them here before it commits. Where the table
  // is not loaded, or so far behind that changes may have been pruned, TableIsLoading().
  absl::Status CatchUp(postgres::Tx& tx);

  // Whether Load must be called: at first, and when this process fell too far behind.
  bool WantsLoad() const;

  // Calls `read(const PersonTable&)`, which answers a Status or a StatusOr, while nobody changes the table.
  template <typename Read>
  auto WithTable(const Read& read) const -> decltype(read(std::declval<const PersonTable&>())) {
    std::shared_lock lock(table_mutex_);
    if (table_ == nullptr) return TableIsLoading();
    return read(*table_);
  }

 private:
  // Behind every change that the table holds for certain; those in `ahead_` it holds too.
  struct Position {
    std::uint64_t xact = 0;
    std::int64_t seq = 0;
  };
  struct Changes;

  absl::StatusOr<Changes> ReadChanges(postgres::Tx& tx) const;
  absl::Status Apply(postgres::Tx& tx, const std::vector<Uuid>& contacts);

  std::mutex catch_up_mutex_;  // taken before the other
  Position position_;
  std::set<std::int64_t> ahead_;
  std::atomic<std::chrono::steady_clock::time_point> caught_up_{};

  mutable std::shared_mutex table_mutex_;
  std::unique_ptr<PersonTable> table_;
};

// Deletes changes that no replica needs any more. Answers how many.
absl::StatusOr<std::int64_t> PrunePersonChanges(postgres::Connection& connection, Time now);

// Loads the table at the start and keeps it current, on a thread and a connection of its own.
class PersonTableWorker final : public runtime::Background {
 public:
  PersonTableWorker(PersonTableKeeper& keeper, postgres::ConnectionOptions database, const Clock& clock,
                    runtime::Metrics& metrics);
  ~PersonTableWorker() override;
  absl::Status Start() override;
  void Stop() override;

 private:
  void Run();
  absl::Status Tick(postgres::Connection& connection);

  PersonTableKeeper& keeper_;
  postgres::ConnectionOptions database_;
  const Clock& clock_;
  runtime::Metrics& metrics_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  std::thread thread_;
};

}  // namespace esnaf::segmentation

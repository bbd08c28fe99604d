#pragma once

// Brings calls of one method together. Internal to the server.
#include <array>
#include <deque>
#include <mutex>
#include <vector>

#include "libs/runtime/worker_pool.h"

namespace esnaf::runtime {

// Calls wait while as many workers as there are lanes answer earlier ones; a lane that is free takes what has come
// together meanwhile. So nobody waits for company, and there is company as soon as there is load.
class CallGroup {
 public:
  class Member {
   public:
    // Answers all of `members`, of which this is the first.
    virtual void RunTogether(WorkerPool::Worker& worker, const std::vector<Member*>& members) = 0;
    // How large its request is.
    virtual std::size_t Bytes() const = 0;

   protected:
    ~Member() = default;
  };

  CallGroup(WorkerPool& pool, std::size_t queue_limit, Metrics::Gauge& length);

  // False where too many wait. The member is its owner's until RunTogether; every member taken is run.
  bool Push(Member* member);

 private:
  // Two, so that the database works for one while the other reads and answers.
  static constexpr int kLanes = 2;
  // Each waits for all of its group, and all are in memory at once.
  static constexpr std::size_t kMostTogether = 64;
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

  class Lane final : public WorkerPool::Job {
   public:
    explicit Lane(CallGroup& group) : group_(group) {}
    void Run(WorkerPool::Worker& worker) override { group_.Run(*this, worker); }

   private:
    CallGroup& group_;
  };

  void Run(Lane& lane, WorkerPool::Worker& worker);
  std::vector<Member*> Take();
  // Whether the lane has nothing to do any more, and is idle now.
  bool Retire(Lane& lane);

  WorkerPool& pool_;
  const std::size_t queue_limit_;
  Metrics::Gauge& length_;
  std::array<Lane, kLanes> lanes_;
  std::mutex mutex_;
  std::deque<Member*> waiting_;
  std::vector<Lane*> idle_;
};

}  // namespace esnaf::runtime

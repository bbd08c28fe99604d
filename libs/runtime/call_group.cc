#include "libs/runtime/call_group.h"

namespace esnaf::runtime {

CallGroup::CallGroup(WorkerPool& pool, std::size_t queue_limit, Metrics::Gauge& length)
    : pool_(pool),
      queue_limit_(queue_limit),
      length_(length),
      lanes_{Lane(*this), Lane(*this)},
      idle_{&lanes_[0], &lanes_[1]} {}

bool CallGroup::Push(Member* member) {
  // Held over the pool's Push, so that every call that waits has a lane under way.
  std::lock_guard lock(mutex_);
  if (waiting_.size() >= queue_limit_) return false;
  if (!idle_.empty() && pool_.Push(idle_.back())) {
    idle_.pop_back();
  } else if (idle_.size() == lanes_.size()) {
    // The pool is full of other methods' calls, and no lane will look for this one.
    return false;
  }
  waiting_.push_back(member);
  length_.Set(static_cast<double>(waiting_.size()));
  return true;
}

void CallGroup::Run(Lane& lane, WorkerPool::Worker& worker) {
  while (true) {
    const std::vector<Member*> members = Take();
    if (!members.empty()) members.front()->RunTogether(worker, members);
    if (Retire(lane)) return;
    // Behind the calls of other methods; where the pool is full of them, at once.
    if (pool_.Push(&lane)) return;
    worker.arena.Reset();
  }
}

std::vector<CallGroup::Member*> CallGroup::Take() {
  std::lock_guard lock(mutex_);
  std::vector<Member*> members;
  std::size_t bytes = 0;
  while (!waiting_.empty() && members.size() < kMostTogether) {
    bytes += waiting_.front()->Bytes();
    if (!members.empty() && bytes > kMostBytes) break;
    members.push_back(waiting_.front());
    waiting_.pop_front();
  }
  length_.Set(static_cast<double>(waiting_.size()));
  return members;
}

bool CallGroup::Retire(Lane& lane) {
  std::lock_guard lock(mutex_);
  if (!waiting_.empty()) return false;
  idle_.push_back(&lane);
  return true;
}

}  // namespace esnaf::runtime

#include "libs/runtime/call_group.h"

#include <algorithm>

namespace esnaf::runtime {

CallGroup::CallGroup(WorkerPool& pool, std::size_t queue_limit, Metrics::Gauge& length)
    : pool_(pool),
      queue_limit_(queue_limit),
      length_(length),
      lanes_{Lane(*this), Lane(*this)},
      idle_{&lanes_[0], &lanes_[1]} {}

bool CallGroup::Push(Member* member) {
  Lane* lane = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= queue_limit_) return false;
    waiting_.push_back(member);
    length_.Set(static_cast<double>(waiting_.size()));
    if (idle_.empty()) return true;
    lane = idle_.back();
    idle_.pop_back();
  }
  if (pool_.Push(lane)) return true;
  // The pool is full of other methods' calls. Another lane may have taken the call meanwhile.
  std::lock_guard lock(mutex_);
  idle_.push_back(lane);
  const auto found = std::find(waiting_.begin(), waiting_.end(), member);
  if (found == waiting_.end()) return true;
  waiting_.erase(found);
  length_.Set(static_cast<double>(waiting_.size()));
  return false;
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
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kMostTogether));
  std::vector<Member*> members(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
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

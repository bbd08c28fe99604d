#include "libs/runtime/worker_pool.h"

#include <system_error>

#include "libs/base/log.h"
#include "libs/runtime/status_text.h"

namespace esnaf::runtime {
namespace {

// Holds the requests of nearly all calls; larger ones take blocks from the heap for as long as they last.
constexpr std::size_t kFirstBlockBytes = 16 * 1024;

google::protobuf::ArenaOptions ArenaWith(std::vector<char>& block) {
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  return options;
}

}  // namespace

WorkerPool::Worker::Worker(const postgres::ConnectionOptions& database)
    : connection(database), first_block(kFirstBlockBytes), arena(ArenaWith(first_block)) {}

WorkerPool::WorkerPool(Options options, Metrics& metrics)
    : options_(std::move(options)),
      length_(metrics.GetGauge("esnaf_queue_length", "Calls waiting for a worker.")),
      busy_(metrics.GetGauge("esnaf_workers_busy", "Workers that are running a call.")) {
  metrics.GetGauge("esnaf_workers", "Workers of the pool.").Set(options_.workers);
}

void WorkerPool::Start() {
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { Work(); });
}

bool WorkerPool::Push(Job* job) {
  std::lock_guard lock(mutex_);
  if (queue_.size() >= options_.queue_limit) return false;
  queue_.push_back(job);
  length_.Set(static_cast<double>(queue_.size()));
  // A worker that has just finished may take the job before the woken one comes, who then serves the next.
  if (!idle_.empty() && waking_ < queue_.size()) {
    Worker* worker = idle_.back();
    idle_.pop_back();
    ++waking_;
    worker->woken = true;
    worker->wake.notify_one();
  }
  return true;
}

WorkerPool::Job* WorkerPool::Take(Worker& worker) {
  std::unique_lock lock(mutex_);
  while (queue_.empty()) {
    if (stopping_) return nullptr;
    idle_.push_back(&worker);
    worker.wake.wait(lock, [&] { return worker.woken; });
    worker.woken = false;
    --waking_;
  }
  Job* job = queue_.front();
  queue_.pop_front();
  length_.Set(static_cast<double>(queue_.size()));
  return job;
}

void WorkerPool::Work() {
  Worker worker(options_.database);
  // The first call need not wait for the connection. A failure shows, and is answered, at that call.
  if (options_.has_database) {
    if (const absl::Status status = worker.connection.Connect(); !status.ok()) {
      LogWarning("a worker has no connection yet", {{"error", StatusText(status)}});
    }
  }
  while (Job* job = Take(worker)) {
    busy_.Add(1);
    job->Run(worker);
    busy_.Add(-1);
    worker.arena.Reset();
  }
}

void WorkerPool::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Worker* worker : idle_) {
      ++waking_;
      worker->woken = true;
      worker->wake.notify_one();
    }
    idle_.clear();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

StreamThreads::StreamThreads(int limit, Metrics& metrics)
    : limit_(limit), running_gauge_(metrics.GetGauge("esnaf_streams", "Streams being answered.")) {}

bool StreamThreads::Start(std::function<void()> body) {
  std::unique_lock lock(mutex_);
  JoinFinished(lock);
  if (static_cast<int>(running_.size()) >= limit_) return false;
  const auto self = running_.emplace(running_.end());
  try {
    *self = std::thread([this, self, body = std::move(body)] {
      body();
      std::lock_guard lock(mutex_);
      finished_.splice(finished_.end(), running_, self);
      running_gauge_.Set(static_cast<double>(running_.size()));
      finished_one_.notify_all();
    });
  } catch (const std::system_error&) {
    running_.erase(self);
    return false;
  }
  running_gauge_.Set(static_cast<double>(running_.size()));
  return true;
}

// A finished thread has nothing left to do but to release the lock, so joining it takes no time.
void StreamThreads::JoinFinished(std::unique_lock<std::mutex>& lock) {
  std::list<std::thread> finished = std::move(finished_);
  finished_.clear();
  lock.unlock();
  for (std::thread& thread : finished) thread.join();
  lock.lock();
}

void StreamThreads::Join() {
  std::unique_lock lock(mutex_);
  finished_one_.wait(lock, [this] { return running_.empty(); });
  JoinFinished(lock);
}

}  // namespace esnaf::runtime

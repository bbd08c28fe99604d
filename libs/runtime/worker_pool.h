#pragma once

// The threads that handlers run on. Internal to the server.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "google/protobuf/arena.h"
#include "libs/postgres/connection.h"
#include "libs/runtime/metrics.h"

namespace esnaf::runtime {

// A fixed number of threads, each with a connection and an arena of its own, behind one bounded queue. The worker
// that has been idle for the shortest time is woken first: its memory, and that of its Postgres backend, is still
// cached.
class WorkerPool {
 public:
  struct Worker;
  class Job {
   public:
    virtual void Run(Worker& worker) = 0;

   protected:
    ~Job() = default;
  };
  struct Worker {
    explicit Worker(const postgres::ConnectionOptions& database);
    postgres::Connection connection;
    // Memory of the request at hand, taken back after each job.
    std::vector<char> first_block;
    google::protobuf::Arena arena;

   private:
    friend class WorkerPool;
    std::condition_variable wake;
    bool woken = false;  // guarded by the pool's mutex
  };
  struct Options {
    int workers;
    std::size_t queue_limit;
    postgres::ConnectionOptions database;
    bool has_database;
  };

  WorkerPool(Options options, Metrics& metrics);
  ~WorkerPool() { Stop(); }

  void Start();
  // False where the queue is full. The job is its owner's until Run; every job taken is run.
  bool Push(Job* job);
  // Runs what is queued and joins. Nothing may be pushed any more.
  void Stop();

 private:
  void Work();
  // The next job of a worker; null where there will be none.
  Job* Take(Worker& worker);

  const Options options_;
  Metrics::Gauge& length_;
  Metrics::Gauge& busy_;
  std::mutex mutex_;
  std::deque<Job*> queue_;
  std::vector<Worker*> idle_;  // asleep; the last has been so for the shortest time
  std::size_t waking_ = 0;     // woken, and not at the queue yet
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Threads that come and go with streams; never more than a limit.
class StreamThreads {
 public:
  explicit StreamThreads(int limit, Metrics& metrics);
  ~StreamThreads() { Join(); }

  // False where the limit is reached or the system gives no thread.
  bool Start(std::function<void()> body);
  // Waits for all of them.
  void Join();

 private:
  void JoinFinished(std::unique_lock<std::mutex>& lock);

  const int limit_;
  Metrics::Gauge& running_gauge_;
  std::mutex mutex_;
  std::condition_variable finished_one_;
  std::list<std::thread> running_;
  std::list<std::thread> finished_;
};

}  // namespace esnaf::runtime

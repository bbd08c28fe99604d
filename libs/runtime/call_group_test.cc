#include "libs/runtime/call_group.h"

#include <future>
#include <semaphore>

#include "libs/testing/catch.h"

namespace esnaf::runtime {
namespace {

// Keeps a worker until it is released.
struct Blocker final : WorkerPool::Job {
  void Run(WorkerPool::Worker&) override {
    running.release();
    go.acquire();
  }
  std::binary_semaphore running{0}, go{0};
};

// Notes with how many others it was run; the first of them waits for `go`, where it has one.
struct Counted final : CallGroup::Member {
  void RunTogether(WorkerPool::Worker&, const std::vector<CallGroup::Member*>& members) override {
    running.release();
    if (go != nullptr) go->acquire();
    for (CallGroup::Member* member : members) static_cast<Counted*>(member)->together.set_value(members.size());
  }
  std::size_t Bytes() const override { return bytes; }

  std::size_t bytes = 10;
  std::counting_semaphore<>* go = nullptr;
  std::binary_semaphore running{0};
  std::promise<std::size_t> together;
};

WorkerPool::Options OptionsOf(int workers, std::size_t queue_limit) {
  return {.workers = workers, .queue_limit = queue_limit, .database = {}, .has_database = false};
}

TEST_CASE("where the pool is full and no lane is under way, calls are refused, and taken again afterwards") {
  Metrics metrics;
  WorkerPool pool(OptionsOf(1, 1), metrics);
  CallGroup group(pool, 100, metrics.GetGauge("waiting", "Calls.", {}));
  pool.Start();
  Blocker running, queued;
  REQUIRE(pool.Push(&running));
  running.running.acquire();
  REQUIRE(pool.Push(&queued));
  Counted refused[3];
  for (Counted& member : refused) CHECK_FALSE(group.Push(&member));
  running.go.release();
  queued.running.acquire();
  // The lane takes the only place in the pool's queue; who comes now is taken along by it.
  Counted taken[3];
  for (Counted& member : taken) CHECK(group.Push(&member));
  queued.go.release();
  for (Counted& member : taken) CHECK(member.together.get_future().get() == 3);
  pool.Stop();
}

TEST_CASE("calls that come while both lanes are busy go together, within the limits of number and bytes") {
  Metrics metrics;
  WorkerPool pool(OptionsOf(2, 100), metrics);
  CallGroup group(pool, 80, metrics.GetGauge("waiting", "Calls.", {}));
  pool.Start();
  std::counting_semaphore<> go{0};
  Counted first[2];
  for (Counted& member : first) {
    member.go = &go;
    REQUIRE(group.Push(&member));
    member.running.acquire();
  }
  const bool large = GENERATE(false, true);
  std::vector<Counted> others(80);
  for (Counted& member : others) {
    if (large) member.bytes = 3 * 1024 * 1024;
    CHECK(group.Push(&member));
  }
  Counted too_many;
  CHECK_FALSE(group.Push(&too_many));
  go.release(2);
  for (Counted& member : first) CHECK(member.together.get_future().get() == 1);
  for (std::size_t i = 0; i < others.size(); ++i) {
    CHECK(others[i].together.get_future().get() == (large ? 1 : i < 64 ? 64 : 16));
  }
  pool.Stop();
}

}  // namespace
}  // namespace esnaf::runtime

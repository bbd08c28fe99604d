#pragma once

// How many calls may wait for the place of files at once: one that hangs must not hold all workers of the desk.
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace esnaf::support {

class FileTurns {
 public:
  explicit FileTurns(int most) : free_(most) {}

  // A turn, given back at its end. Waits at most so long for one; it is none then.
  class Turn {
   public:
    Turn(FileTurns& turns, std::chrono::milliseconds wait) : turns_(turns), taken_(turns.Take(wait)) {}
    ~Turn() {
      if (taken_) turns_.GiveBack();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    explicit operator bool() const { return taken_; }

   private:
    FileTurns& turns_;
    const bool taken_;
  };

 private:
  bool Take(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!given_back_.wait_for(lock, wait, [&] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void GiveBack() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    given_back_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable given_back_;
  int free_;
};

}  // namespace esnaf::support
